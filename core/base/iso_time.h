// Wall time as OKX and people read it: ISO 8601, UTC, with exactly three digits of milliseconds.
#pragma once

#include <array>

#include "core/base/time.h"

namespace scram {

inline constexpr std::size_t timestamp_size = 24;  // 2020-12-08T09:08:57.715Z
using TimestampText = std::array<char, timestamp_size>;

// `t` is within the years 1970 to 9999.
TimestampText timestamp_text(WallMillis t);
inline constexpr WallMillis timestamp_max{253'402'300'799'999};

}  // namespace scram
