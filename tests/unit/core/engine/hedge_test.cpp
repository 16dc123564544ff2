// Hedging: a second attempt on another link where an answer is late, and which of two answers
// counts.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan hedging_plan(const Size& size = {}) {
    Plan plan = plan_of(size);
    plan.timings.hedge_min = 100ms;
    return plan;
}

// Links that have answered after 200 ms each: an answer is late after that and four deviations.
Desk measured_desk(Plan plan) {
    return Desk(std::move(plan), [](Desk& desk) {
        for (int round = 0; round < 20; ++round) {
            desk.down(link(0));
            desk.up(link(0));
            desk.wait(200ms);
            desk.rehearsed(link(0));
        }
    });
}

}  // namespace

TEST_CASE("hedge: an answer that is late is asked for on another link, once") {
    Desk desk(hedging_plan());
    desk.trip({A});
    CHECK(desk.did() == "close A, fire A on 0");
    desk.wait(100ms - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "fire A on 1");
    CHECK(desk.events.back().hedge);
    desk.wait(500ms);
    CHECK(desk.did() == "");
}

TEST_CASE("hedge: the first confirmation counts, the other answer is told as late") {
    for (const AnswerClass second :
         {AnswerClass::accepted, AnswerClass::failed, AnswerClass::throttled, AnswerClass::clock}) {
        Desk desk(hedging_plan());
        desk.trip({A});
        desk.wait(100ms);
        desk.answer(link(1), AnswerClass::accepted);
        CHECK(desk.state(A) == "accepted");
        desk.forget();
        desk.answer(link(0), second);
        CHECK(desk.events[0].kind == EventKind::answered);
        CHECK(desk.events[0].late);
        CHECK(desk.state(A) == "accepted");
        desk.wait(1min);
        CHECK(desk.did() == "");
    }
}

TEST_CASE("hedge: a hedged attempt that is lost after all changes nothing") {
    Desk desk(hedging_plan());
    desk.trip({A});
    desk.wait(100ms);
    desk.answer(link(1), AnswerClass::accepted);
    desk.forget();
    desk.wait(1s);
    CHECK(desk.did() == "abort 0");
    CHECK(desk.told() == "attempt_lost A");
    CHECK(desk.events.empty());
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("hedge: it waits as long as answers were seen to take") {
    Desk desk = measured_desk(hedging_plan());
    const Duration late = desk.engine.hedge_after(account);
    CHECK(late >= 200ms);
    CHECK(late < 1s);
    desk.trip({A});
    desk.forget();
    desk.wait(late - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "fire A on 1");
}

TEST_CASE("hedge: it spends the budget as any try, and leaves a slot to others") {
    Desk desk(hedging_plan({6}));
    desk.trip({A, B, C, D});
    desk.forget();
    desk.wait(500ms);
    CHECK(desk.did() == "");  // four slots in flight, and the fifth is another family's
    desk.trip({E});
    CHECK(desk.did() == "close E, fire E on 4");
    desk.wait(400ms);
    CHECK(desk.did() == "");
}

TEST_CASE("hedge: there is none without a second link") {
    Desk desk(hedging_plan({1, 1, 1}));
    desk.trip({A});
    desk.forget();
    desk.wait(999ms);
    CHECK(desk.did() == "");
    desk.wait(1ms);
    CHECK(desk.did() == "abort 0");
}

TEST_CASE("hedge: while both are silent each is lost in its turn, and trying goes on") {
    Desk desk(hedging_plan());
    desk.trip({A});
    desk.wait(1s);
    CHECK(desk.did() == "close A, fire A on 0, fire A on 1, abort 0, fire A on 2");
    desk.wait(100ms);
    CHECK(desk.did() == "abort 1");
    CHECK(desk.state(A) == "tripped");  // failed twice: with a pause
    desk.answer(link(2), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}
