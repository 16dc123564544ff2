// Time and place of the bench's own threads: wall clock nanoseconds, because the kernel stamps
// packets with them; a core to stay on; a class of scheduling that nobody preempts.
#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdint>

namespace scram::bench {

using Nanos = std::int64_t;

inline Nanos read_clock(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return Nanos{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

inline Nanos wall_now() {
    return read_clock(CLOCK_REALTIME);
}

inline void spin_until(Nanos when) {
    while (wall_now() < when) {
    }
}

// Sleeps, then spins the last millisecond: whoever acts next has been awake for a while.
inline void rest_until(Nanos when) {
    constexpr Nanos awake_before = 1'000'000;
    const Nanos left = when - wall_now() - awake_before;
    if (left > 0) {
        const timespec t{left / 1'000'000'000, left % 1'000'000'000};
        nanosleep(&t, nullptr);
    }
    spin_until(when);
}

inline void stay_on(int cpu) {
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    sched_setaffinity(0, sizeof set, &set);
}

// While true, other threads of the same core get next to nothing. False if that is not permitted.
inline bool urgent(bool on) {
    return setpriority(PRIO_PROCESS, 0, on ? -20 : 0) == 0;
}

// For a thread that sleeps until it is woken. Against one that runs then, nice -20 would not help:
// it keeps the core until its slice of the fair scheduler, some milliseconds, is over.
inline void urgent_when_woken() {
    const sched_param first{50};
    if (sched_setscheduler(0, SCHED_FIFO, &first) != 0) urgent(true);
}

}  // namespace scram::bench
