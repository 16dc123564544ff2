// What the exchange's own book says of a trip, and what follows from it.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/reading.h"

using namespace scram;
using namespace scram::test;

namespace {

// Tripped, and its cancel is accepted.
Desk accepted_desk(Plan plan = reading_plan()) {
    return Desk(std::move(plan), [](Desk& desk) {
        prove_all(desk);
        desk.trip({A});
        desk.answer(link(0), AnswerClass::accepted);
        desk.wait(verify_after);
        CHECK(desk.called() == "read A on 2");
    });
}

}  // namespace

TEST_CASE("verification: two empty reads, 200 ms apart, on two links") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    CHECK(desk.told() == "orders_read A");
    CHECK(desk.state(A) == "accepted");
    desk.wait(verify_gap - 1ns);
    CHECK(desk.called() == "");
    desk.wait(1ns);
    CHECK(desk.called() == "read A on 1");
    desk.tell_orders(link(1), 0);
    CHECK(desk.told() == "orders_read A, verified A");
    CHECK(desk.state(A) == "verified");
}

TEST_CASE("verification: an account with one link reads both on it") {
    Desk desk(reading_plan(1, 1), [](Desk& its) {
        prove_all(its);
        its.trip({A});
        its.answer(link(0), AnswerClass::accepted);
    });
    desk.wait(verify_after - 1ns);
    REQUIRE(desk.engine.phase(link(0)) == LinkPhase::idle);
    desk.wait(1ns);
    REQUIRE(desk.engine.phase(link(0)) == LinkPhase::calling);
    desk.tell_orders(link(0), 0);
    desk.wait(verify_gap);
    desk.tell_orders(link(0), 0);
    CHECK(desk.state(A) == "verified");
}

TEST_CASE("verification: the second read waits for another link than the first's") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    desk.down(link(0));
    desk.forget();
    desk.wait(10s);
    CHECK(desk.called() == "read A on 1");  // not on 2, though that is the last a cancel would take
}

TEST_CASE("verification: what rests is cancelled again, and read anew twice") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    desk.wait(verify_gap);
    desk.forget();
    desk.tell_orders(link(1), 3);
    CHECK(desk.did() == "fire A on 0");
    CHECK(desk.told() == "orders_read A, fired A");
    CHECK(desk.state(A) == "cancelling");
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(verify_after);
    CHECK(desk.called() == "read A on 2");
    desk.tell_orders(link(2), 0);
    CHECK(desk.state(A) == "accepted");  // the empty read before counts no more
    desk.wait(verify_gap);
    desk.tell_orders(link(1), 0);
    CHECK(desk.state(A) == "verified");
}

TEST_CASE(
    "verification: orders that stay are cancelled without end, with pauses, within the budget") {
    Desk desk = accepted_desk();
    std::size_t cancels = 0;
    LinkId reads = link(2);
    const Time began = desk.now;
    while (desk.now - began < 60s) {
        if (desk.engine.phase(reads) == LinkPhase::calling) desk.tell_orders(reads, 1);
        for (std::size_t l = 0; l < 3; ++l) {
            if (desk.engine.phase(link(l)) != LinkPhase::firing) continue;
            ++cancels;
            desk.answer(link(l), AnswerClass::accepted);
        }
        for (std::size_t l = 0; l < 3; ++l) {
            if (desk.engine.phase(link(l)) == LinkPhase::calling) reads = link(l);
        }
        desk.wait(10ms);
    }
    CHECK(cancels >= 25);
    CHECK(cancels <= 40);
    CHECK(desk.engine.alarm(account, Alarm::unverified));
}

TEST_CASE("verification: a read without a usable answer proves nothing and is repeated") {
    Desk desk = accepted_desk();
    SUBCASE("an answer that tells nothing") {
        desk.tell_nothing<OrdersPage>(link(2), AnswerClass::failed, 50026);
        CHECK(desk.told() == "read_failed A");
    }
    SUBCASE("orders of other types, which were not asked for") {
        desk.tell_orders(link(2), 0, 2);
    }
    SUBCASE("its link was lost") {
        desk.down(link(2));
    }
    SUBCASE("it could not be signed") {
        desk.not_called(link(2));
    }
    SUBCASE("it is overdue") {
        desk.wait(1s);
        CHECK(desk.did() == "abort 2");
        desk.wait(100ms);
    }
    desk.forget();
    CHECK(desk.state(A) == "accepted");
    desk.wait(200ms);
    const LinkId again = desk.engine.phase(link(2)) == LinkPhase::calling ? link(2) : link(1);
    REQUIRE(desk.engine.phase(again) == LinkPhase::calling);
    desk.tell_orders(again, 0);
    CHECK(desk.state(A) == "accepted");
}

TEST_CASE("verification: a trip during a read starts over") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    desk.wait(verify_gap);
    REQUIRE(desk.engine.phase(link(1)) == LinkPhase::calling);
    desk.trip({A});
    REQUIRE(desk.engine.phase(link(0)) == LinkPhase::firing);
    desk.tell_orders(link(1), 0);
    CHECK(desk.state(A) == "cancelling");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
    desk.forget();
}

TEST_CASE("verification: no read begins while a cancel is due, nor on the last idle link") {
    Desk desk(reading_plan(3, 2), [](Desk& its) { prove_all(its); });
    desk.trip({A, B, C});
    CHECK(desk.did() == "close A, close B, close C, fire A on 0, fire B on 1");
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(verify_after);
    CHECK(desk.called() == "");  // C leaves on it
    desk.answer(link(1), AnswerClass::accepted);
    desk.wait(verify_after);
    CHECK(desk.called() == "");  // it is the last idle one
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.called() == "read A on 1");
}

TEST_CASE("verification: the family's other orders are counted at the end, page by page") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    desk.wait(verify_gap);
    desk.forget();
    desk.tell_orders(link(1), 0);
    CHECK(desk.called() == "count A on 2");
    OrdersPage page;
    page.others = orders_per_page;
    page.full = true;
    page.last = 700;
    desk.tell(link(2), page);
    CHECK(desk.called() == "count A on 2 after 700");
    desk.tell_orders(link(2), 0, 4);
    CHECK(desk.told() == "orders_read A, verified A, orders_rest A");
    CHECK(desk.engine.reads(A).rest == orders_per_page + 4);
    CHECK(desk.state(A) == "verified");
    desk.wait(1min);
    CHECK(desk.called() == "");
}

TEST_CASE("verification: pages that repeat end the count") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    desk.wait(verify_gap);
    desk.tell_orders(link(1), 0);
    OrdersPage page;
    page.others = orders_per_page;
    page.full = true;
    page.last = 700;
    desk.tell(link(2), page);
    desk.tell(link(2), page);
    CHECK(desk.engine.phase(link(2)) == LinkPhase::idle);
    CHECK(desk.engine.reads(A).rest_known);
}

TEST_CASE("verification: an MMP order that the count shows is cancelled, and verified no more") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    desk.wait(verify_gap);
    desk.tell_orders(link(1), 0);
    desk.forget();
    desk.tell_orders(link(2), 1, 5);
    CHECK(desk.did() == "fire A on 0");
    CHECK(desk.state(A) == "cancelling");
}

TEST_CASE("verification: what is armed again is read no more") {
    Desk desk = accepted_desk();
    desk.tell_orders(link(2), 0);
    desk.rearm({A});
    desk.forget();
    desk.wait(1min);
    CHECK(desk.called() == "");
    CHECK(desk.state(A) == "armed");
    CHECK_FALSE(desk.engine.alarm(account, Alarm::unverified));
}

TEST_CASE("verification: what is not verified for long is an alarm, for whatever reason") {
    Desk desk(reading_plan(), [](Desk& its) {
        prove_all(its);
        its.trip({A});
    });
    const Time began = desk.now;
    SUBCASE("refused") {
        desk.answer(link(0), AnswerClass::refused);
    }
    SUBCASE("an unknown code") {
        desk.answer(link(0), AnswerClass::failed);
    }
    SUBCASE("accepted, and the reads fail") {
        desk.answer(link(0), AnswerClass::accepted);
        desk.wait(verify_after);
        desk.tell_nothing<OrdersPage>(link(2), AnswerClass::refused, 50030);
    }
    desk.wait(desk.engine.plan().timings.unverified_after - (desk.now - began) - 1ns);
    CHECK_FALSE(desk.engine.alarm(account, Alarm::unverified));
    desk.wait(1ns);
    CHECK(desk.engine.alarm(account, Alarm::unverified));
    CHECK(desk.events.back().family == A);
    desk.rearm({A});
    desk.wait(1ns);
    CHECK_FALSE(desk.engine.alarm(account, Alarm::unverified));
}

TEST_CASE("verification: the alarm ends when the last is verified") {
    Desk desk = accepted_desk();
    desk.tell_nothing<OrdersPage>(link(2), AnswerClass::failed, 50026);
    for (int i = 0; i < 60; ++i) {
        for (const std::size_t l : {1u, 2u}) {
            if (desk.engine.phase(link(l)) == LinkPhase::calling)
                desk.tell_nothing<OrdersPage>(link(l), AnswerClass::failed, 50026);
        }
        desk.wait(100ms);
    }
    REQUIRE(desk.engine.alarm(account, Alarm::unverified));
    for (int i = 0; i < 60; ++i) {
        for (const std::size_t l : {1u, 2u}) {
            if (desk.engine.phase(link(l)) == LinkPhase::calling) desk.tell_orders(link(l), 0);
        }
        desk.wait(100ms);
    }
    CHECK(desk.state(A) == "verified");
    CHECK_FALSE(desk.engine.alarm(account, Alarm::unverified));
}

TEST_CASE("verification: a start reads what was accepted before it") {
    Desk desk(reading_plan());
    desk.start_again(reading_plan());
    Restored restored;
    restored.latched.push_back({A, TripId{7}, false, true, "latched before"});
    desk.step.clear();
    desk.engine.on_restored(restored, desk.now, desk.step);
    CHECK(desk.state(A) == "accepted");
    for (const std::size_t l : {0u, 1u, 2u}) desk.warm(link(l));
    desk.wait(10s);
    CHECK(desk.called().find("read A") != std::string::npos);
}

// ---- What a mass-cancel leaves ------------------------------------------------------------------

namespace {

OrdersPage page_of(std::initializer_list<std::uint64_t> ids) {
    OrdersPage page;
    for (const std::uint64_t id : ids) {
        page.rest[page.others].inst_id = FixedText<instrument_name_max>("F0-USD-261225-1-C");
        page.rest[page.others++].ord_id = id;
        page.last = id;
    }
    return page;
}

BatchFacts batch_of(std::uint8_t accepted, std::uint8_t refused = 0) {
    BatchFacts facts;
    facts.accepted = accepted;
    facts.refused = refused;
    return facts;
}

// Verified, and its other orders are asked for on link 2.
Desk verified_desk() {
    Plan plan = reading_plan();
    plan.families[0].cancel_rest = true;
    return Desk(plan, [](Desk& desk) {
        prove_all(desk);
        desk.trip({A});
        desk.answer(link(0), AnswerClass::accepted);
        desk.wait(verify_after);
        desk.tell_orders(link(2), 0);
        desk.wait(verify_gap);
        desk.tell_orders(link(1), 0);
    });
}

}  // namespace

TEST_CASE(
    "verification: what a mass-cancel leaves is cancelled by its ids, until two reads show none") {
    Desk desk = verified_desk();
    desk.tell(link(2), page_of({9, 7, 5}));
    CHECK(desk.called() == "cancel A on 2");
    REQUIRE(desk.engine.to_cancel(A).size() == 3);
    CHECK(desk.engine.to_cancel(A)[1].ord_id == 7);
    desk.tell(link(2), batch_of(3));
    CHECK(desk.told() == "rest_cancelled A");
    desk.wait(verify_gap);
    CHECK(desk.called() == "count A on 2");
    desk.tell(link(2), page_of({}));
    desk.wait(verify_gap - 1ns);
    CHECK(desk.called() == "");
    desk.wait(1ns);
    CHECK(desk.called() == "count A on 1");  // the page on 2 may be old
    CHECK_FALSE(desk.engine.reads(A).rest_known);
    desk.tell(link(1), page_of({}));
    CHECK(desk.engine.reads(A).rest_known);
    CHECK(desk.engine.reads(A).rest_cancelled == 3);
    desk.wait(1min);
    CHECK(desk.called() == "");
}

TEST_CASE("verification: orders that OKX will not cancel are tried again with pauses") {
    Desk desk = verified_desk();
    std::size_t calls = 0;
    const Time began = desk.now;
    while (desk.now - began < 60s) {
        for (std::size_t l = 0; l < 3; ++l) {
            if (desk.engine.phase(link(l)) != LinkPhase::calling) continue;
            if (desk.engine.call(link(l)).what == PrivateRequest::cancel_orders) {
                ++calls;
                desk.tell(link(l), batch_of(0, 1));
            } else {
                desk.tell(link(l), page_of({9}));
            }
        }
        desk.wait(10ms);
    }
    CHECK(calls >= 25);
    CHECK(calls <= 45);
    CHECK(desk.state(A) == "verified");
}

TEST_CASE("verification: nothing of what rests is cancelled once a person arms the family") {
    Desk desk = verified_desk();
    desk.rearm({A});
    desk.forget();
    desk.tell(link(2), page_of({9}));
    desk.wait(1min);
    CHECK(desk.called() == "");
}
