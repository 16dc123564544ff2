#include "core/latency/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace scram;

namespace {

// From a nanosecond to an hour, as many in each power of ten.
std::vector<Duration> durations(unsigned seed, std::size_t count) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> power(0, std::log10(3.6e12));
    std::vector<Duration> out;
    while (out.size() < count) {
        out.push_back(Duration{static_cast<std::int64_t>(std::pow(10, power(random)))});
    }
    return out;
}

Duration true_percentile(std::vector<Duration> all, double percent) {
    std::sort(all.begin(), all.end());
    const double rank = std::ceil(percent * static_cast<double>(all.size()) / 100);
    return all[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

// What a histogram of `low`, and of something longer, says of `low`.
Duration told_of(Duration low) {
    Histogram histogram;
    histogram.record(low);
    histogram.record(Histogram::range);
    return histogram.percentile(50);
}

}  // namespace

TEST_CASE("histogram: a percentile is never below the true one, and at most 1/32 above it") {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        const auto all = durations(seed, 5000);
        Histogram histogram;
        for (const Duration d : all) histogram.record(d);
        for (const double percent : {0.0, 0.1, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
            CAPTURE(percent);
            const Duration truth = true_percentile(all, percent);
            const Duration told = histogram.percentile(percent);
            CHECK(told >= truth);
            CHECK((told - truth).count() * 32 <= truth.count());
        }
        CHECK(histogram.max() == *std::max_element(all.begin(), all.end()));
        CHECK(histogram.count() == all.size());
    }
}

TEST_CASE("histogram: the bound holds at both ends of each bucket's power of two") {
    for (int power = 0; power < 42; ++power) {
        for (const std::int64_t step : {-1, 0, 1}) {
            const Duration low{(std::int64_t{1} << power) + step};
            CAPTURE(low.count());
            const Duration told = told_of(low);
            CHECK(told >= low);
            CHECK((told - low).count() * 32 <= low.count());
        }
    }
}

TEST_CASE("histogram: what is below 64 ns is told to the nanosecond") {
    for (std::int64_t ns = 0; ns < 64; ++ns) CHECK(told_of(Duration{ns}) == Duration{ns});
}

TEST_CASE("histogram: a percentile needs as many as it says, and no more") {
    Histogram histogram;
    for (int i = 0; i < 999; ++i) histogram.record(10ns);
    histogram.record(1ms);
    CHECK(histogram.percentile(50) == 10ns);
    CHECK(histogram.percentile(99.9) == 10ns);
    CHECK(histogram.percentile(100) == 1ms);
    histogram.record(1ms);
    CHECK(histogram.percentile(99.9) == 1ms);
}

TEST_CASE("histogram: without any there is nothing to tell") {
    const Histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK(histogram.percentile(99) == Duration::zero());
    CHECK(histogram.max() == Duration::zero());
}

TEST_CASE("histogram: each is counted below the first bound that it does not exceed") {
    Histogram histogram;
    for (const Duration bound : Histogram::bounds) {
        histogram.record(bound);
        histogram.record(bound + 1ns);
    }
    CHECK(histogram.by_bound().front() == 1);
    CHECK(histogram.by_bound().back() == 1);
    for (std::size_t i = 1; i < Histogram::bounds.size(); ++i) CHECK(histogram.by_bound()[i] == 2);
    CHECK(std::ranges::is_sorted(Histogram::bounds));
}

TEST_CASE("histogram: its sum is exact, and stays at the largest there is") {
    Histogram histogram;
    histogram.record(3ns);
    histogram.record(2s);
    histogram.record(-5ns);
    CHECK(histogram.sum() == 2s + 3ns);
    histogram.record(Duration::max());
    histogram.record(1ns);
    CHECK(histogram.sum() == Duration::max());
    CHECK(histogram.by_bound().back() == 1);
}

TEST_CASE("histogram: a single one is told exactly, whatever the percentile") {
    Histogram histogram;
    histogram.record(1'234'567ns);
    for (const double percent : {0.0, 50.0, 99.9, 100.0})
        CHECK(histogram.percentile(percent) == 1'234'567ns);
}

TEST_CASE("histogram: what is beyond its range or negative is counted and harms nothing") {
    Histogram histogram;
    histogram.record(Duration::max());
    CHECK(histogram.percentile(50) == Duration::max());
    histogram.record(Duration::min());
    histogram.record(-1ns);
    CHECK(histogram.count() == 3);
    CHECK(histogram.percentile(50) == Duration::zero());
    CHECK(histogram.max() == Duration::max());
}
