// Whether a peer may have taken a request whose connection was lost before an answer.
#pragma once

#include <cstdint>

namespace scram {

// `nothing` is a proof, since a budget slot depends on it: net/exchange/link.h has the argument.
enum class Taken : std::uint8_t { unknown, nothing };

}  // namespace scram
