// Rules over a rolling window: change, and drawdown from the highest of a while.
#include <doctest/doctest.h>

#include <limits>

#include "tests/unit/core/rules/rules_rig.h"

using namespace scram;
using namespace scram::test;

namespace {

void confirm_and_rearm(Desk& desk, bool force = false) {
    if (desk.engine.phase(link(0)) == LinkPhase::firing)
        desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A}, force);
}

}  // namespace

// ---- change

TEST_CASE("change: a move of exactly its limit is none, one further is, up or down") {
    for (const double direction : {1.0, -1.0}) {
        Plan plan = plan_of({});
        add_change(plan, 10, within);
        Desk desk(plan);
        desk.publish(maker, A, delta, 100);
        desk.wait(20s);
        desk.publish(maker, A, delta, 100 + 10 * direction);
        CHECK(desk.did() == "");
        desk.publish(maker, A, delta, 100 + 11 * direction);
        CHECK(desk.did() == "close A, fire A on 0");
        CHECK(first_trip(desk).value == 11 * direction);  // how far it moved
        CHECK(first_trip(desk).limit == 10);
    }
}

TEST_CASE("change: it counts from the lowest and the highest of the window, not from its ends") {
    Plan plan = plan_of({});
    add_change(plan, 10, within);
    Desk desk(plan);
    for (const double value : {0.0, 6.0, -2.0, 3.0}) {
        desk.publish(maker, A, delta, value);
        desk.wait(1s);
    }
    CHECK(desk.did() == "");
    desk.publish(maker, A, delta, 8.5);  // 10.5 above the lowest
    CHECK(desk.latched(A));
}

TEST_CASE("change: a value in force when the window began counts, however old it is") {
    Plan plan = plan_of({});
    add_change(plan, 10, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 100);
    desk.wait(24h);
    desk.publish(maker, A, delta, 111);
    CHECK(desk.latched(A));
}

TEST_CASE("change: what moved slowly enough is no breach") {
    Plan plan = plan_of({});
    add_change(plan, 10, within);
    Desk desk(plan);
    for (int i = 0; i < 200; ++i) {
        desk.publish(maker, A, delta, i * 5);
        desk.wait(longest / 2);
    }
    CHECK_FALSE(desk.latched(A));
}

TEST_CASE("change: a window is never shorter than said, and a 63rd longer at most") {
    Plan plan = plan_of({});
    add_change(plan, 10, within);
    Desk early(plan);
    early.publish(maker, A, delta, 0);
    early.publish(maker, A, delta, 5);
    early.wait(within - 1ns);
    early.publish(maker, A, delta, 11);
    CHECK(early.latched(A));

    Desk late(plan);
    late.publish(maker, A, delta, 0);
    late.publish(maker, A, delta, 5);
    late.wait(longest);
    late.publish(maker, A, delta, 11);
    CHECK_FALSE(late.latched(A));
}

TEST_CASE("change: makers that report one after another do not move the sum by that") {
    Plan plan = plan_of({2, 2});
    add_change(plan, 10, within).per = Per::all;
    Desk desk(plan);
    desk.publish(maker, A, delta, 100);
    desk.publish(other_maker, A, delta, -80);
    desk.publish(maker, B, delta, 5000);
    desk.publish(maker, B, delta, 5009);
    CHECK(desk.told() == "");
    desk.publish(other_maker, A, delta, -78);
    CHECK(desk.latched(A));
    CHECK(first_trip(desk).value == 11);
}

TEST_CASE("change: over each source, one that moves trips, and none by the other's first value") {
    Plan plan = plan_of({1, 2});
    add_change(plan, 10, within).over = Over::each;
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(other_maker, A, delta, 500);
    desk.publish(maker, A, delta, 8);
    desk.publish(other_maker, A, delta, 492);
    CHECK(desk.told() == "");
    desk.publish(other_maker, A, delta, 489);
    CHECK(desk.latched(A));
    CHECK(first_trip(desk).source == other_maker);
}

TEST_CASE("change: re-arming is refused until the window has moved on, without any signal") {
    Plan plan = plan_of({});
    add_change(plan, 10, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 50);
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(within - 1ns);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.told() == "rearm_refused A by change");
    desk.wait(1s + 1ns);
    CHECK(desk.engine.rule_that_holds(A) == none<RuleId>());
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");
    desk.wait(10min);
    CHECK(desk.told() == "");
}

TEST_CASE(
    "change: armed by force, it is mute until the window has moved on, and trips again then") {
    Plan plan = plan_of({});
    add_change(plan, 10, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 50);
    confirm_and_rearm(desk, true);
    desk.forget();
    desk.publish(maker, A, delta, 90);
    CHECK(desk.told() == "");
    desk.wait(longest);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.latched(A));
}

TEST_CASE("change: a sum that is no number trips, and the window does not keep it") {
    Plan plan = plan_of({2, 2});
    add_change(plan, 1e307, within).per = Per::all;
    Desk desk(plan);
    constexpr double huge = 1.7e308;
    desk.publish(maker, A, delta, 0);
    desk.publish(other_maker, A, delta, 0);
    desk.publish(maker, B, delta, 0);
    desk.publish(other_maker, B, delta, 0);
    desk.publish(maker, A, delta, huge);
    CHECK(desk.latched(A));
    desk.publish(other_maker, A, delta, huge);  // infinity
    desk.publish(maker, B, delta, -huge);
    desk.publish(other_maker, B, delta, -huge);  // no number
    for (const FamilyId family : {A, B}) {
        desk.publish(maker, family, delta, 0);
        desk.publish(other_maker, family, delta, 0);
    }
    CHECK(desk.engine.rule_that_holds(A) == RuleId{0});  // 1.7e308 was within the window
    desk.wait(longest);
    CHECK(desk.engine.rule_that_holds(A) == none<RuleId>());
}

TEST_CASE("change: a rate of any height needs no more memory, and loses no spike") {
    Plan plan = plan_of({});
    add_change(plan, 10, within);
    Desk desk(plan);
    for (int i = 0; i < 100'000; ++i) {
        desk.now += 1us;
        desk.publish(maker, A, delta, i % 2 == 0 ? 0.0 : 9.0);
    }
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, -1.5);
    CHECK(desk.latched(A));
}

// ---- drawdown over a window

TEST_CASE("rolling drawdown: a fast fall trips, a slow one of the same depth does not") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500).within = within;
    Desk slow(plan);
    for (int i = 0; i <= 20; ++i) {
        slow.publish(maker, A, pnl, -100 * i);
        slow.wait(longest / 4);
    }
    CHECK(slow.told() == "");

    Desk fast(plan);
    fast.publish(maker, A, pnl, 1000);
    fast.wait(30s);
    fast.publish(maker, A, pnl, 500);
    CHECK(fast.told() == "");
    fast.wait(30s);
    fast.publish(maker, A, pnl, 499);
    CHECK(fast.latched(A));
    CHECK(first_trip(fast).value == 499);
    CHECK(first_trip(fast).limit == 500);
}

TEST_CASE("rolling drawdown: a rise is none") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500).within = within;
    Desk desk(plan);
    desk.publish(maker, A, pnl, 0);
    desk.publish(maker, A, pnl, 1e9);
    CHECK(desk.told() == "");
}

TEST_CASE("rolling drawdown: it holds against re-arming until the high is out of the window") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500).within = within;
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1000);
    desk.publish(maker, A, pnl, 400);
    confirm_and_rearm(desk);
    CHECK(desk.latched(A));
    desk.wait(longest);
    confirm_and_rearm(desk);
    CHECK_FALSE(desk.latched(A));
}

TEST_CASE("drawdown: a value that was refused makes no peak") {
    for (const Duration window : {Duration{}, within}) {
        Plan plan = plan_of({});
        add_drawdown(plan, 500).within = window;
        Desk desk(plan);
        desk.publish(maker, A, pnl, 0);
        scram_signal late = desk.record(maker, A, pnl, 1e9);
        late.sequence = 1;  // a step back
        desk.hand_in(maker, late);
        scram_signal odd = desk.record(maker, A, pnl, std::numeric_limits<double>::infinity());
        odd.sequence = 2;
        desk.hand_in(maker, odd);
        scram_signal next = desk.record(maker, A, pnl, -400);
        next.sequence = 3;
        desk.hand_in(maker, next);
        CHECK(desk.told() == "");
    }
}

TEST_CASE("drawdown: a sum that ran over to infinity trips, and is no peak") {
    for (const Duration window : {Duration{}, within}) {
        Plan plan = plan_of({1, 2});
        add_drawdown(plan, 500).within = window;
        Desk desk(plan);
        desk.publish(maker, A, pnl, 0);
        desk.publish(other_maker, A, pnl, 0);
        desk.publish(maker, A, pnl, 1.7e308);
        CHECK_FALSE(desk.latched(A));
        desk.publish(other_maker, A, pnl, 1.7e308);
        CHECK(desk.latched(A));
        desk.publish(other_maker, A, pnl, 0);
        const auto all = desk.engine.rules().distances(desk.engine.metrics(), desk.now);
        CHECK_FALSE(all[0].holds);
        CHECK(all[0].share == 0);
    }
}

// ---- all of them

TEST_CASE("windows: time may jump by years, and the clock asks for nothing while all is quiet") {
    Plan plan = plan_of({});
    add_count(plan, 3, within);
    add_change(plan, 10, within);
    add_drawdown(plan, 10).within = within;
    RuleSet rules(plan);
    MetricTable table(1, 1, 2);
    Breaches out(rules.breaches_max());
    Time now = time_from_ns(0) + 1h;
    for (int i = 0; i < 100; ++i) {
        const double before = table.value(maker, A, delta);
        const bool first = table.store(maker, A, delta, i, now);
        rules.on_value(table, {maker, A, delta, static_cast<double>(i), before, first, now}, out);
        CHECK(rules.next_deadline() == never);
        now += 24h * 400;
    }
    CHECK(out.empty());
}
