// Rules that trip only when their condition has held for a while, and in so many samples.
#include <doctest/doctest.h>

#include <limits>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan plan_held(Duration hold_for, std::uint32_t confirm = 1) {
    Plan plan = plan_of({});
    RuleSpec& rule = add_limit(plan, 100);
    rule.hold_for = hold_for;
    rule.confirm = confirm;
    return plan;
}

}  // namespace

// ---- for

TEST_CASE("for: it trips at its nanosecond, though no signal arrives") {
    Desk desk(plan_held(3s));
    desk.publish(maker, A, delta, 101);
    const Time since = desk.now;
    CHECK(desk.engine.next_deadline() == since + 3s);
    desk.wait(3s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
    CHECK(desk.events.empty());
    CHECK(desk.engine.family(A).tripped_at == since + 3s);
}

TEST_CASE("for: samples that go on to hold neither put it off nor bring it forward") {
    Desk desk(plan_held(3s));
    for (int i = 0; i < 3; ++i) {
        desk.publish(maker, A, delta, 101 + i);
        desk.wait(1s - 1ns);
    }
    CHECK(desk.told() == "");
    desk.wait(3ns);
    CHECK(desk.latched(A));
}

TEST_CASE("for: one sample that does not hold starts it over") {
    Desk desk(plan_held(3s));
    desk.publish(maker, A, delta, 101);
    desk.wait(3s - 1ns);
    desk.publish(maker, A, delta, 100);
    desk.publish(maker, A, delta, 101);
    desk.wait(3s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.latched(A));
}

TEST_CASE("for: what ended it in time leaves nothing behind") {
    Desk desk(plan_held(3s));
    desk.publish(maker, A, delta, 101);
    desk.wait(1s);
    desk.publish(maker, A, delta, 99);
    desk.wait(10min);
    CHECK(desk.told() == "");
}

TEST_CASE("for: a loop that is late trips all the same, though the sample that it reads ends it") {
    Desk desk(plan_held(3s));
    desk.publish(maker, A, delta, 101);
    desk.now += 3s + 1ms;  // and on_time() has not been called
    desk.publish(maker, A, delta, 0);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
}

TEST_CASE("for: a value that jumps over the limit and back at any rate never trips") {
    Desk desk(plan_held(10ms));
    for (int i = 0; i < 10'000; ++i) {
        desk.publish(maker, A, delta, 1e9);
        desk.wait(9ms);
        desk.publish(maker, A, delta, 0);
    }
    CHECK_FALSE(desk.latched(A));
}

TEST_CASE("for: a sum that is no number has to last, too") {
    Plan plan = plan_of({1, 2});
    add_limit(plan, 100).hold_for = 1s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 1.7e308);
    desk.publish(other_maker, A, delta, 1.7e308);
    desk.wait(1s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.latched(A));
}

TEST_CASE("for: over each source, each has its own time") {
    Plan plan = plan_of({1, 2});
    RuleSpec& rule = add_limit(plan, 100);
    rule.over = Over::each;
    rule.hold_for = 3s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.wait(2s);
    desk.publish(other_maker, A, delta, 101);
    desk.publish(maker, A, delta, 0);
    desk.wait(3s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.latched(A));
    REQUIRE_FALSE(desk.events.empty());
    CHECK(desk.events[0].source == other_maker);
}

TEST_CASE("for: conditions of one rule that are due together are one trip") {
    Plan plan = plan_of({3});
    add_limit(plan, 100).hold_for = 3s;
    add_limit(plan, 200).hold_for = 3s;
    Desk desk(plan);
    for (const FamilyId family : {C, A, B}) desk.publish(maker, family, delta, 300);
    desk.wait(3s);
    CHECK(desk.told() ==
          "tripped A by limit, latched A, latched B, latched C, tripped A by limit, fired A, "
          "fired B, fired C");
}

TEST_CASE("for: a window that moves on first ends it, and it does not trip") {
    Plan plan = plan_of({});
    RuleSpec& rule = add_change(plan, 10, 63s);
    rule.hold_for = 65s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 50);
    desk.wait(10min);
    CHECK(desk.told() == "");

    desk.now += 1s;
    desk.publish(maker, A, delta, 0);
    desk.now += 10min;  // the loop slept through both
    desk.time();
    CHECK(desk.told() == "");
}

TEST_CASE("for: a window that moves on later does not save it, however late the loop is") {
    Plan plan = plan_of({});
    add_change(plan, 10, 63s).hold_for = 62s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 50);
    desk.now += 10min;
    desk.time();
    CHECK(desk.latched(A));
    CHECK(desk.engine.rule_that_holds(A) == none<RuleId>());  // and it is over by now
}

TEST_CASE("for: pending while a family is re-armed, it goes on and trips at its time") {
    Desk desk(plan_held(3s));
    desk.publish(maker, A, delta, 101);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(1s);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");  // it would not fire at once
    desk.wait(2s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
}

TEST_CASE("for: a drawdown since arming that is pending starts over with the arming") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500).hold_for = 3s;
    Desk desk(plan);
    desk.publish(maker, A, pnl, 0);
    desk.publish(maker, A, pnl, -600);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    desk.forget();
    desk.wait(1min);
    CHECK(desk.told() == "");
    desk.publish(maker, A, pnl, -1101);
    desk.wait(3s);
    CHECK(desk.latched(A));
}

// ---- confirm

TEST_CASE("confirm: so many samples in a row, whatever the time between") {
    Desk desk(plan_held({}, 3));
    desk.publish(maker, A, delta, 101);
    desk.wait(10min);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
}

TEST_CASE("confirm: one that does not hold starts the row over") {
    Desk desk(plan_held({}, 3));
    for (const double value : {101.0, 101.0, 99.0, 101.0, 101.0})
        desk.publish(maker, A, delta, value);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 101);
    CHECK(desk.latched(A));
}

TEST_CASE("confirm: other metrics, heartbeats and refused records are no samples") {
    Desk desk(plan_held({}, 2));
    desk.publish(maker, A, delta, 101);
    desk.publish(maker, A, pnl, 101);
    desk.heartbeat(maker);
    desk.publish(maker, A, delta, std::numeric_limits<double>::quiet_NaN());
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 101);
    CHECK(desk.latched(A));
}

TEST_CASE("confirm: of a sum, each source's record is a sample; of each, only its own") {
    for (const Over over : {Over::sum, Over::each}) {
        Plan plan = plan_of({1, 2});
        RuleSpec& rule = add_limit(plan, 100);
        rule.confirm = 2;
        rule.over = over;
        Desk desk(plan);
        desk.publish(maker, A, delta, 101);
        desk.publish(other_maker, A, delta, 1);
        CHECK(desk.latched(A) == (over == Over::sum));
    }
}

TEST_CASE("confirm: of all families together, a record of any is a sample") {
    Plan plan = plan_of({2});
    RuleSpec& rule = add_limit(plan, 100);
    rule.confirm = 2;
    rule.per = Per::all;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.publish(maker, B, delta, 0);
    CHECK(desk.latched(B));
}

TEST_CASE("for and confirm: both are wanted, in either order") {
    Desk samples_first(plan_held(3s, 2));
    samples_first.publish(maker, A, delta, 101);
    samples_first.publish(maker, A, delta, 101);
    samples_first.wait(3s - 1ns);
    CHECK(samples_first.told() == "");
    samples_first.wait(1ns);
    CHECK(samples_first.latched(A));

    Desk time_first(plan_held(3s, 2));
    time_first.publish(maker, A, delta, 101);
    time_first.wait(10s);
    CHECK(time_first.told() == "");
    time_first.publish(maker, A, delta, 101);
    CHECK(time_first.latched(A));
}
