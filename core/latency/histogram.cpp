#include "core/latency/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace scram {

void Histogram::record(Duration duration) {
    const Duration taken = std::max(duration, Duration::zero());
    ++buckets_[bucket_of(static_cast<std::uint64_t>(taken.count()))];
    const auto bound = std::ranges::lower_bound(bounds, taken);
    ++by_bound_[static_cast<std::size_t>(bound - bounds.begin())];
    ++count_;
    max_ = std::max(max_, taken);
    sum_ += std::min(taken, Duration::max() - sum_);
}

Duration Histogram::percentile(double percent) const {
    if (count_ == 0) return {};
    const double share = std::clamp(percent, 0.0, 100.0) * static_cast<double>(count_);
    const auto rank = static_cast<std::uint64_t>(std::ceil(share / 100));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket + 1 < bucket_count; ++bucket) {
        seen += buckets_[bucket];
        if (seen == 0 || seen < rank) continue;
        return std::min(max_, Duration{static_cast<std::int64_t>(last_of(bucket))});
    }
    return max_;
}

// The first 64 buckets are one nanosecond wide, the next 32 two, the next 32 four and so on: `wide`
// is the power, and what is left of the value then has six bits.
std::size_t Histogram::bucket_of(std::uint64_t ns) {
    const int wide = std::max(static_cast<int>(std::bit_width(ns)) - (bucket_bits + 1), 0);
    const std::size_t bucket =
        buckets_per_power * static_cast<std::size_t>(wide) + static_cast<std::size_t>(ns >> wide);
    return std::min(bucket, bucket_count - 1);
}

std::uint64_t Histogram::last_of(std::size_t bucket) {
    if (bucket < 2 * buckets_per_power) return bucket;
    const std::size_t wide = bucket / buckets_per_power - 1;
    const std::uint64_t first = std::uint64_t{bucket - buckets_per_power * wide} << wide;
    return first + (std::uint64_t{1} << wide) - 1;
}

}  // namespace scram
