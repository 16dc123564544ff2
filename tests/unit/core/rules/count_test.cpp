// Running totals that rise too fast: fills, rejects, messages.
#include <doctest/doctest.h>

#include "tests/unit/core/rules/rules_rig.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("count: as many as its limit are no breach, one more is") {
    Plan plan = plan_of({});
    add_count(plan, 3, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 100);  // where counting begins
    for (const double total : {101.0, 102.0, 103.0}) desk.publish(maker, A, delta, total);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 104);
    CHECK(desk.latched(A));
    CHECK(first_trip(desk).value == 4);
    CHECK(first_trip(desk).limit == 3);
}

TEST_CASE("count: many in one signal count as many") {
    Plan plan = plan_of({});
    add_count(plan, 3, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 4);
    CHECK(desk.latched(A));
}

TEST_CASE("count: those that the window left behind do not count") {
    Plan plan = plan_of({});
    add_count(plan, 3, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    for (int i = 1; i < 100; ++i) {
        desk.publish(maker, A, delta, 3 * i);
        desk.wait(longest);
    }
    CHECK_FALSE(desk.latched(A));
    desk.publish(maker, A, delta, 3 * 99 + 3);
    desk.wait(within - 1ns);
    desk.publish(maker, A, delta, 3 * 99 + 4);
    CHECK(desk.latched(A));
}

TEST_CASE("count: a total that falls started over at zero") {
    Plan plan = plan_of({});
    add_count(plan, 10, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 1000);
    desk.publish(maker, A, delta, 8);  // a restart, and 8 since
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 10);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 1);
    CHECK(desk.latched(A));
    CHECK(first_trip(desk).value == 11);
}

TEST_CASE("count: over the sum, all sources count together, each from its own first value") {
    Plan plan = plan_of({1, 2});
    add_count(plan, 10, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 5000);
    desk.publish(other_maker, A, delta, 700);
    desk.publish(maker, A, delta, 5006);
    desk.publish(other_maker, A, delta, 704);
    CHECK(desk.told() == "");
    desk.publish(other_maker, A, delta, 705);
    CHECK(desk.latched(A));
}

TEST_CASE("count: a restart of one source takes nothing away from what the other did") {
    Plan plan = plan_of({1, 2});
    add_count(plan, 10, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(other_maker, A, delta, 1e6);
    desk.publish(maker, A, delta, 10);
    desk.publish(other_maker, A, delta, 0);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 11);
    CHECK(desk.latched(A));
}

TEST_CASE("count: over each source, and over all families") {
    Plan plan = plan_of({2, 2});
    RuleSpec& rule = add_count(plan, 10, within);
    rule.over = Over::each;
    rule.per = Per::all;
    Desk desk(plan);
    for (const FamilyId family : {A, B})
        for (const SourceId source : {maker, other_maker}) desk.publish(source, family, delta, 0);
    desk.publish(maker, A, delta, 6);
    desk.publish(other_maker, A, delta, 6);
    desk.publish(other_maker, B, delta, 4);
    CHECK(desk.told() == "");
    desk.publish(maker, B, delta, 5);
    CHECK(desk.did() == "close A, close B, fire A on 0, fire B on 1");
    CHECK(first_trip(desk).source == maker);
}

TEST_CASE("count: the hold against re-arming ends by itself, at the moment that was asked for") {
    Plan plan = plan_of({});
    add_count(plan, 3, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 2);
    desk.wait(10s);
    desk.publish(maker, A, delta, 4);
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.engine.rule_that_holds(A) == RuleId{0});
    desk.wait(within - 10s - 1ns);
    CHECK(desk.engine.rule_that_holds(A) == RuleId{0});
    desk.wait(1s + 1ns);
    CHECK(desk.engine.rule_that_holds(A) == none<RuleId>());
}
