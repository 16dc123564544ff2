// Reads of orders beside what else a link and the budget are wanted for.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/reading.h"

using namespace scram;
using namespace scram::test;

namespace {

// Locks are held, and each link has made its account check.
Plan holding_plan(std::size_t families, std::uint8_t links) {
    Plan plan = reading_plan(families, links);
    for (FamilySpec& family : plan.families) {
        family.lock = 1s;
        family.hold = true;
    }
    return plan;
}

// A was tripped and its cancel accepted. Its first read is in flight on link 2.
Desk reading_desk(Plan plan) {
    return Desk(std::move(plan), [](Desk& desk) {
        prove_all(desk);
        desk.trip({A});
        desk.answer(link(0), AnswerClass::accepted);
        desk.wait(verify_after);
        CHECK(desk.called() == "read A on 2");
    });
}

// And its lock is being renewed on link 0.
void begin_renewal(Desk& desk) {
    desk.wait(750ms);
    CHECK(desk.did() == "fire A on 0 lock 1000");
    desk.forget();
}

}  // namespace

TEST_CASE("verification: a read that was in flight beside a renewal counts") {
    Desk desk = reading_desk(holding_plan(1, 3));
    begin_renewal(desk);
    desk.answer(link(0), AnswerClass::accepted);
    desk.tell_orders(link(2), 0);
    CHECK(desk.told() == "answered A, orders_read A");
    desk.wait(verify_gap);
    desk.tell_orders(link(1), 0);
    CHECK(desk.state(A) == "verified");
}

TEST_CASE("verification: orders that are found during a renewal are cancelled at once") {
    Desk desk = reading_desk(holding_plan(1, 3));
    begin_renewal(desk);
    desk.tell_orders(link(2), 2);
    CHECK(desk.did() == "fire A on 1 lock 1000");
    desk.answer(link(0), AnswerClass::accepted);  // the renewal's, which counts for nothing now
    CHECK(desk.state(A) == "cancelling");
    desk.answer(link(1), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("verification: a renewal that waits for the budget holds up no read") {
    Plan plan = holding_plan(1, 3);
    plan.accounts[0].budget.slots = 1;
    plan.accounts[0].budget.reserve = 0;
    Desk desk = reading_desk(plan);
    desk.wait(700ms);
    desk.tell_orders(link(2), 0);
    desk.forget();
    desk.wait(verify_gap);
    CHECK(desk.called() == "read A on 1");
    CHECK(desk.did() == "");  // the renewal is due since 150 ms
}

TEST_CASE("verification: a page that shows MMP orders counts, whatever else it shows") {
    Desk desk = reading_desk(holding_plan(1, 3));
    desk.tell_orders(link(2), 1, 2);
    CHECK(desk.did() == "fire A on 0 lock 1000");
}

TEST_CASE("link: no rehearsal takes the last idle one beside a read") {
    Desk desk(holding_plan(1, 2));
    REQUIRE(desk.engine.phase(link(0)) == LinkPhase::calling);
    desk.down(link(1));
    desk.forget();
    desk.up(link(1));
    CHECK(desk.did() == "");
    desk.tell_nothing<AccountFacts>(link(0), AnswerClass::failed);
    CHECK(desk.did() == "rehearse 1");
}
