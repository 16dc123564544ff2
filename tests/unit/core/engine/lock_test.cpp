// The exchange's lock: which one a cancel carries, and how re-arming ends it.
#include <doctest/doctest.h>

#include <limits>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan locking_plan(const Size& size = {}) {
    Plan plan = plan_of(size);
    for (FamilySpec& family : plan.families) family.lock = 10s;
    plan.accounts[0].budget.reserve = 0;
    return plan;
}

// A is accepted, with a lock of 10 s.
Desk locked_desk() {
    Plan plan = locking_plan();
    return Desk(plan, [](Desk& desk) {
        desk.trip({A});
        desk.answer(link(0), AnswerClass::accepted);
    });
}

}  // namespace

TEST_CASE("lock: a cancel carries its family's, or its rule's") {
    Plan plan = locking_plan({2});
    RuleSpec& rule = add_limit(plan, 100);
    rule.lock = 3s;
    Desk desk(plan);
    desk.trip({A});
    CHECK(desk.did() == "close A, fire A on 0 lock 10000");
    desk.publish(maker, B, delta, 101);
    CHECK(desk.did() == "close B, fire B on 1 lock 3000");
}

TEST_CASE("lock: of several trips that one cancel serves, the longest") {
    Plan plan = plan_of({});
    add_limit(plan, 100).lock = 2s;
    add_limit(plan, 200).lock = 5s;
    plan.rules[1].name = "far";
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.publish(maker, A, delta, 201);
    desk.forget();
    desk.answer(link(0), AnswerClass::ambiguous);
    CHECK(desk.did() == "fire A on 0 lock 5000");
}

TEST_CASE("lock: re-arming sends lockInterval 0 and opens the gate when that is accepted") {
    Desk desk = locked_desk();
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A, fired A");
    CHECK(desk.did() == "fire A on 0");
    CHECK(desk.state(A) == "releasing");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.told() == "answered A, lock_released A");
    CHECK(desk.did() == "open A");
    CHECK(desk.state(A) == "armed");
    desk.wait(1min);
    CHECK(desk.did() == "");
}

TEST_CASE("lock: one that has run out by itself needs no release") {
    Desk desk = locked_desk();
    desk.wait(10s);
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");
    CHECK(desk.did() == "open A");
}

TEST_CASE("lock: without confirmation the gate opens when the lock has run out, and that is told") {
    Desk desk = locked_desk();
    desk.rearm({A});
    desk.answer(link(0), AnswerClass::refused);  // tried again in 5 s
    desk.wait(5s);
    desk.answer(link(0), AnswerClass::refused);
    desk.forget();
    desk.wait(5s - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "open A");
    CHECK(desk.told() == "lock_expired A");
    desk.wait(1min);
    CHECK(desk.did() == "");
}

TEST_CASE("lock: a trip while it is being released cancels again and latches again") {
    Desk desk = locked_desk();
    desk.rearm({A});
    desk.forget();
    desk.trip({A});
    CHECK(desk.told() == "tripped A, latched A, fired A");
    CHECK(desk.did() == "fire A on 1 lock 10000");
    desk.answer(link(0), AnswerClass::accepted);  // the release's, too late
    CHECK(desk.did() == "");
    CHECK(desk.state(A) == "cancelling");
    desk.answer(link(1), AnswerClass::accepted);
    CHECK(desk.did() == "fire A on 0 lock 10000");  // the release may have ended its lock
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("lock: a bad record while it is being released trips, though one had tripped before") {
    Plan plan = locking_plan();
    add_rule(plan, "bad", RuleKind::bad);
    Desk desk(plan);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    desk.publish(maker, A, delta, nan);
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    desk.forget();
    desk.publish(maker, A, delta, nan);
    CHECK(desk.told() == "tripped A by bad, latched A, fired A");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "cancelling");
}

TEST_CASE("lock: an unfinished cancel goes on without one, since its family is armed") {
    Desk desk(locking_plan());
    desk.trip({A});
    desk.answer(link(0), AnswerClass::failed);  // and may have locked
    desk.rearm({A});
    desk.forget();
    desk.wait(100ms);
    CHECK(desk.did() == "fire A on 0");
}

TEST_CASE("lock: a lost attempt may have begun one until its last bytes are dead") {
    Desk desk(locking_plan());
    desk.trip({A});
    desk.down(link(0));
    desk.answer(link(1), AnswerClass::nothing_left);
    desk.wait(1s);
    desk.rehearsed(link(1));
    desk.wait(9s);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.did() == "fire A on 1");  // 1 s of guard is not over
}

TEST_CASE("lock: releases leave the reserve to first cancels") {
    Plan plan = locking_plan({7});
    plan.accounts[0].budget.reserve = 2;
    Desk desk(plan);
    desk.trip({A, B, C, D, E});
    for (std::size_t l = 0; l < 5; ++l) desk.answer(link(l), AnswerClass::accepted);
    desk.wait(2005ms);
    desk.forget();
    desk.rearm({A, B, C, D, E});
    CHECK(desk.did() == "fire A on 0, fire B on 1, fire C on 2");
    desk.trip({F, G});
    CHECK(desk.did() == "close F, close G, fire F on 3 lock 10000, fire G on 4 lock 10000");
}

// ---- Which attempt settles the exchange's lock --------------------------------------------------

TEST_CASE(
    "lock: a cancel with a shorter lock than a trip that joined it wants is asked for again") {
    Plan plan = plan_of({});
    add_limit(plan, 100).lock = 0s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.trip({A});  // with none either: the family's own
    desk.engine.adopt(
        [&] {
            Plan with_lock = plan;
            with_lock.families[0].lock = 10s;
            return with_lock;
        }(),
        desk.now, desk.step);
    desk.trip({A});
    desk.forget();
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.told() == "answered A, lock_unconfirmed A, fired A");
    CHECK(desk.did() == "fire A on 0 lock 10000");
    CHECK(desk.state(A) == "cancelling");
    CHECK(desk.engine.family(A).repeat);  // it yields to first cancels
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("lock: a new trip's cancel that overtakes an unlocking is no proof of its lock") {
    Desk desk = locked_desk();
    desk.rearm({A});  // the unlocking is in flight on link 0
    desk.trip({A});
    desk.forget();
    desk.answer(link(1), AnswerClass::accepted);
    CHECK(desk.told() == "answered A, lock_unconfirmed A");
    CHECK(desk.did() == "");  // the unlocking may still end the lock
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire A on 0 lock 10000");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("lock: what a proxy answered may still end a lock, whatever sign of life came since") {
    Desk desk(locking_plan());
    desk.trip({A});
    desk.down(link(0));  // may still arrive, until a sign of life
    desk.answer(link(1), AnswerClass::accepted);
    desk.wait(900ms);
    desk.rearm({A});
    desk.give(link(1), {AnswerClass::failed, 502, no_code});  // the unlocking, which goes on
    desk.wait(100ms);
    desk.answer(link(1), AnswerClass::accepted);  // sent a guard after the loss: a sign of life
    CHECK(desk.state(A) == "armed");
    desk.wait(2 * Budget::round);
    desk.trip({A});
    desk.forget();
    desk.answer(desk.engine.family(A).link, AnswerClass::accepted);
    CHECK(desk.told() == "answered A, lock_unconfirmed A");
}

TEST_CASE("lock: a cancel of equal lock that is lost leaves the hedge's confirmation as it is") {
    Plan plan = locking_plan();
    plan.timings.hedge_min = 100ms;
    Desk desk(plan);
    desk.trip({A});
    desk.wait(desk.engine.hedge_after(AccountId{0}));
    desk.answer(link(1), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("lock: a trip while only the lock is asked for cancels again at once") {
    Desk desk = locked_desk();
    desk.rearm({A});
    desk.trip({A});
    desk.answer(link(1), AnswerClass::accepted);
    desk.forget();
    desk.trip({A});
    CHECK(desk.did() == "fire A on 1 lock 10000");
}

TEST_CASE("lock: armed again while only its lock is asked for, nothing more is cancelled") {
    Desk desk = locked_desk();
    desk.rearm({A});
    desk.trip({A});
    desk.answer(link(1), AnswerClass::accepted);
    desk.rearm({A});
    desk.forget();
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire A on 0");  // the unlocking alone
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "open A");
    CHECK(desk.state(A) == "armed");
}
