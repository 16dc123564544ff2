// Time as core knows it: values handed in, never read. Monotonic time decides; the exchange's wall
// time only signs and is written down. Neither clock here has a now(), so core cannot peek.
#pragma once

#include <chrono>
#include <cstdint>

namespace scram {

using Duration = std::chrono::nanoseconds;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

// CLOCK_MONOTONIC of this host, the clock that makers stamp their signals with.
struct Monotonic {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Monotonic>;
    static constexpr bool is_steady = true;
};
using Time = Monotonic::time_point;

inline constexpr Time never = Time::max();

constexpr Time time_from_ns(std::int64_t ns) {
    return Time{Duration{ns}};
}
constexpr std::int64_t ns_of(Time t) {
    return t.time_since_epoch().count();
}

// Wall time in milliseconds since 1970 UTC, as the exchange's clock shows it.
struct WallMillis {
    std::int64_t value = 0;
    constexpr auto operator<=>(const WallMillis&) const = default;
};

}  // namespace scram
