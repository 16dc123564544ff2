// What a start takes over from before: latches, unfinished cancels, numbers and the budget's state.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

struct Start {
    explicit Start(Plan plan) : desk(std::move(plan)) {}
    void with(const Restored& restored) {
        desk.start_again(desk.engine.plan());
        desk.step.clear();
        desk.engine.on_restored(restored, desk.now, desk.step);
        desk.actions.assign(desk.step.actions.begin(), desk.step.actions.end());
        desk.events.assign(desk.step.events.begin(), desk.step.events.end());
    }
    Desk desk;
};

}  // namespace

TEST_CASE("restore: nothing from before arms everything") {
    Start start(plan_of({2}));
    start.with({});
    CHECK(start.desk.did() == "");
    CHECK(start.desk.state(A) == "armed");
}

TEST_CASE("restore: an accepted family stays latched, and nothing is sent") {
    Start start(plan_of({2}));
    start.with({{{A, TripId{7}, false, true, ""}}, TripId{9}, AttemptId{40}, {}});
    CHECK(start.desk.did() == "close A");
    CHECK(start.desk.told() == "restored A");
    CHECK(start.desk.state(A) == "accepted");
    CHECK(start.desk.state(B) == "armed");
    start.desk.warm(link(0));
    start.desk.forget();
    start.desk.trip({B});
    CHECK(start.desk.did() == "close B, fire B on 0");
    CHECK(start.desk.engine.family(B).trip == TripId{10});
    CHECK(start.desk.engine.family(B).attempt == AttemptId{41});
    start.desk.rearm_by({A}, {TripId{7}});
    CHECK(start.desk.did() == "open A");
}

TEST_CASE("restore: what a start latches without a cancel is held, and a trip cancels it at once") {
    Plan plan = plan_of({2});
    plan.accounts[0].budget.slots = 3;
    Start start(plan);
    start.with({{{A, TripId{}, false, false, "scramd ended without a clean shutdown"}},
                TripId{7},
                {},
                {}});
    CHECK(start.desk.did() == "close A");
    CHECK(start.desk.state(A) == "held");
    CHECK(start.desk.events.back().cancel == Cancel::held);
    start.desk.warm(link(0));
    start.desk.forget();
    start.desk.trip({A});
    CHECK(start.desk.did() == "fire A on 0");
    CHECK(start.desk.told() == "tripped A, latched A, fired A");
    CHECK_FALSE(start.desk.engine.family(A).repeat);
    start.desk.answer(link(0), AnswerClass::accepted);
    CHECK(start.desk.state(A) == "accepted");
}

TEST_CASE("restore: a held family that is armed again says that nothing was cancelled") {
    Start start(plan_of({2}));
    start.with(
        {{{A, TripId{7}, false, false, ""}, {B, TripId{7}, false, true, ""}}, TripId{7}, {}, {}});
    start.desk.forget();
    start.desk.rearm_by({A, B}, {TripId{7}});
    CHECK(start.desk.did() == "open A, open B");
    CHECK(start.desk.events.front().cancel == Cancel::held);
    CHECK(start.desk.events.back().cancel == Cancel::accepted);
    CHECK(start.desk.state(A) == "armed");
}

TEST_CASE("restore: an unfinished cancel goes on with the first link") {
    Start start(plan_of({}));
    start.with({{{A, TripId{7}, true, false, ""}}, TripId{7}, AttemptId{3}, {}});
    CHECK(start.desk.state(A) == "tripped");
    start.desk.forget();
    start.desk.up(link(0));
    CHECK(start.desk.did() == "fire A on 0");
    CHECK(start.desk.engine.family(A).trip == TripId{7});
}

TEST_CASE("restore: families latched for the start's own sake have one new trip, with its reason") {
    Start start(plan_of({3}));
    start.with({{{A, TripId{7}, false, true, ""},
                 {B, TripId{}, false, false, "in doubt"},
                 {C, TripId{}, true, false, "in doubt"}},
                TripId{9},
                AttemptId{3},
                {}});
    REQUIRE(start.desk.events.size() == 4);
    CHECK(start.desk.events[1].kind == EventKind::tripped);
    CHECK(start.desk.events[1].text.view() == "in doubt");
    CHECK(start.desk.told() == "restored A, tripped, restored B, restored C");
    CHECK(start.desk.engine.family(B).trip == TripId{10});
    CHECK(start.desk.engine.family(C).trip == TripId{10});
}

TEST_CASE("restore: a lock from before is released, as long as any that there may have been") {
    Plan plan = plan_of({});
    plan.families[0].lock = 2s;
    add_limit(plan, 100).lock = 5s;
    for (const auto& [after, done] :
         {std::pair<Duration, std::string>{6s - 1ns, "fire A on 0"}, {6s, "open A"}}) {
        Start start(plan);
        start.with({{{A, TripId{7}, false, true, ""}}, TripId{9}, AttemptId{40}, {}});
        start.desk.warm(link(0));
        start.desk.wait(after);
        start.desk.forget();
        start.desk.rearm({A});
        CHECK(start.desk.did() == done);
    }
}

TEST_CASE("restore: a slot that was in flight is free a window after a sign of life") {
    Start start(plan_of({}));
    Budget::Image spent{};
    spent.fill(never);
    start.with({{{A, TripId{1}, true, false, ""}}, TripId{1}, AttemptId{5}, {spent}});
    start.desk.warm(link(0));
    start.desk.forget();
    start.desk.wait(1s);
    CHECK(start.desk.did() == "rehearse 0");
    start.desk.rehearsed(link(0));
    start.desk.wait(2005ms + Budget::round - 1ns);
    CHECK(start.desk.did() == "");
    start.desk.wait(1ns);
    CHECK(start.desk.did() == "fire A on 0");
}

TEST_CASE("restore: no image from before, whatever stands in it, blocks longer than that") {
    Start start(plan_of({}));
    Budget::Image absurd{};
    absurd.fill(start.desk.now + 1000h);
    start.with({{{A, TripId{1}, true, false, ""}}, TripId{1}, AttemptId{5}, {absurd}});
    start.desk.warm(link(0));
    start.desk.forget();
    start.desk.wait(3005ms);
    CHECK(start.desk.did() == "fire A on 0");
}
