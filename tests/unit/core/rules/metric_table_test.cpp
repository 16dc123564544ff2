#include "core/rules/metric_table.h"

#include <doctest/doctest.h>

#include <random>

using namespace scram;

namespace {
constexpr FamilyId family{1}, other_family{0};
constexpr MetricId metric{2}, other_metric{0};
constexpr SourceId one{0}, two{1}, three{2};
}  // namespace

TEST_CASE("metric table: what was never published is 0, stored at no time") {
    const MetricTable table(3, 2, 3);
    CHECK(table.value(two, family, metric) == 0);
    CHECK(table.sum(family, metric) == 0);
    CHECK(table.stored_at(two, family, metric) == Time{});
    CHECK(table.cells() == 6);
}

TEST_CASE("metric table: a sum runs over the sources, of its family and metric alone") {
    MetricTable table(3, 2, 3);
    table.store(one, family, metric, 1.5, time_from_ns(10));
    table.store(two, family, metric, -4, time_from_ns(20));
    table.store(three, family, metric, 10, time_from_ns(30));
    table.store(one, other_family, metric, 100, time_from_ns(40));
    table.store(one, family, other_metric, 1000, time_from_ns(50));
    CHECK(table.sum(family, metric) == 7.5);
    CHECK(table.sum(other_family, metric) == 100);
    CHECK(table.sum(family, other_metric) == 1000);
    CHECK(table.value(two, family, metric) == -4);
    CHECK(table.stored_at(two, family, metric) == time_from_ns(20));
}

TEST_CASE("metric table: a new value takes the old one's place") {
    MetricTable table(2, 1, 1);
    table.store(one, FamilyId{}, MetricId{}, 5, time_from_ns(1));
    table.store(two, FamilyId{}, MetricId{}, 7, time_from_ns(2));
    table.store(one, FamilyId{}, MetricId{}, -1, time_from_ns(3));
    CHECK(table.sum(FamilyId{}, MetricId{}) == 6);
    CHECK(table.value(one, FamilyId{}, MetricId{}) == -1);
    CHECK(table.stored_at(one, FamilyId{}, MetricId{}) == time_from_ns(3));
}

TEST_CASE("metric table: a million changes leave no drift in a sum") {
    MetricTable table(3, 1, 1);
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> value(-1e12, 1e12);
    double running = 0;  // what adding and subtracting differences would have kept
    double last = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        const double next = value(random);
        running += next - last;
        last = next;
        table.store(one, FamilyId{}, MetricId{}, next, Time{});
    }
    running += 0.1 - last;
    table.store(one, FamilyId{}, MetricId{}, 0.1, Time{});
    table.store(three, FamilyId{}, MetricId{}, 0.2, Time{});
    CHECK(table.sum(FamilyId{}, MetricId{}) == 0.1 + 0.2);
    CHECK(running != 0.1);  // so the test can fail: the cheaper way does drift
}
