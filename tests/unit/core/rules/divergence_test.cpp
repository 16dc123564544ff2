// Two metrics of a family, or two sources' values of one metric, that should agree.
#include <doctest/doctest.h>

#include "tests/unit/core/rules/rules_rig.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr MetricId other = pnl;  // the second metric of the desk
constexpr SourceId third{2};

Plan plan_of_two_sources(const Size& size = {1, 3}) {
    Plan plan = plan_of(size);
    RuleSpec& rule = add_divergence(plan, 5);
    rule.other_metric = none<MetricId>();
    rule.sources = {maker, other_maker};
    return plan;
}

}  // namespace

TEST_CASE("divergence: a difference of exactly its limit is none, one further is, either way") {
    for (const double direction : {1.0, -1.0}) {
        Plan plan = plan_of({});
        add_divergence(plan, 5);
        Desk desk(plan);
        desk.publish(maker, A, delta, 100);
        desk.publish(maker, A, other, 100);
        desk.publish(maker, A, delta, 100 + 5 * direction);
        CHECK(desk.told() == "");
        desk.publish(maker, A, other, 100 - direction);
        CHECK(desk.latched(A));
        CHECK(first_trip(desk).value == 6 * direction);
        CHECK(first_trip(desk).limit == 5);
        CHECK(first_trip(desk).metric == delta);
    }
}

TEST_CASE("divergence: not before both are known, also through a reload") {
    Plan plan = plan_of({2});
    add_divergence(plan, 5);
    Desk desk(plan);
    desk.publish(maker, A, delta, 1000);
    desk.publish(maker, B, other, -1000);
    desk.adopt(plan);
    desk.wait(1s);
    CHECK(desk.told() == "plan_changed");
    desk.publish(maker, A, other, 0);
    CHECK(desk.latched(A));
    CHECK_FALSE(desk.latched(B));
}

TEST_CASE("divergence: of two metrics, the sums over sources are compared") {
    Plan plan = plan_of({1, 3});
    add_divergence(plan, 5);
    Desk desk(plan);
    desk.publish(maker, A, delta, 60);
    desk.publish(other_maker, A, delta, 40);
    desk.publish(third, A, other, 97);
    CHECK(desk.told() == "");
    desk.publish(other_maker, A, delta, 43);
    CHECK(desk.latched(A));
}

TEST_CASE("divergence: for all, those families count that both are known of") {
    Plan plan = plan_of({3});
    add_divergence(plan, 5).per = Per::all;
    Desk desk(plan);
    desk.publish(maker, A, delta, 1000);
    desk.publish(maker, B, other, 1000);
    desk.publish(maker, C, delta, 4);
    desk.publish(maker, C, other, 0);
    CHECK(desk.told() == "");
    desk.publish(maker, A, other, 998);
    CHECK(desk.did() == "close A, close B, close C, fire A on 0, fire B on 1, fire C on 2");
    CHECK(first_trip(desk).value == 6);
}

TEST_CASE("divergence: for all, what differs in one family may be made good in another") {
    Plan plan = plan_of({2});
    add_divergence(plan, 5).per = Per::all;
    Desk desk(plan);
    desk.publish(maker, A, delta, 10);
    desk.publish(maker, B, delta, -10);
    desk.publish(maker, A, other, 5);
    desk.publish(maker, B, other, -5);
    CHECK(desk.told() == "");
}

TEST_CASE("divergence: of two sources, the third neither counts nor confirms") {
    Plan plan = plan_of_two_sources();
    plan.rules[0].confirm = 2;
    Desk desk(plan);
    desk.publish(maker, A, delta, 100);
    desk.publish(third, A, delta, 1e6);
    desk.publish(other_maker, A, delta, 94);
    desk.publish(third, A, delta, 0);
    desk.publish(third, A, delta, 1e6);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 100);
    CHECK(desk.latched(A));
    CHECK(first_trip(desk).value == 6);
}

TEST_CASE(
    "divergence: a third source's signal says nothing of two whose signals are not read yet") {
    Plan plan = plan_of_two_sources();
    plan.rules[0].hold_for = 1s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 100);
    desk.publish(other_maker, A, delta, 94);
    const Time due = desk.now + 1s;
    // The loop was stopped, and reads the third source first.
    desk.now += 2s;
    desk.publish(third, A, delta, 1);
    scram_signal signal = desk.record(maker, A, delta, 94);
    signal.published_ns = ns_of(due - 1ns);
    desk.hand_in(maker, signal);
    desk.time();
    CHECK(desk.told() == "");
}

TEST_CASE("divergence: of two sources, not before both have published, and for each family alone") {
    Plan plan = plan_of_two_sources({2, 2});
    Desk desk(plan);
    desk.publish(maker, A, delta, 100);
    desk.publish(other_maker, B, delta, 100);
    CHECK(desk.told() == "");
    desk.publish(other_maker, A, delta, 0);
    CHECK(desk.did() == "close A, fire A on 0");
}

TEST_CASE("divergence: of two sources, for all families that both know") {
    Plan plan = plan_of_two_sources({2, 2});
    plan.rules[0].per = Per::all;
    Desk desk(plan);
    desk.publish(maker, A, delta, 3);
    desk.publish(other_maker, A, delta, 0);
    desk.publish(maker, B, delta, 100);
    CHECK(desk.told() == "");
    desk.publish(other_maker, B, delta, 97);
    CHECK(desk.latched(A));
    CHECK(desk.latched(B));
}

TEST_CASE(
    "divergence: a difference for less than its time is none, as of two that publish in turn") {
    Plan plan = plan_of({});
    add_divergence(plan, 5).hold_for = 100ms;
    Desk desk(plan);
    for (int i = 0; i < 50; ++i) {
        desk.publish(maker, A, delta, i * 10);
        desk.wait(99ms);
        desk.publish(maker, A, other, i * 10);
        desk.wait(1ms);
    }
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 0);
    desk.wait(100ms);
    CHECK(desk.latched(A));
}

TEST_CASE("divergence: it holds against re-arming, and ends with the difference") {
    Plan plan = plan_of({});
    add_divergence(plan, 5);
    Desk desk(plan);
    desk.publish(maker, A, delta, 10);
    desk.publish(maker, A, other, 0);
    CHECK(desk.engine.rule_that_holds(A) == RuleId{0});
    desk.publish(maker, A, other, 10);
    CHECK(desk.engine.rule_that_holds(A) == none<RuleId>());
}
