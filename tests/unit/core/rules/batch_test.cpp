// Values that belong together: stored all, then judged once.
#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

struct Item {
    FamilyId family;
    MetricId metric;
    double value;
};

// All but the last are marked, as a ring's writer and the socket's reader mark them.
void flush(Desk& desk, SourceId source, const std::vector<Item>& items, bool closed = true) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        scram_signal signal = desk.record(source, items[i].family, items[i].metric, items[i].value);
        if (i + 1 < items.size() || !closed) signal.kind = SCRAM_VALUE_MORE;
        desk.hand_in(source, signal);
    }
}

Plan plan_of_sum(double limit) {
    Plan plan = plan_of({2, 2});
    add_limit(plan, limit).per = Per::all;
    return plan;
}

}  // namespace

TEST_CASE("batch: what offsets does not trip, in whichever order it stands") {
    for (const double sign : {1.0, -1.0}) {
        Desk desk(plan_of_sum(25));
        flush(desk, maker, {{A, delta, 40 * sign}, {B, delta, -38 * sign}});
        CHECK(desk.told() == "");
        CHECK(desk.engine.metrics().value(maker, A, delta) == 40 * sign);
        flush(desk, maker, {{A, delta, 40 * sign}, {B, delta, -14 * sign}});
        CHECK(desk.latched(A));
    }
}

TEST_CASE("batch: it is judged by the signal that closes it, whatever that is") {
    const auto open_batch = [](Desk& desk) {
        flush(desk, maker, {{A, delta, 20}, {B, delta, 20}}, false);
        CHECK(desk.did() == "");
    };
    Desk desk(plan_of_sum(25));
    SUBCASE("a heartbeat") {
        open_batch(desk);
        desk.heartbeat(maker);
    }
    SUBCASE("a bad record") {
        open_batch(desk);
        desk.publish(maker, A, delta, std::numeric_limits<double>::quiet_NaN());
    }
    SUBCASE("another source's signal") {
        open_batch(desk);
        desk.publish(other_maker, A, pnl, 1);
    }
    SUBCASE("the reader, which finds nothing behind it") {
        open_batch(desk);
        desk.end_batch();
    }
    CHECK(desk.latched(A));
    CHECK(desk.latched(B));
}

TEST_CASE("batch: one that has no end is judged at SCRAM_BATCH_MAX") {
    Plan plan = plan_of({2, 1, 5, SCRAM_BATCH_MAX / 2});
    add_limit(plan, 25).per = Per::all;
    Desk desk(plan);
    for (std::size_t i = 0; i < SCRAM_BATCH_MAX; ++i) {
        CHECK_FALSE(desk.latched(A));
        flush(desk, maker, {{i % 2 == 0 ? A : B, id_at<MetricId>(i / 2), 20}}, false);
    }
    CHECK(desk.latched(A));
}

TEST_CASE("batch: a second value of the same thing begins a new one, so that none goes unjudged") {
    Plan plan = plan_of({});
    add_limit(plan, 25);
    Desk desk(plan);
    flush(desk, maker, {{A, delta, 26}, {A, delta, 0}});
    CHECK(desk.did() == "close A, fire A on 0");
    CHECK(desk.engine.metrics().value(maker, A, delta) == 0);
}

TEST_CASE("batch: a peak and a window see the sum that it makes, and no sum on the way to it") {
    for (const bool rolling : {false, true}) {
        Plan plan = plan_of({2, 2});
        RuleSpec& rule = add_drawdown(plan, 10);
        rule.per = Per::all;
        if (rolling) rule.within = 10s;
        Desk desk(plan);
        flush(desk, maker, {{A, pnl, 100}, {B, pnl, -100}});
        flush(desk, maker, {{A, pnl, 200}, {B, pnl, -200}});
        flush(desk, other_maker, {{A, pnl, 500}, {B, pnl, -495}});  // first values: no rise
        flush(desk, maker, {{A, pnl, 300}, {B, pnl, -310}});
        CHECK(desk.told() == "");
        flush(desk, maker, {{A, pnl, 300}, {B, pnl, -310.25}});
        CHECK(desk.latched(A));
    }
}

TEST_CASE("batch: it is one sample for each condition, and every rise in it counts") {
    Plan plan = plan_of_sum(25);
    plan.rules[0].confirm = 2;
    Desk desk(plan);
    flush(desk, maker, {{A, delta, 20}, {B, delta, 20}});
    CHECK_FALSE(desk.latched(A));
    flush(desk, maker, {{A, delta, 20}, {B, delta, 20}});
    CHECK(desk.latched(A));

    Plan counted = plan_of({2});
    add_count(counted, 10, 10s).per = Per::all;
    Desk other(counted);
    flush(other, maker, {{A, delta, 0}, {B, delta, 0}});
    flush(other, maker, {{A, delta, 5}, {B, delta, 5}});
    CHECK_FALSE(other.latched(A));
    flush(other, maker, {{A, delta, 6}, {B, delta, 5}});
    CHECK(other.latched(A));
}

TEST_CASE("batch: each source's own limit, and two metrics' difference, are judged after it too") {
    Plan plan = plan_of({1, 2});
    add_divergence(plan, 5);
    add_limit(plan, 50).over = Over::each;
    Desk desk(plan);
    flush(desk, maker, {{A, delta, 40}, {A, pnl, 38}});
    CHECK(desk.told() == "");
    flush(desk, maker, {{A, delta, 51}, {A, pnl, 51}});
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
}

// A loop that was stopped reads a batch whose records were published before and after a breach was
// due. Half of it is nothing to judge by.
TEST_CASE("batch: what was due before it is judged without it, else with all of it") {
    const auto late_batch = [](double first, double second) {
        Plan plan = plan_of_sum(25);
        plan.rules[0].hold_for = 1s;
        Desk desk(plan);
        desk.publish(maker, A, delta, 30);
        const Time due = desk.now + 1s;
        desk.now = due + 200ms;
        scram_signal signal = desk.record(maker, A, delta, first);
        signal.published_ns = ns_of(due - 100ms);
        signal.kind = SCRAM_VALUE_MORE;
        desk.hand_in(maker, signal);
        signal = desk.record(maker, B, delta, second);
        signal.published_ns = ns_of(due + 100ms);
        desk.hand_in(maker, signal);
        return desk.latched(A);
    };
    CHECK(late_batch(-10, 45));        // 35: the breach goes on
    CHECK_FALSE(late_batch(40, -35));  // 5: it was over in time
}
