// A reload: new rules, limits, budgets and pauses; every switch and every value stays.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("reload: a new limit that is breached already trips at once") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 80);
    plan.rules[0].limit = 50;
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, tripped A by limit, latched A, fired A");
    CHECK(desk.did() == "close A, fire A on 0");
}

TEST_CASE("reload: a limit that held before, and is the same, is no new trip") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed");
    CHECK(desk.state(A) == "accepted");
    desk.rearm({A});
    CHECK(desk.told() == "rearm_refused A by limit");
}

TEST_CASE("reload: a wider limit lets a family be re-armed") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.forget();
    plan.rules[0].limit = 200;
    desk.adopt(plan);
    desk.rearm({A});
    CHECK(desk.told() == "plan_changed, rearmed A");
}

TEST_CASE("reload: a value that nobody published breaches nothing") {
    Plan plan = plan_of({1, 2});
    add_limit(plan, 1000, Bound::below).over = Over::each;  // as of equity
    Desk desk(plan);
    desk.publish(maker, A, delta, 5000);
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed");
    desk.publish(other_maker, A, delta, 999);
    CHECK(desk.latched(A));
}

TEST_CASE("reload: a drawdown without any value yet has no peak") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500);
    Desk desk(plan);
    desk.adopt(plan);
    desk.publish(maker, A, pnl, -501);
    CHECK(desk.told() == "plan_changed");
    desk.publish(maker, A, pnl, -1002);
    CHECK(desk.latched(A));
}

TEST_CASE("reload: peaks are carried over, whatever became of the limit") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500);
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1000);
    desk.publish(maker, A, pnl, 600);
    desk.adopt(plan);
    desk.publish(maker, A, pnl, 500);
    CHECK(desk.told() == "plan_changed");
    plan.rules[0].limit = 499;
    desk.adopt(plan);
    CHECK(desk.latched(A));
}

TEST_CASE("reload: a rule that holds and gets a family more to kill kills it") {
    Plan plan = plan_of({2});
    RuleSpec& rule = add_limit(plan, 100);
    rule.families = {A};
    rule.kills = {A};
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.forget();
    plan.rules[0].kills = {A, B};
    desk.adopt(plan);
    CHECK(desk.latched(B));
}

TEST_CASE("reload: a rule 'bad' that tripped before still works for the families it got") {
    Plan plan = plan_of({2});
    add_rule(plan, "bad", RuleKind::bad).kills = {A};
    Desk desk(plan);
    scram_signal signal = desk.record(maker, A, delta, 1);
    signal.version = 9;
    desk.hand_in(maker, signal);
    REQUIRE(desk.latched(A));
    plan.rules[0].kills = {B};
    desk.adopt(plan);
    desk.hand_in(maker, signal);
    CHECK(desk.latched(B));
}

TEST_CASE("reload: a shorter silence counts from the last sign of life") {
    Plan plan = plan_of({});
    add_stale(plan, 10s);
    Desk desk(plan);
    desk.wait(4s);
    plan.rules[0].after = 5s;
    desk.adopt(plan);
    desk.forget();
    desk.wait(1s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped by stale, latched A, fired A");
}

TEST_CASE("reload: a silence that is too long by the new rule trips at once") {
    Plan plan = plan_of({});
    add_stale(plan, 10s);
    Desk desk(plan);
    desk.wait(4s);
    plan.rules[0].after = 3s;
    desk.adopt(plan);
    desk.wait(0s);
    CHECK(desk.latched(A));
}

TEST_CASE("reload: an attempt in flight goes on, and its answer counts") {
    Plan plan = plan_of({});
    Desk desk(plan);
    desk.trip({A});
    desk.adopt(plan);
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("reload: a changed budget and changed pauses count from then on") {
    Plan plan = plan_of({3});
    plan.accounts[0].budget.slots = 1;
    plan.accounts[0].budget.reserve = 0;
    Desk desk(plan);
    desk.trip({A, B, C});
    desk.forget();
    plan.accounts[0].budget.slots = 3;
    plan.timings.retry_first = 30ms;
    desk.adopt(plan);
    CHECK(desk.did() == "fire B on 1, fire C on 2");
    CHECK(desk.engine.budget(account).slots() == 3);
    plan.accounts[0].budget.slots = 5;
    desk.adopt(plan);
    desk.answer(link(1), AnswerClass::failed);
    desk.wait(30ms);
    CHECK(desk.did() == "fire B on 1");
}

TEST_CASE("reload: a breach of a sum is no one source's") {
    Plan plan = plan_of({1, 2});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(other_maker, A, delta, 80);
    plan.rules[0].limit = 50;
    desk.forget();
    desk.adopt(plan);
    REQUIRE(desk.events.size() > 1);
    CHECK(desk.events[1].source == none<SourceId>());
}
