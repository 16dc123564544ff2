#include "core/okx/exchange_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace scram;

namespace {

// An exchange whose clock may be ahead, run fast, and be reached over a lopsided network.
struct Exchange {
    Duration ahead{};  // of 1970 + our monotonic time
    std::int64_t drift_ppm = 0;

    Duration true_wall(Time at) const {
        const Duration since = at.time_since_epoch();
        return since + since / 1'000'000 * drift_ppm + ahead;
    }
    WallMillis reads(Time at) const {
        return {std::chrono::floor<milliseconds>(true_wall(at)).count()};
    }
    // How far the clock is from the truth.
    Duration error(const ExchangeClock& clock, Time at) const {
        const Duration shown = milliseconds{clock.at(at).value};
        return std::chrono::abs(shown - true_wall(at));
    }
};

constexpr Duration now_2026 = std::chrono::seconds{1'768'519'672};
constexpr Time start = time_from_ns(500'000'000'000);

WallMillis wall(Duration since_1970) {
    return {std::chrono::floor<milliseconds>(since_1970).count()};
}

struct RoundTrip {
    Duration out, back;
};

bool sample(ExchangeClock& clock, const Exchange& exchange, Time sent, RoundTrip trip) {
    return clock.sample(sent, sent + trip.out + trip.back, exchange.reads(sent + trip.out));
}

}  // namespace

TEST_CASE("exchange clock: until the first sample it is the local wall clock") {
    const ExchangeClock clock(start, wall(now_2026));
    CHECK_FALSE(clock.synced());
    CHECK(clock.at(start) == wall(now_2026));
    CHECK(clock.at(start + 1500ms) == wall(now_2026 + 1500ms));
}

TEST_CASE("exchange clock: the first sample replaces a wrong local clock, and is no step") {
    const Exchange exchange{now_2026};
    ExchangeClock clock(start, wall(now_2026 - 24h * 365));
    CHECK_FALSE(sample(clock, exchange, start, {1ms, 1ms}));
    CHECK(clock.synced());
    CHECK(exchange.error(clock, start + 2ms) <= clock.uncertainty() + 1ms);
    CHECK(clock.uncertainty() <= 2ms);
}

TEST_CASE("exchange clock: many samples bring it closer than any one") {
    const Exchange exchange{now_2026 + 123456us};
    ExchangeClock clock(start, wall(now_2026));
    std::mt19937_64 random(7);
    const auto delay = [&] { return Duration{static_cast<std::int64_t>(random() % 3'000'000)}; };
    Duration before = 1h;
    Time now = start;
    for (int i = 0; i < 200; ++i, now += 10ms) {
        REQUIRE_FALSE(sample(clock, exchange, now, {delay(), delay()}));
        REQUIRE(clock.uncertainty() <= before + 5us);  // but for the drift since
        before = clock.uncertainty();
        REQUIRE(exchange.error(clock, now + 6ms) <= clock.uncertainty() + 1ms);
    }
    CHECK(clock.uncertainty() < 500us);
}

TEST_CASE("exchange clock: a slow answer spoils nothing that is known") {
    const Exchange exchange{now_2026};
    ExchangeClock clock(start, wall(now_2026));
    sample(clock, exchange, start, {1ms, 1ms});
    const Duration before = clock.uncertainty();
    CHECK_FALSE(sample(clock, exchange, start + 5ms, {900ms, 5ms}));
    CHECK_FALSE(sample(clock, exchange, start + 1s, {5ms, 900ms}));
    CHECK(clock.uncertainty() <= before + 500us);  // 2 s of drift at 200 ppm
    CHECK(exchange.error(clock, start + 2s) <= clock.uncertainty() + 1ms);
}

TEST_CASE("exchange clock: a lopsided network stays within the bounds that it tells") {
    for (const RoundTrip trip : {RoundTrip{0ms, 200ms}, RoundTrip{200ms, 0ms}, RoundTrip{1ms, 50ms},
                                 RoundTrip{1999ms, 1ms}}) {
        const Exchange exchange{now_2026};
        ExchangeClock clock(start, wall(now_2026));
        for (int i = 0; i < 50; ++i) {
            const Time sent = start + i * 5s;
            REQUIRE_FALSE(sample(clock, exchange, sent, trip));
            REQUIRE(exchange.error(clock, sent + trip.out + trip.back) <=
                    clock.uncertainty() + 1ms);
        }
    }
}

TEST_CASE("exchange clock: a step of a minute shows at the first sample after it") {
    for (const Duration step : {Duration{60s}, Duration{-60s}}) {
        Exchange exchange{now_2026};
        ExchangeClock clock(start, wall(now_2026));
        Time now = start;
        for (int i = 0; i < 20; ++i, now += 5s)
            REQUIRE_FALSE(sample(clock, exchange, now, {3ms, 2ms}));
        exchange.ahead += step;
        CHECK(sample(clock, exchange, now, {3ms, 2ms}));
        CHECK(exchange.error(clock, now + 5ms) <= clock.uncertainty() + 1ms);
        CHECK_FALSE(sample(clock, exchange, now + 5s, {3ms, 2ms}));  // and is then known
    }
}

TEST_CASE("exchange clock: a day of two clocks that run 100 ppm apart is no step") {
    for (const std::int64_t ppm : {100, -100}) {
        const Exchange exchange{now_2026, ppm};
        ExchangeClock clock(start, wall(now_2026));
        std::mt19937_64 random(11);
        const auto delay = [&] {
            return 1ms + Duration{static_cast<std::int64_t>(random() % 40'000'000)};
        };
        Duration worst{};
        for (Time now = start; now < start + 24h; now += 5s) {
            REQUIRE_FALSE(sample(clock, exchange, now, {delay(), delay()}));
            worst = std::max(worst, exchange.error(clock, now + 4s));
        }
        CHECK(worst < 30ms);
    }
}

TEST_CASE("exchange clock: it goes on, and never back by more than it is uncertain") {
    const Exchange exchange{now_2026, 50};
    ExchangeClock clock(start, wall(now_2026));
    std::mt19937_64 random(3);
    sample(clock, exchange, start, {20ms, 20ms});
    WallMillis before = clock.at(start + 40ms);
    for (Time now = start + 40ms; now < start + 100s; now += 10ms) {
        const milliseconds known = std::chrono::ceil<milliseconds>(2 * clock.uncertainty());
        if (random() % 100 == 0) {
            const auto delay = Duration{static_cast<std::int64_t>(random() % 5'000'000)};
            sample(clock, exchange, now - 5ms, {delay, 5ms - delay});
        }
        const WallMillis after = clock.at(now);
        REQUIRE(after.value >= before.value - known.count());
        before = after;
    }
}

TEST_CASE("exchange clock: it says how far the local wall clock is off") {
    const Exchange exchange{now_2026 + 45s};
    ExchangeClock clock(start, wall(now_2026));
    sample(clock, exchange, start, {1ms, 1ms});
    const milliseconds ahead =
        clock.ahead_of(start + 2ms, wall(now_2026 + start.time_since_epoch()));
    CHECK(ahead >= 44'998ms);
    CHECK(ahead <= 45'004ms);
}

TEST_CASE("exchange clock: an answer from before a step that comes after it is not believed") {
    ExchangeClock clock(start, WallMillis{0});
    Exchange exchange;
    const Time before = start + 1s;
    const WallMillis old = exchange.reads(before);
    clock.sample(start, start + 10ms, exchange.reads(start + 5ms));
    exchange.ahead = 1min;
    const Time after = start + 2s;
    CHECK(clock.sample(after, after + 10ms, exchange.reads(after + 5ms)));
    CHECK_FALSE(clock.sample(before, after + 50ms, old));
    CHECK(exchange.error(clock, after + 60ms) <= 12ms);
}
