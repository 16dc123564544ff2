// A histogram of durations, log-linear: each power of two is cut into 32 equal buckets, and what is
// below 64 ns is kept to the nanosecond. Its memory is fixed, and to record is one increment.
//
// A percentile is the upper end of the bucket that holds it: never below the true one, and above it
// by at most 1/32 (3.2 %). Count, sum, maximum and the counts by bound are exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/time.h"

namespace scram {

class Histogram {
  public:
    static constexpr double error_max = 1.0 / 32;  // of a percentile's value, upwards only
    // Longer durations share the last bucket, which answers with the maximum.
    static constexpr Duration range = Duration{(std::int64_t{1} << 42) - 1};  // 73 minutes
    // Round numbers for monitors, which no power of two meets.
    static constexpr std::array<Duration, 25> bounds = {
        100ns,  250ns, 500ns, 1us,  2500ns, 5us,   10us,  25us,  50us, 100us,  250us, 500us, 1ms,
        2500us, 5ms,   10ms,  25ms, 50ms,   100ms, 250ms, 500ms, 1s,   2500ms, 5s,    10s};
    using BoundCounts = std::array<std::uint64_t, bounds.size() + 1>;

    // A negative duration counts as zero.
    void record(Duration duration);

    std::uint64_t count() const { return count_; }
    Duration max() const { return max_; }
    Duration sum() const { return sum_; }
    // Those above the bound before and at most at this one; the last: above all bounds.
    const BoundCounts& by_bound() const { return by_bound_; }
    // The shortest that is not exceeded by `percent` (0 to 100) of them; zero without any.
    Duration percentile(double percent) const;

  private:
    static constexpr int range_bits = 42;
    static constexpr int bucket_bits = 5;
    static constexpr std::size_t buckets_per_power = std::size_t{1} << bucket_bits;
    static constexpr std::size_t bucket_count = buckets_per_power * (range_bits - bucket_bits + 1);

    static std::size_t bucket_of(std::uint64_t ns);
    static std::uint64_t last_of(std::size_t bucket);

    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
    BoundCounts by_bound_{};
    Duration max_{};
    Duration sum_{};
};

}  // namespace scram
