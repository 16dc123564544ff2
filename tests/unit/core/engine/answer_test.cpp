// What follows each class of answer, and the loss of one.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

// Rehearsals out of the way, and pauses that are easy to read: 100, 200, 400 ... 2000 ms.
Desk tripped_desk(std::uint8_t links = 5) {
    Plan plan = plan_of({1, 1, links});
    plan.accounts[0].budget.reserve = 0;  // no try waits for more than its slot
    return Desk(plan, [](Desk& desk) { desk.trip({A}); });
}

// Nothing is sent until `pause` is over, then exactly this is done.
void check_after(Desk& desk, Duration pause, const std::string& done) {
    desk.wait(pause - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == done);
}

}  // namespace

TEST_CASE("answer: accepted and nothing left end the trying") {
    for (const AnswerClass end : {AnswerClass::accepted, AnswerClass::nothing_left}) {
        Desk desk = tripped_desk();
        desk.answer(link(0), end);
        CHECK(desk.told() == "answered A, accepted A");
        CHECK(desk.state(A) == "accepted");
        desk.wait(1min);
        CHECK(desk.did() == "");
        CHECK(desk.engine.family(A).last_answer.answer_class == end);
    }
}

TEST_CASE("answer: 'failed' is tried again with growing pauses, never given up") {
    Desk desk = tripped_desk();
    for (const Duration pause : {100ms, 200ms, 400ms, 800ms, 1600ms, 2000ms, 2000ms}) {
        desk.answer(link(0), AnswerClass::failed);
        check_after(desk, pause, "fire A on 0");
    }
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("answer: the next trip begins with short pauses") {
    Desk desk = tripped_desk();
    for (const Duration pause : {100ms, 200ms, 400ms}) {
        desk.answer(link(0), AnswerClass::failed);
        desk.wait(pause);
    }
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(3s);  // the budget is whole again
    desk.trip({A});
    desk.forget();
    desk.answer(link(0), AnswerClass::failed);
    check_after(desk, 100ms, "fire A on 0");
}

TEST_CASE("answer: 'ambiguous' is tried again at once, then with growing pauses") {
    Desk desk = tripped_desk();
    desk.answer(link(0), AnswerClass::ambiguous);
    CHECK(desk.did() == "fire A on 0");
    desk.answer(link(0), AnswerClass::ambiguous);
    check_after(desk, 200ms, "fire A on 0");
    desk.answer(link(0), AnswerClass::ambiguous);
    check_after(desk, 400ms, "fire A on 0");
}

TEST_CASE("answer: 'throttled' waits until the window is over, each time") {
    Desk desk = tripped_desk();
    for (int i = 0; i < 3; ++i) {
        desk.answer(link(0), AnswerClass::throttled);
        check_after(desk, 2005ms, "fire A on 0");
    }
}

TEST_CASE("answer: 'refused' is tried on slowly, without end") {
    Desk desk = tripped_desk();
    for (int i = 0; i < 5; ++i) {
        desk.answer(link(0), AnswerClass::refused);
        check_after(desk, 5s, "fire A on 0");
    }
    CHECK(desk.state(A) == "cancelling");
}

TEST_CASE("answer: 'clock' asks for the time, signs again, and fires, in this order") {
    Desk desk = tripped_desk();
    desk.answer(link(0), AnswerClass::clock);
    CHECK(desk.did() == "rehearse 0");
    desk.wait(20ms);
    CHECK(desk.did() == "");
    desk.rehearsed(link(0));
    CHECK(desk.did() == "resign, fire A on 0");
}

TEST_CASE("answer: 'clock' goes on with pauses if the time does not come") {
    Desk desk = tripped_desk();
    desk.answer(link(0), AnswerClass::clock);
    desk.forget();
    desk.rehearsed(link(0), false);
    CHECK(desk.told() == "rehearsal_failed");
    CHECK(desk.did() == "");
    check_after(desk, 100ms, "fire A on 0");
}

TEST_CASE("answer: 'clock' again, after the time was read, is tried with pauses") {
    Desk desk = tripped_desk();
    desk.answer(link(0), AnswerClass::clock);
    desk.rehearsed(link(0));
    desk.forget();
    desk.answer(link(0), AnswerClass::clock);
    CHECK(desk.did() == "rehearse 0");
    check_after(desk, 200ms, "fire A on 1");
}

TEST_CASE("answer: several families with a wrong clock need one answer with the time") {
    Desk desk(plan_of({3}));
    desk.trip({A, B, C});
    desk.forget();
    for (std::size_t i = 0; i < 3; ++i) desk.answer(link(i), AnswerClass::clock);
    desk.forget();
    desk.wait(5ms);
    desk.rehearsed(link(0));
    REQUIRE_FALSE(desk.actions.empty());
    CHECK(text_of(desk.actions[0]) == "resign");
    const std::string done = desk.did();
    CHECK(done.find("fire A") != std::string::npos);
    CHECK(done.find("fire B") != std::string::npos);
}

TEST_CASE("answer: while the exchange's time is in doubt, no other cancel leaves") {
    Desk desk(plan_of({3}));
    desk.trip({A});
    desk.answer(link(0), AnswerClass::clock);
    desk.forget();
    desk.trip({B});
    CHECK(desk.did() == "close B");
    SUBCASE("until it is known") {
        desk.wait(20ms);
        desk.rehearsed(link(0));
        CHECK(desk.did() == "resign, fire B on 0, fire A on 1");
    }
    SUBCASE("or a rehearsal has failed, and a moment has passed") {
        desk.rehearsed(link(0), false);
        desk.wait(99ms);
        CHECK(desk.did() == "");
        desk.wait(1ms);
        CHECK(desk.did() == "fire B on 0, fire A on 1");
    }
}

TEST_CASE("answer: what the time was asked for is forgotten once the next attempt has left") {
    Desk desk = tripped_desk();
    desk.answer(link(0), AnswerClass::clock);
    desk.wait(100ms);  // no time came: fired without
    REQUIRE(desk.engine.family(A).cancel == Cancel::in_flight);
    const LinkId used = desk.engine.family(A).link;
    desk.answer(used, AnswerClass::refused);
    desk.forget();
    desk.rehearsed(link(0));  // late, and no longer waited for
    CHECK(desk.did() == "");
    check_after(desk, 5s, "fire A on 0");
}

TEST_CASE("answer: one that is overdue resets its link, and the attempt goes on another") {
    Desk desk = tripped_desk();
    desk.wait(1s - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "abort 0, fire A on 1");
    CHECK(desk.told() == "attempt_lost A, fired A");
    CHECK(desk.engine.phase(link(0)) == LinkPhase::down);
    desk.down(link(0));
    CHECK(desk.told() == "link_down");
    desk.answer(link(1), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("answer: a link that goes down takes its attempt with it, and another is tried") {
    Desk desk = tripped_desk();
    desk.wait(10ms);
    desk.down(link(0));
    CHECK(desk.did() == "fire A on 1");
    CHECK(desk.told() == "attempt_lost A, link_down, fired A");
}

TEST_CASE("answer: what dies with its link is followed at once while there are links") {
    Desk desk = tripped_desk(3);
    desk.down(link(0));
    CHECK(desk.did() == "fire A on 1");
    desk.down(link(1));
    CHECK(desk.did() == "fire A on 2");
    desk.down(link(2));
    desk.wait(1min);
    CHECK(desk.did() == "");
    desk.up(link(0));
    CHECK(desk.did() == "fire A on 0");
}

TEST_CASE(
    "answer: an answered attempt's slot returns after the window, a lost one's after a sign of "
    "life") {
    Desk desk = tripped_desk();
    const auto free_slots = [&] { return desk.engine.budget(account).free_slots(desk.now); };
    CHECK(free_slots() == 4);
    desk.down(link(0));  // lost, and fired again
    CHECK(free_slots() == 3);
    desk.answer(link(1), AnswerClass::accepted);
    desk.forget();
    desk.wait(1s);
    CHECK(desk.did() == "rehearse 1");
    desk.rehearsed(link(1));
    desk.wait(1005ms - 1ns);
    CHECK(free_slots() == 3);
    desk.wait(1ns);
    CHECK(free_slots() == 4);
    desk.wait(1s + Budget::round - 1ns);
    CHECK(free_slots() == 4);
    desk.wait(1ns);
    CHECK(free_slots() == 5);
}

TEST_CASE("answer: tries spend the budget too, and wait for it") {
    Plan plan = plan_of({});
    plan.accounts[0].budget.slots = 1;
    plan.accounts[0].budget.reserve = 0;
    Desk desk(plan);
    desk.trip({A});
    desk.forget();
    desk.answer(link(0), AnswerClass::failed);
    check_after(desk, 2005ms, "fire A on 0");
    desk.down(link(0));
    check_after(desk, 1s, "rehearse 1");  // a sign of life
    desk.rehearsed(link(1));
    check_after(desk, 2005ms + Budget::round, "fire A on 1");
}

TEST_CASE("answer: links that close again and again are not fired at without a pause") {
    Desk desk = tripped_desk(1);
    for (int turn = 0; turn < 2; ++turn) {
        desk.step.clear();
        desk.engine.on_link_down(link(0), desk.now, desk.step, Taken::nothing);
        desk.forget();
        desk.up(link(0));
        if (turn == 0) CHECK(desk.did() == "fire A on 0");
    }
    CHECK(desk.engine.budget(account).free_slots(desk.now) == 5);  // none was taken
    CHECK(desk.engine.family(A).due_at == desk.now + desk.engine.plan().timings.retry_first);
}

TEST_CASE("answer: its event carries attempt, link, code and status") {
    Desk desk = tripped_desk();
    const AttemptId attempt = desk.engine.family(A).attempt;
    desk.step.clear();
    desk.engine.on_answer(link(0), {AnswerClass::refused, 401, 50113}, desk.now, desk.step);
    REQUIRE(desk.step.events.size() == 2);
    const Event& event = desk.step.events[0];
    CHECK(event.kind == EventKind::answered);
    CHECK(event.family == A);
    CHECK(event.link == link(0));
    CHECK(event.attempt == attempt);
    CHECK(event.answer.answer_class == AnswerClass::refused);
    CHECK(event.answer.code == 50113);
    CHECK(event.answer.http_status == 401);
    CHECK(desk.step.events[1].kind == EventKind::alarm_raised);
}

TEST_CASE("answer: 'clock' after an attempt that was lost also asks for the time") {
    Desk desk(plan_of({}));
    desk.trip({A});
    desk.down(link(0));
    desk.forget();
    desk.answer(link(1), AnswerClass::clock);
    CHECK(desk.did() == "rehearse 1");
}

TEST_CASE("answer: one that is not OKX's own leaves it open when the request counts") {
    for (const Answer& answer :
         {Answer{AnswerClass::failed, 504, no_code}, Answer{AnswerClass::failed, 500, 500},
          Answer{AnswerClass::ambiguous, 400, 50004}}) {
        Plan plan = plan_of({});
        plan.accounts[0].budget = {1, 0, 2005ms, 1000ms};
        Desk desk(plan);
        desk.trip({A});
        desk.forget();
        desk.give(link(0), answer);
        check_after(desk, 3005ms, "fire A on 0");  // window and guard
        desk.give(link(0), {AnswerClass::failed, 503, 50001});
        check_after(desk, 2005ms, "fire A on 0");
    }
}

TEST_CASE(
    "answer: 'clock' asks for the time each time, since the exchange's clock may step again") {
    Desk desk = tripped_desk();
    desk.answer(link(0), AnswerClass::clock);
    desk.rehearsed(link(0));
    CHECK(desk.did() == "rehearse 0, resign, fire A on 0");
    for (const Duration pause : {200ms, 400ms, 800ms}) {
        desk.answer(link(0), AnswerClass::clock);
        CHECK(desk.did() == "rehearse 0");
        desk.rehearsed(link(0));
        check_after(desk, pause, "fire A on 0");
    }
}
