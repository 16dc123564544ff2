// The exchange's lock of a family that is latched, renewed for as long as it is.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan holding_plan(std::size_t families = 1) {
    Plan plan = plan_of({families, 1, 3});
    for (FamilySpec& family : plan.families) {
        family.lock = 8s;
        family.hold = true;
    }
    return plan;
}

Desk held_desk(std::size_t families = 1) {
    return Desk(holding_plan(families), [](Desk& desk) {
        desk.trip({A});
        desk.wait(100ms);
        desk.answer(link(0), AnswerClass::accepted);
    });
}

}  // namespace

TEST_CASE("hold: the lock is renewed while a quarter of it is left, for as long as it is latched") {
    Desk desk = held_desk();
    for (int i = 0; i < 20; ++i) {
        desk.wait(5900ms - 1ns);
        CHECK(desk.did() == "");
        desk.wait(1ns);
        CHECK(desk.did() == "fire A on 0 lock 8000");
        CHECK(desk.state(A) == "accepted");
        desk.forget();
        desk.wait(100ms);
        desk.answer(link(0), AnswerClass::accepted);
        CHECK(desk.told() == "answered A");
    }
}

TEST_CASE("hold: a renewal that fails is tried again, and the state stays") {
    Desk desk = held_desk();
    desk.wait(5900ms);
    desk.answer(link(0), AnswerClass::failed);
    CHECK(desk.state(A) == "accepted");
    desk.forget();
    desk.wait(100ms);
    CHECK(desk.did() == "fire A on 0 lock 8000");
    desk.down(link(0));
    CHECK(desk.did() == "fire A on 1 lock 8000");
    CHECK_FALSE(is_unfinished(desk.engine.family(A)));
}

TEST_CASE("hold: a trip during a renewal is a cancel of its own") {
    Desk desk = held_desk();
    desk.wait(5900ms);
    desk.forget();
    desk.trip({A});
    CHECK(desk.did() == "fire A on 1 lock 8000");
    CHECK(desk.state(A) == "cancelling");
    desk.answer(link(0), AnswerClass::accepted);  // the renewal's, which is late
    CHECK(desk.state(A) == "cancelling");
    desk.answer(link(1), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("hold: re-arming waits for a renewal in flight before it releases the lock") {
    Desk desk = held_desk();
    desk.wait(5900ms);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.did() == "");
    CHECK(desk.state(A) == "releasing");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire A on 0");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "open A");
    desk.wait(1min);
    CHECK(desk.did() == "");
}

TEST_CASE("hold: a renewal is never in front of another family's cancel, and leaves the reserve") {
    Plan plan = holding_plan(6);
    plan.accounts[0].budget.slots = 3;
    plan.accounts[0].budget.reserve = 2;
    Desk desk(plan, [](Desk& its) {
        its.trip({A});
        its.answer(link(0), AnswerClass::accepted);
        its.wait(5990ms);
    });
    desk.trip({B});
    desk.trip({C});
    desk.forget();
    desk.wait(100ms);
    CHECK(desk.did() == "");  // one slot is free, and kept for a trip
    desk.trip({D});
    CHECK(desk.did() == "close D, fire D on 2 lock 8000");
}

TEST_CASE("hold: a start and a reload renew at once what they hold") {
    SUBCASE("start") {
        Desk desk(holding_plan());
        desk.start_again(holding_plan());
        Restored restored;
        restored.latched.push_back({A, TripId{7}, false, true, "latched before"});
        desk.step.clear();
        desk.engine.on_restored(restored, desk.now, desk.step);
        desk.warm(link(0));
        CHECK(desk.did().find("fire A on 0 lock 8000") != std::string::npos);
    }
    SUBCASE("reload") {
        Plan plan = holding_plan();
        plan.families[0].hold = false;
        Desk desk(plan, [](Desk& its) {
            its.trip({A});
            its.answer(link(0), AnswerClass::accepted);
            its.wait(1min);
        });
        desk.adopt(holding_plan());
        CHECK(desk.did() == "fire A on 0 lock 8000");
        desk.answer(link(0), AnswerClass::accepted);
        desk.adopt(plan);
        desk.wait(1min);
        CHECK(desk.did() == "");
    }
}
