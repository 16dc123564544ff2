// What nobody has said is unknown, and stands in the way of arming.
#include <doctest/doctest.h>

#include "tests/unit/core/rules/restarted_host.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("unknown: a family is not armed while an expected source has said nothing of it") {
    Plan plan = plan_of({.families = 1, .sources = 2});
    add_limit(plan, 25);
    plan.sources[0].expected = plan.sources[1].expected = true;
    Desk desk(plan);
    desk.publish(maker, A, delta, 20);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.rearm({A});
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].refusal == Refusal::unknown_value);
    CHECK(desk.events[0].source == other_maker);
    CHECK(desk.events[0].metric == delta);
    CHECK(desk.told() == "rearm_refused A by limit");
    SUBCASE("it says so") {
        desk.publish(other_maker, A, delta, 4);
        desk.rearm({A});
        CHECK_FALSE(desk.latched(A));
    }
    SUBCASE("by force") {
        desk.rearm({A}, true);
        CHECK_FALSE(desk.latched(A));
    }
}

TEST_CASE("unknown: who has said something need not say all, but somebody must") {
    Plan plan = plan_of({.families = 1, .sources = 2});
    add_limit(plan, 25);
    plan.sources[0].expected = plan.sources[1].expected = true;
    Desk desk(plan);
    const auto unknowns = [&] {
        return desk.engine.rules().unknowns(desk.engine.metrics(), 10).size();
    };
    CHECK(unknowns() == 1);
    desk.publish(maker, A, pnl, 1);
    desk.publish(other_maker, A, pnl, 1);
    CHECK(unknowns() == 1);
    CHECK(desk.engine.rules().unknowns(desk.engine.metrics(), 10)[0].metric == delta);
    desk.publish(maker, A, delta, 1);
    CHECK(unknowns() == 0);
}

TEST_CASE("unknown: what nobody is expected to say stands in nobody's way") {
    Plan plan = plan_of({});
    add_limit(plan, 25);
    Desk desk(plan);
    CHECK(desk.engine.rules().unknowns(desk.engine.metrics(), 10).empty());
}

TEST_CASE("unknown: what an earlier process knew is known") {
    Plan plan = plan_of({});
    add_limit(plan, 25);
    plan.sources[0].expected = true;
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 1);
    host.restart();
    CHECK(host.desk.engine.rules().unknowns(host.desk.engine.metrics(), 10).empty());
}
