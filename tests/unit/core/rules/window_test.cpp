// Rolling windows, against a model that remembers everything.
#include "core/rules/window.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace scram;

namespace {

constexpr Time start = time_from_ns(1'000'000'007);

struct Step {
    Time at;
    double value;
};

// What the values of the last `within` were: those in it, and the one in force when it began.
struct Exact {
    std::vector<Step> steps;

    std::pair<double, double> range(Time now, Duration within) const {
        double low = steps.back().value;
        double high = low;
        for (std::size_t i = steps.size() - 1; i-- > 0 && steps[i + 1].at > now - within;) {
            low = std::min(low, steps[i].value);
            high = std::max(high, steps[i].value);
        }
        return {low, high};
    }
    double sum(Time now, Duration within) const {
        double sum = 0;
        for (const Step& step : steps) sum += step.at > now - within ? step.value : 0;
        return sum;
    }
};

// Never shorter than asked, and a 63rd longer at most.
Duration longest_of(Duration within) {
    return 64 * Duration{(within.count() + 62) / 63};
}

// From none at all to three windows.
Duration random_pause(std::mt19937_64& random, Duration within) {
    constexpr std::uint64_t parts[] = {1000, 100, 63, 10, 2, 1};
    const auto most = 3 * std::max<std::uint64_t>(static_cast<std::uint64_t>(within.count()), 100);
    const auto pause = random() % (most / parts[random() % 6] + 1);
    return Duration{random() % 6 == 0 ? 0 : static_cast<std::int64_t>(pause)};
}

}  // namespace

TEST_CASE("range window: a value in force when the window began is part of it, until it is over") {
    RangeWindow window(63s);
    window.start(5, start);
    window.add(8, start + 1h);  // 5 until then
    CHECK(window.lowest() == 5);
    CHECK(window.highest() == 8);
    window.advance(start + 1h + 63s - 1ns);
    CHECK(window.lowest() == 5);
    window.advance(start + 1h + 64s);
    CHECK(window.lowest() == 8);
}

TEST_CASE("range window: it says the very nanosecond at which it will forget") {
    RangeWindow window(10s);
    window.start(5, start);
    window.add(8, start + 3s);
    const Time forgets = window.changes_at();
    CHECK(forgets >= start + 13s);
    CHECK(forgets <= start + 3s + longest_of(10s));
    window.advance(forgets - 1ns);
    CHECK(window.lowest() == 5);
    window.advance(forgets);
    CHECK(window.lowest() == 8);
    CHECK(window.changes_at() > forgets);
}

TEST_CASE("range window: a sample on a cell's edge belongs to the cell that begins") {
    RangeWindow window(63s);  // cells of one second
    window.start(0, time_from_ns(0) + 100s);
    window.add(9, time_from_ns(0) + 101s - 1ns);
    window.add(0, time_from_ns(0) + 101s);
    window.advance(time_from_ns(0) + 165s - 1ns);
    CHECK(window.highest() == 9);  // it was in force until 101 s
    window.advance(time_from_ns(0) + 165s);
    CHECK(window.highest() == 0);
}

TEST_CASE("range window: one that is moved has moved all along") {
    RangeWindow window(10s);
    window.start(5, start);
    window.add(9, start + 1s);
    window.add(7, start + 2s);
    window.shift(100);
    CHECK(window.lowest() == 105);
    CHECK(window.highest() == 109);
    window.advance(start + 1h);
    CHECK(window.lowest() == 107);
    CHECK(window.highest() == 107);
}

TEST_CASE("sum window: what is added counts for its time, and nothing is forgotten for good") {
    SumWindow window(10s);
    CHECK(window.sum() == 0);
    CHECK(window.changes_at() == never);
    window.add(3, start);
    window.add(4, start + 5s);
    CHECK(window.sum() == 7);
    const Time forgets = window.changes_at();
    CHECK(forgets >= start + 10s);
    window.advance(forgets - 1ns);
    CHECK(window.sum() == 7);
    window.advance(forgets);
    CHECK(window.sum() == 4);
    window.advance(start + 24h);
    CHECK(window.sum() == 0);
    CHECK(window.changes_at() == never);
}

TEST_CASE("sum window: an infinity ends with its cell") {
    SumWindow window(1s);
    window.add(1e308, start);
    window.add(1e308, start);
    window.add(1, start + 500ms);
    CHECK(window.sum() > 1e308);
    window.advance(start + 1s + 100ms);
    CHECK(window.sum() == 1);
}

TEST_CASE("windows: at any rate, what they say is that of the time asked or a 63rd more") {
    std::size_t forgotten = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        constexpr Duration lengths[] = {1ns, 63ns, 64ns, 1us, 10ms, 1s, 3600s, 24h};
        const Duration within = lengths[seed % 8];
        RangeWindow range(within);
        SumWindow sum(within);
        Exact values, amounts;
        Time now = start;
        bool good = true;
        range.start(0, now);
        values.steps.push_back({now, 0});
        for (int i = 0; i < 400; ++i) {
            const Time before = now;
            const double low = range.lowest();
            const Time changes = std::min(range.changes_at(), sum.changes_at());
            now += random_pause(random, within);
            range.advance(now);
            sum.advance(now);
            if (now < changes && before < now) good = good && range.lowest() == low;
            forgotten += range.lowest() != low ? 1 : 0;
            const auto at_least = values.range(now, within);
            const auto at_most = values.range(now, longest_of(within));
            good = good && range.lowest() <= at_least.first && range.lowest() >= at_most.first;
            good = good && range.highest() >= at_least.second && range.highest() <= at_most.second;
            good = good && sum.sum() >= amounts.sum(now, within) &&
                   sum.sum() <= amounts.sum(now, longest_of(within));
            good = good && range.changes_at() > now && sum.changes_at() > now;
            if (random() % 3 == 0) continue;
            const double value = static_cast<double>(random() % 1000) - 500;
            range.add(value, now);
            values.steps.push_back({now, value});
            sum.add(value * value, now);
            amounts.steps.push_back({now, value * value});
        }
        REQUIRE(good);
    }
    CHECK(forgotten > 10'000);
}
