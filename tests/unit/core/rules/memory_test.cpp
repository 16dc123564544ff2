// What is known survives the process: values, peaks, windows, counters, and who was attached.
#include <doctest/doctest.h>

#include "tests/unit/core/rules/restarted_host.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("state: values survive, with their age") {
    RestartedHost host(plan_of({.families = 2, .sources = 2}));
    host.desk.publish(maker, A, delta, 20);
    host.desk.now += 3s;
    host.desk.publish(other_maker, A, delta, 4);
    host.restart(2s);
    CHECK(host.sum(A, delta) == 24);
    CHECK(host.known(A, delta));
    CHECK_FALSE(host.known(A, pnl));
    CHECK_FALSE(host.known(B, delta));
    CHECK(host.desk.now - host.desk.engine.metrics().stored_at(maker, A, delta) == 5s);
    CHECK(host.recalled.values == 2);
    CHECK(host.recalled.age == 2s);
    CHECK(host.recalled.fault == "");
}

TEST_CASE("state: a drawdown goes on from the peak of before") {
    Plan plan = plan_of({});
    add_drawdown(plan, 100);
    RestartedHost host(plan);
    for (const double value : {0.0, 90.0, 10.0}) host.desk.publish(maker, A, pnl, value);
    host.restart();
    CHECK(host.desk.did() == "");
    host.desk.join(maker);
    host.desk.publish(maker, A, pnl, 10);
    CHECK_FALSE(host.desk.latched(A));
    host.desk.publish(maker, A, pnl, -60);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: a rule that held still holds, and does not trip again") {
    Plan plan = plan_of({});
    add_limit(plan, 25);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 40);
    host.restart(1s, latched(A, 1));
    CHECK(host.desk.told() == "restored A");
    host.desk.rearm_by({A}, {TripId{1}});
    CHECK(host.desk.told() == "rearm_refused A by limit");
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 10);
    host.desk.rearm_by({A}, {TripId{1}});
    CHECK_FALSE(host.desk.latched(A));
}

TEST_CASE("state: what tripped and did not reach the board trips at the start") {
    Plan plan = plan_of({});
    add_limit(plan, 25);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 40);
    host.restart();  // the board knows of no latch
    CHECK(host.desk.told() == "tripped A by limit, latched A");
}

TEST_CASE("state: what was armed by force is not tripped again by a restart") {
    Plan plan = plan_of({});
    add_limit(plan, 25);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 40);
    host.desk.answer(link(0), AnswerClass::accepted);
    host.desk.rearm({A}, true);
    REQUIRE_FALSE(host.desk.latched(A));
    host.restart();
    CHECK(host.desk.told() == "");
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 10);
    host.desk.publish(maker, A, delta, 40);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: an arming by force excuses one breach, not the one after it") {
    Plan plan = plan_of({});
    plan.timings.reattach_within = 1h;
    const auto arm_by_force = [](RestartedHost& host) {
        REQUIRE(host.desk.latched(A));
        host.desk.answer(link(0), AnswerClass::accepted);
        host.desk.rearm({A}, true);
        REQUIRE_FALSE(host.desk.latched(A));
    };
    const auto trips_again_at_start = [](RestartedHost& host) {
        REQUIRE(host.desk.latched(A));
        host.restart(1ms);  // the board knows of no latch
        host.desk.wait(0ms);
        return host.desk.latched(A);
    };
    SUBCASE("stale") {
        add_stale(plan, 1s);
        RestartedHost host(plan);
        host.desk.publish(maker, A, delta, 1);
        host.desk.wait(1s);
        arm_by_force(host);
        host.desk.publish(maker, A, delta, 1);
        host.desk.wait(1s);
        CHECK(trips_again_at_start(host));
    }
    SUBCASE("gone") {
        add_rule(plan, "gone", RuleKind::gone);
        RestartedHost host(plan);
        host.desk.publish(maker, A, delta, 1);
        host.desk.vanish(maker);
        arm_by_force(host);
        host.desk.join(maker);
        host.desk.publish(maker, A, delta, 1);
        host.desk.vanish(maker);
        CHECK(trips_again_at_start(host));
    }
    SUBCASE("a value, beyond a limit that a reload has lowered") {
        add_limit(plan, 25);
        RestartedHost host(plan);
        host.desk.publish(maker, A, delta, 40);
        arm_by_force(host);
        plan.rules[0].limit = 20;
        host.desk.adopt(plan);
        host.next_plan(plan);
        CHECK(trips_again_at_start(host));
    }
}

TEST_CASE("state: windows go on: what moved before the restart counts after it") {
    Plan plan = plan_of({});
    add_change(plan, 10, 60s);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 0);
    host.desk.now += 10s;
    host.restart(5s);
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 9);
    CHECK_FALSE(host.desk.latched(A));
    host.desk.publish(maker, A, delta, 11);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: what the last value replaced was in force until it came") {
    Plan plan = plan_of({});
    add_change(plan, 10, 60s);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 12);
    host.desk.now += 30s;
    // The process ends within a batch: its value is stored, and was not judged.
    scram_signal signal = host.desk.record(maker, A, delta, 4);
    signal.kind = SCRAM_VALUE_MORE;
    host.desk.engine.on_signal(maker, signal, host.desk.now, host.desk.step);
    host.restart(1s);
    host.desk.join(maker);
    host.desk.wait(57s);  // 58 s after the batch
    host.desk.publish(maker, A, delta, 1);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: a breach that was noticed trips, though the next value ends it") {
    Plan plan = plan_of({});
    add_limit(plan, 25);
    RestartedHost host(plan);
    scram_signal signal = host.desk.record(maker, A, delta, 26);
    signal.kind = SCRAM_VALUE_MORE;
    host.desk.hand_in(maker, signal);
    // It begins a batch of its own, and the process ends before the first one's families are
    // latched: no journal knows of them.
    signal = host.desk.record(maker, A, delta, 0);
    signal.kind = SCRAM_VALUE_MORE;
    host.desk.engine.on_signal(maker, signal, host.desk.now, host.desk.step);
    host.restart(1s);
    CHECK(host.desk.latched(A));
    CHECK(host.desk.engine.rule_that_holds(A) == none<RuleId>());
    host.restart(1s, latched(A, 1));
    CHECK(host.desk.told() == "restored A");
}

TEST_CASE("state: a silence and a bad record that were noticed trip, whoever came back since") {
    Plan plan = plan_of({.families = 2});
    add_stale(plan, 1s).kills = {A};
    add_rule(plan, "bad", RuleKind::bad).kills = {B};
    RestartedHost host(plan);
    host.desk.heartbeat(maker);
    host.desk.now += 2s;
    host.desk.heartbeat(maker);  // too late; its number is in order
    CHECK(host.desk.latched(A));
    scram_signal signal = host.desk.record(maker, A, delta, 1);
    ++signal.sequence;
    host.desk.hand_in(maker, signal);
    CHECK(host.desk.latched(B));
    // The process ends before either is latched.
    host.restart(1s);
    CHECK(host.desk.latched(A));
    CHECK(host.desk.latched(B));
    host.desk.wait(0s);
    CHECK(host.desk.engine.rule_that_holds(A) == none<RuleId>());
}

TEST_CASE("state: a window forgets in its time, whoever ran then") {
    Plan plan = plan_of({});
    add_change(plan, 10, 60s);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 0);
    host.desk.publish(maker, A, delta, 8);
    host.restart(70s);
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 15);
    CHECK_FALSE(host.desk.latched(A));
}

TEST_CASE("state: after a reload it is kept as before") {
    Plan plan = plan_of({});
    add_change(plan, 10, 60s);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 0);
    host.desk.adopt(plan);
    host.desk.now += 10s;
    host.restart(5s);
    CHECK(host.known(A, delta));
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 11);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: counters go on") {
    Plan plan = plan_of({});
    add_count(plan, 10, 60s);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 100);
    host.desk.publish(maker, A, delta, 106);
    host.restart(5s);
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 110);
    CHECK_FALSE(host.desk.latched(A));
    host.desk.publish(maker, A, delta, 111);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: a breach that must last goes on lasting") {
    Plan plan = plan_of({});
    add_limit(plan, 25).hold_for = 10s;
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 40);
    host.restart(4s);
    CHECK_FALSE(host.desk.latched(A));
    host.desk.wait(5s);
    CHECK_FALSE(host.desk.latched(A));
    host.desk.wait(1s);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: a sum that was judged before the end waits for nobody after it") {
    Plan plan = plan_of({.families = 1, .sources = 2});
    for (SourceSpec& source : plan.sources) source.expected = true;
    add_limit(plan, 25);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 20);
    host.desk.wait(1min);
    host.restart(4s);
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 26);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: who was attached owes a sign within the rule's time") {
    Plan plan = plan_of({.families = 1, .sources = 2});
    add_stale(plan, 1s);
    RestartedHost host(plan);
    host.desk.leave(other_maker);
    host.restart(1h);
    CHECK(host.desk.did() == "");
    CHECK(host.desk.engine.phase(maker) == SourcePhase::awaited);
    CHECK(host.desk.engine.phase(other_maker) == SourcePhase::absent);
    host.desk.wait(999ms);
    CHECK_FALSE(host.desk.latched(A));
    host.desk.wait(1ms);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: who was attached and does not come back has vanished") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    plan.timings.reattach_within = 3s;
    SUBCASE("in time") {
        RestartedHost host(plan);
        host.restart(1s);
        host.desk.wait(2s);
        host.desk.join(maker);
        host.desk.wait(1min);
        CHECK_FALSE(host.desk.latched(A));
    }
    SUBCASE("not") {
        RestartedHost host(plan);
        host.restart(1s);
        host.desk.wait(2999ms);
        CHECK_FALSE(host.desk.latched(A));
        host.desk.wait(1ms);
        CHECK(host.desk.told() == "source_vanished, tripped by gone, latched A");
        CHECK(host.desk.engine.phase(maker) == SourcePhase::vanished);
    }
}

TEST_CASE("state: a source that had vanished has not come back by a restart") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    RestartedHost host(plan);
    host.desk.vanish(maker);
    host.restart(1s, latched(A, 1));
    CHECK(host.desk.told() == "restored A");
    CHECK(host.desk.engine.phase(maker) == SourcePhase::vanished);
    host.desk.rearm_by({A}, {TripId{1}});
    CHECK(host.desk.told() == "rearm_refused A by gone");
}

TEST_CASE("state: an edited config keeps what still means the same") {
    Plan plan = plan_of({.families = 2});
    add_drawdown(plan, 100);
    RestartedHost host(plan);
    host.desk.publish(maker, B, pnl, 90);
    // Another family stands before it, another metric too, and the rule comes second.
    Plan edited = plan_of({.families = 2});
    edited.families.insert(edited.families.begin(),
                           {"mm-1/NEW-USD", account, "NEW-USD", milliseconds{}});
    edited.metrics = {"gamma", "delta", "pnl"};
    edited.sources[0].families = all_families(edited);
    add_limit(edited, 25);
    add_drawdown(edited, 80).metric = MetricId{2};
    host.next_plan(edited);
    host.desk.step = Step(edited);
    host.restart();
    CHECK(host.sum(C, MetricId{2}) == 90);
    CHECK_FALSE(host.known(B, MetricId{2}));
    host.desk.join(maker);
    host.desk.publish(maker, C, MetricId{2}, 9);
    CHECK(host.desk.latched(C));
}
