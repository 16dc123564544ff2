// What a person can do about an answer of OKX that trying again does not cure.
#pragma once

#include <cstdint>
#include <string_view>

namespace scram {

// A sentence for a code that OKX refuses with; of one that is not known, where to look.
std::string_view what_to_do(std::uint32_t code);

}  // namespace scram
