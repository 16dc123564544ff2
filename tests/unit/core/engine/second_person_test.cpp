// Four eyes: where an account wants two persons, what one asks to arm waits for another.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan for_two(Plan plan) {
    plan.accounts[0].rearm = {.persons = 2, .within = 60s};
    return plan;
}

// Tripped, its cancel accepted.
Desk desk_for_two() {
    return Desk(for_two(plan_of({2})), [](Desk& desk) {
        desk.trip({A});
        desk.answer(link(0), AnswerClass::accepted);
    });
}

}  // namespace

TEST_CASE("second person: what one asks for waits, and another's word arms it") {
    Desk desk = desk_for_two();
    desk.rearm_as(1, {A});
    CHECK(desk.told() == "rearm_wanted A");
    CHECK(desk.did() == "");
    CHECK(desk.latched(A));
    CHECK(desk.engine.rearm_wish(A).stands);
    desk.rearm_as(2, {A});
    CHECK(desk.told() == "rearmed A");
    CHECK(desk.did() == "open A");
    CHECK_FALSE(desk.engine.rearm_wish(A).stands);
}

TEST_CASE("second person: nobody is both, root and force included") {
    Desk desk = desk_for_two();
    desk.rearm_as(0, {A});
    desk.forget();
    for (const bool force : {false, true}) {
        desk.rearm_as(0, {A}, force);
        REQUIRE(desk.events.size() == 1);
        CHECK(desk.events[0].refusal == Refusal::same_person);
        CHECK(desk.told() == "rearm_refused A");
        CHECK(desk.latched(A));
    }
}

TEST_CASE("second person: a wish ends with its time, and that is told") {
    Desk desk = desk_for_two();
    desk.rearm_as(1, {A});
    desk.wait(59s);
    CHECK(desk.engine.rearm_wish(A).stands);
    desk.forget();
    desk.wait(1s);
    CHECK(desk.told() == "rearm_lapsed A");
    desk.rearm_as(2, {A});
    CHECK(desk.told() == "rearm_wanted A");
    CHECK(desk.latched(A));
}

TEST_CASE("second person: another trip makes a wish void, for whoever names it") {
    Desk desk = desk_for_two();
    desk.rearm_as(1, {A});
    desk.forget();
    desk.trip({A});
    CHECK(desk.told() == "tripped A, rearm_lapsed A, fired A");
    desk.rearm_by({A}, {TripId{1}});  // looked at before it
    CHECK(desk.told() == "rearm_refused A");
    desk.rearm_as(2, {A});
    CHECK(desk.told() == "rearm_wanted A");
    CHECK(desk.latched(A));
}

TEST_CASE("second person: who did not ask for force has not agreed to it") {
    Plan plan = for_two(plan_of({}));
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.answer(link(0), AnswerClass::accepted);
    desk.publish(maker, A, delta, 99);
    desk.rearm_as(1, {A});
    desk.publish(maker, A, delta, 101);
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.rearm_as(2, {A});
    CHECK(desk.told() == "rearm_refused A by limit");
    desk.rearm_as(2, {A}, true);
    CHECK(desk.told() == "rearm_wanted A");
    desk.rearm_as(1, {A});
    CHECK(desk.told() == "rearm_refused A by limit");
    desk.rearm_as(1, {A}, true);
    CHECK(desk.told() == "rearmed A by limit");
}

TEST_CASE("second person: each family waits by itself, and only where its account wants it") {
    Plan plan = plan_of({2});
    plan.accounts.push_back({"mm-2", {}, 1});
    plan.accounts[1].rearm.persons = 2;
    plan.families[1].account = AccountId{1};
    Desk desk(plan);
    desk.trip({A, B});
    desk.forget();
    desk.rearm_as(1, {A, B});
    CHECK(desk.told() == "rearmed A, rearm_wanted B");
}
