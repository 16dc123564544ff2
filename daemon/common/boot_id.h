// Which boot of the machine this is.
#pragma once

#include <array>
#include <cstdint>

namespace scram {

// All zero: not known.
std::array<std::uint8_t, 16> boot_id();

}  // namespace scram
