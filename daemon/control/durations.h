// Durations as the JSON has them: in the unit that the key ends with.
#pragma once

#include "core/base/time.h"

namespace scram {

inline std::int64_t whole_ms(Duration d) {
    return std::chrono::floor<milliseconds>(d).count();
}
inline double whole_us(Duration d) {
    return static_cast<double>(d.count()) / 1000;
}

}  // namespace scram
