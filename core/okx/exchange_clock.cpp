#include "core/okx/exchange_clock.h"

#include <algorithm>

namespace scram {
namespace {

constexpr std::int64_t drift_ppm_max = 200;  // of two clocks against each other

Duration since_epoch(WallMillis t) {
    return milliseconds{t.value};
}

}  // namespace

ExchangeClock::ExchangeClock(Time now, WallMillis local_wall)
    : low_(since_epoch(local_wall) - now.time_since_epoch()), high_(low_ + 1ms) {}

bool ExchangeClock::sample(Time sent, Time received, WallMillis exchange) {
    // `exchange` was cut to a whole millisecond, so the true reading lies up to 1 ms above it.
    const Duration low = since_epoch(exchange) - received.time_since_epoch();
    const Duration high = since_epoch(exchange) + 1ms - sent.time_since_epoch();
    const Duration drift = std::max(received - sampled_, Duration{}) / 1'000'000 * drift_ppm_max;
    const Duration both_low = std::max(low, low_ - drift);
    const Duration both_high = std::min(high, high_ + drift);
    const bool agrees = both_low <= both_high;
    // An answer that was slow to come may tell of the time before a step that is known already.
    if (synced_ && !agrees && sent < newest_) return false;
    newest_ = std::max(newest_, sent);
    const bool stepped = synced_ && !agrees;
    low_ = synced_ && agrees ? both_low : low;
    high_ = synced_ && agrees ? both_high : high;
    sampled_ = received;
    synced_ = true;
    return stepped;
}

// How long it was is the word of a clock that may be cut to whole seconds.
void ExchangeClock::slept(Duration by) {
    low_ += by - 1s;
    high_ += by + 1s;
}

WallMillis ExchangeClock::at(Time now) const {
    const auto wall = std::chrono::floor<milliseconds>(now.time_since_epoch() + offset());
    return WallMillis{wall.count()};
}

}  // namespace scram
