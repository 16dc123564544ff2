// How long the loop's turns take: the longest since the start and in the last minute, and what they
// did. While one turn lasts, a signal waits.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/base/time.h"

namespace scram {

struct LoopIteration {
    static constexpr std::size_t parts_max = 4;

    Duration took{};
    Duration on_cpu{};                         // of that; the rest somebody else had the core
    Time at{};                                 // its begin
    std::array<const char*, parts_max> did{};  // each once, in order; nullptr behind the last

    bool measured() const { return at != Time{}; }
};

// The clock of the thread's own CPU time costs a system call: it is read where a turn was long, and
// now and then, so that there is something to compare with.
class LoopTimer {
  public:
    // `spins`: between its turns the thread is busy, and else it sleeps.
    explicit LoopTimer(bool spins = false) : spins_(spins) {}

    void begin(Time now) {
        turn_.at = now;
        turn_.did = {};
        open_ = true;
    }
    // `what` is a constant with a life of its own ("signal"), known by its address. What finds no
    // room is left out. A turn that nobody began, since nobody knew when the wait would end, began
    // with this: at `since`.
    void did(const char* what, Time since) {
        if (!open_) begin(since);
        for (const char*& part : turn_.did) {
            if (part == what) return;
            if (part != nullptr) continue;
            part = what;
            return;
        }
    }
    // In the turn that is open.
    bool has_done(const char* what) const {
        return open_ && std::find(turn_.did.begin(), turn_.did.end(), what) != turn_.did.end();
    }
    // Without a turn, what ran is no turn's: a handshake's reads, say.
    template <class CpuClock>
    void end(Time now, CpuClock&& cpu_clock) {
        if (!std::exchange(open_, false)) {
            if (!spins_) start_counting(now, cpu_clock());
            return;
        }
        turn_.took = turn_.on_cpu = now - turn_.at;
        if (!spins_ || turn_.took >= long_turn || now - marked_at_ >= mark_every)
            mark(now, cpu_clock());
        if (turn_.took > longest_.took) longest_ = turn_;
        const std::int64_t number = turn_.at.time_since_epoch() / slice_length;
        Slice& slice = slices_[static_cast<std::size_t>(number % slice_count)];
        if (slice.number != number) slice = {number, {}};
        if (turn_.took > slice.longest.took) slice.longest = turn_;
    }

    const LoopIteration& longest() const { return longest_; }
    // Of those that began in the last minute, to 5 s.
    LoopIteration longest_of_minute(Time now) const {
        const std::int64_t current = now.time_since_epoch() / slice_length;
        LoopIteration longest{};
        for (const Slice& slice : slices_) {
            const bool recent = slice.number > current - std::int64_t{slice_count};
            if (recent && slice.longest.took > longest.took) longest = slice.longest;
        }
        return longest;
    }

  private:
    static constexpr Duration long_turn = 100us;
    static constexpr Duration mark_every = 1ms;

    // What the thread used since the last mark, it used for this turn and for spinning before it.
    void mark(Time now, Duration cpu) {
        const Duration spun = spins_ ? turn_.at - marked_at_ : Duration{};
        const bool is_first = marked_at_ == Time{};
        if (!is_first) turn_.on_cpu = std::clamp(cpu - marked_cpu_ - spun, Duration{}, turn_.took);
        start_counting(now, cpu);
    }
    void start_counting(Time now, Duration cpu) {
        marked_at_ = now;
        marked_cpu_ = cpu;
    }

    static constexpr Duration slice_length = 5s;
    static constexpr int slice_count = 12;
    struct Slice {
        std::int64_t number = -slice_count;  // counted from the clock's origin
        LoopIteration longest{};
    };

    bool spins_;
    Time marked_at_{};
    Duration marked_cpu_{};
    LoopIteration turn_{};
    bool open_ = false;
    LoopIteration longest_{};
    std::array<Slice, slice_count> slices_{};
};

}  // namespace scram
