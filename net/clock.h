// The clocks, read at the edge only; everything further in is handed a time.
#pragma once

#include <time.h>

#include "core/base/time.h"

namespace scram {

inline Time monotonic_now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return time_from_ns(std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
}

// As the monotonic one, and goes on while the machine is suspended.
inline Time boottime_now() {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return time_from_ns(std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
}

inline WallMillis wall_now() {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return WallMillis{std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000};
}

// What this thread has used of a processor so far. A system call.
inline Duration thread_cpu_now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return Duration{std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec};
}

}  // namespace scram
