#include "core/latency/latency.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace scram;

namespace {

constexpr Time start = Time{1h};

const Stages whole{.published = start,
                   .read = start + 10us,
                   .decided = start + 11us,
                   .sent = start + 20us,
                   .answered = start + 2ms,
                   .wire = start + 15us};

Duration longest(const StageTimes& times, Interval interval) {
    CHECK(times.of(interval).count() == 1);
    return times.of(interval).max();
}

}  // namespace

TEST_CASE("latency: a request that passed every stage counts in every interval") {
    StageTimes times;
    times.record(whole);
    CHECK(longest(times, Interval::published_to_read) == 10us);
    CHECK(longest(times, Interval::read_to_decided) == 1us);
    CHECK(longest(times, Interval::decided_to_sent) == 9us);
    CHECK(longest(times, Interval::decided_to_wire) == 4us);
    CHECK(longest(times, Interval::read_to_wire) == 5us);
    CHECK(longest(times, Interval::published_to_wire) == 15us);
    CHECK(longest(times, Interval::sent_to_answered) == 1980us);
    CHECK(times.requests() == 1);
    CHECK(times.unanswered() == 0);
}

TEST_CASE("latency: a request without an answer counts in all but the last interval") {
    Stages lost = whole;
    lost.answered = {};
    StageTimes times;
    times.record(lost);
    CHECK(times.unanswered() == 1);
    CHECK(times.of(Interval::sent_to_answered).count() == 0);
    CHECK(longest(times, Interval::published_to_wire) == 15us);
}

TEST_CASE(
    "latency: what no signal set off, and what the kernel did not stamp, has no such interval") {
    Stages retry = whole;
    retry.published = retry.wire = {};
    StageTimes times;
    times.record(retry);
    for (const Interval absent : {Interval::published_to_read, Interval::decided_to_wire,
                                  Interval::read_to_wire, Interval::published_to_wire})
        CHECK(times.of(absent).count() == 0);
    CHECK(longest(times, Interval::decided_to_sent) == 9us);
    CHECK(times.requests() == 1);
}

TEST_CASE("latency: a wire stamp is believed between the decision and the answer alone") {
    CHECK(believable_wire(whole.wire, whole) == whole.wire);
    CHECK(believable_wire(whole.decided - 1ns, whole) == Time{});
    CHECK(believable_wire(whole.answered + 1ns, whole) == Time{});
    CHECK(believable_wire(Time{}, whole) == Time{});
    Stages lost = whole;
    lost.answered = {};
    CHECK(believable_wire(start + 1s, lost) == start + 1s);
}

TEST_CASE("latency: each interval has a name of its own") {
    std::set<std::string> names;
    for (std::size_t i = 0; i < interval_count; ++i) names.emplace(name(static_cast<Interval>(i)));
    CHECK(names.size() == interval_count);
    CHECK_FALSE(names.contains("?"));
}
