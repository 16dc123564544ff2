// A sum over sources after a start: the first of two that offset each other does not trip.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan plan_of_two(double limit) {
    Plan plan = plan_of({1, 2});
    for (SourceSpec& source : plan.sources) source.expected = true;
    add_limit(plan, limit);
    return plan;
}

}  // namespace

TEST_CASE("sum: the first of two that offset each other waits for the other") {
    Desk desk(plan_of_two(25));
    desk.publish(maker, A, delta, 40);
    desk.wait(20ms);
    desk.publish(other_maker, A, delta, -38);
    desk.wait(1min);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 64);  // together 26, and nothing is missing any more
    CHECK(desk.latched(A));
}

TEST_CASE(
    "sum: it is judged once each that is expected has published, whatever then is its value") {
    Desk desk(plan_of_two(25));
    desk.publish(maker, A, delta, 40);
    desk.publish(maker, A, delta, 41);
    CHECK(desk.told() == "");
    desk.publish(other_maker, A, delta, 1);
    CHECK(desk.latched(A));
}

TEST_CASE("sum: it is judged without who does not come, sum_wait after the first value") {
    for (const Per per : {Per::family, Per::all}) {
        Plan plan = plan_of_two(25);
        plan.rules[0].per = per;
        plan.timings.sum_wait = 700ms;
        Desk desk(plan);
        desk.wait(10s);  // nobody has said anything: nothing waits
        desk.publish(maker, A, delta, 1);
        desk.wait(300ms);
        desk.publish(maker, A, delta, 26);
        desk.wait(400ms - 1ns);
        CHECK(desk.told() == "");
        CHECK(desk.engine.rules().distances(desk.engine.metrics(), desk.now)[0].missing == 1);
        desk.wait(1ns);
        CHECK(desk.latched(A));
    }
}

TEST_CASE("sum: it waits once, and never again after that") {
    Desk desk(plan_of_two(25));
    desk.publish(maker, A, delta, 1);
    desk.wait(1s);
    desk.publish(maker, A, delta, 26);
    CHECK(desk.latched(A));
}

TEST_CASE("sum: without an expected source, or for one source's own limit, nothing waits") {
    Plan plan = plan_of_two(25);
    SUBCASE("nobody is expected") {
        for (SourceSpec& source : plan.sources) source.expected = false;
    }
    SUBCASE("each alone") {
        plan.rules[0].over = Over::each;
    }
    SUBCASE("the other has no part in it") {
        plan.sources[1].families = {};
    }
    SUBCASE("it is turned off") {
        plan.timings.sum_wait = 0ms;
    }
    Desk desk(plan);
    desk.publish(maker, A, delta, 26);
    CHECK(desk.latched(A));
}

TEST_CASE("sum: what it waits for stands in the way of arming, and a reload ends the wait") {
    Desk desk(plan_of_two(25));
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.publish(maker, A, delta, 26);
    desk.rearm({A});
    CHECK(desk.latched(A));
    desk.adopt(plan_of_two(25));
    CHECK(desk.engine.rule_that_holds(A) == RuleId{0});
    desk.publish(maker, A, delta, 24);
    desk.rearm({A});
    CHECK(desk.latched(A));  // the other has never said what it has
    desk.publish(other_maker, A, delta, 0);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");
}

TEST_CASE("sum: a peak begins with the first value, and does not fall by what others bring") {
    Plan plan = plan_of({1, 2});
    for (SourceSpec& source : plan.sources) source.expected = true;
    add_drawdown(plan, 10);
    Desk desk(plan);
    desk.publish(maker, A, pnl, 100);
    desk.publish(maker, A, pnl, 80);
    CHECK(desk.told() == "");
    desk.wait(1s);
    CHECK(desk.latched(A));  // it fell while it waited
}
