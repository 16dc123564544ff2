// Looks at the exchange's book before a trip: never at a cancel's cost, nor at that of a read which
// verifies.
#include "core/engine/looks.h"

#include <doctest/doctest.h>

#include "tests/unit/core/engine/reading.h"

using namespace scram;
using namespace scram::test;

namespace {

Desk looking_desk(std::size_t families = 1, std::uint8_t links = 3) {
    return Desk(reading_plan(families, links), [](Desk& desk) { prove_all(desk); });
}

std::string state_of_look(const Desk& desk, FamilyId family) {
    return std::string(name(desk.engine.look(family).state));
}

void tell_page(Desk& desk, LinkId id, std::uint32_t mmp, std::uint32_t others, bool full) {
    OrdersPage page;
    page.mmp = mmp;
    page.others = others;
    page.full = full;
    desk.tell(id, page);
}

}  // namespace

TEST_CASE("looks: one counts the MMP orders that rest") {
    Desk desk = looking_desk();
    CHECK(state_of_look(desk, A) == "nobody has asked");
    desk.look({A});
    CHECK(desk.called() == "read A on 2");
    CHECK(is_under_way(desk.engine.look(A)));
    desk.tell_orders(link(2), 3);
    CHECK(desk.told() == "orders_told A");
    CHECK(desk.did() == "");  // they are nobody's to cancel
    CHECK(state_of_look(desk, A) == "told");
    CHECK(desk.engine.look(A).orders == 3);
    CHECK_FALSE(desk.engine.look(A).more);
    CHECK(desk.engine.look(A).at == desk.now);
}

TEST_CASE("looks: a full page is a count that may be short, another's rows are none") {
    Desk desk = looking_desk();
    desk.look({A});
    tell_page(desk, link(2), orders_per_page, 0, true);
    CHECK(desk.engine.look(A).orders == orders_per_page);
    CHECK(desk.engine.look(A).more);
    desk.look({A});
    tell_page(desk, link(2), 0, 2, false);
    CHECK(state_of_look(desk, A) == "the exchange did not tell");
}

TEST_CASE("looks: one at a time of an account, each family once, however many ask") {
    Desk desk = looking_desk(3);
    desk.look({A, B});
    desk.look({B, A});
    CHECK(desk.called() == "read A on 2");
    desk.tell_orders(link(2), 1);
    CHECK(desk.called() == "read B on 2");
    desk.look({C});
    desk.tell_orders(link(2), 0);
    CHECK(desk.called() == "read C on 2");
    desk.tell_orders(link(2), 2);
    CHECK(desk.called() == "");
    CHECK(desk.told() == "orders_told A, orders_told B, orders_told C");
    CHECK(desk.engine.look(A).orders == 1);
    CHECK(desk.engine.look(C).orders == 2);
}

TEST_CASE("looks: the last idle link is left to cancels, and one that comes back is used") {
    Desk desk = looking_desk(1, 2);
    desk.down(link(1));
    desk.look({A});
    CHECK(desk.called() == "");
    desk.wait(5s);
    CHECK(desk.called() == "");
    desk.warm(link(1));
    desk.tell_nothing<AccountFacts>(link(1), AnswerClass::failed);  // it is proven first
    CHECK(desk.called() == "config on 1, read A on 1");
}

TEST_CASE("looks: one that gets no turn ends, and says so") {
    Desk desk = looking_desk(1, 2);
    desk.down(link(1));
    desk.forget();
    desk.look({A});
    desk.wait(look_patience - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "orders_told A");
    CHECK(state_of_look(desk, A) == "no link to spare for it");
    CHECK(desk.called() == "");
}

TEST_CASE("looks: the one link of an account is left to cancels: told at once") {
    Desk desk = looking_desk(1, 1);
    desk.look({A});
    CHECK(desk.told() == "orders_told A");
    CHECK(state_of_look(desk, A) == "no link to spare for it");
}

TEST_CASE("looks: without reads there is none") {
    Desk desk(plan_of({1, 1, 3}));
    desk.look({A});
    CHECK(desk.called() == "");
    CHECK(state_of_look(desk, A) == "no link to spare for it");
}

TEST_CASE("looks: a trip of the family ends one that waits or is in flight, and leaves at once") {
    Desk desk = looking_desk(2);
    desk.look({A, B});
    desk.forget();
    desk.trip({A, B});
    CHECK(desk.did() == "close A, close B, fire A on 0, fire B on 1");
    CHECK(state_of_look(desk, A) == "a trip came before");
    CHECK(state_of_look(desk, B) == "a trip came before");
    desk.forget();
    desk.tell_orders(link(2), 7);  // of before the trip: nothing is made of it
    CHECK(desk.told() == "");
    CHECK(desk.engine.look(A).orders == 0);
    CHECK(desk.did() == "");
}

TEST_CASE("looks: the answer of one that a trip ended is not that of the next") {
    Desk desk = looking_desk();
    desk.look({A});
    desk.trip({A});
    desk.look({A});
    desk.tell_orders(link(2), 7);
    CHECK(state_of_look(desk, A) == "no turn for it yet");
}

TEST_CASE("looks: they wait while anything of the account is cancelled or verified") {
    Desk desk = looking_desk(2);
    desk.trip({A});
    desk.forget();
    desk.look({B});
    CHECK(desk.called() == "");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.called() == "");
    desk.wait(verify_after);
    CHECK(desk.called() == "read A on 2");
    desk.tell_orders(link(2), 0);
    CHECK(desk.called() == "");
    desk.wait(verify_gap);
    CHECK(desk.called() == "read A on 1");
    desk.tell_orders(link(1), 0);
    CHECK(desk.called() == "count A on 2");
    desk.tell_orders(link(2), 0);
    CHECK(desk.called() == "read B on 2");
}

TEST_CASE("looks: they have a limit of their own, and the reads that verify theirs") {
    Desk desk = looking_desk();
    for (int i = 0; i < 8; ++i) {
        desk.look({A});
        desk.tell_orders(link(2), 1);
    }
    desk.forget();
    desk.look({A});
    CHECK(desk.called() == "");
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(verify_after);
    CHECK(desk.called() == "read A on 2");
    desk.tell_orders(link(2), 0);
    desk.wait(verify_gap);
    desk.tell_orders(link(1), 0);
    desk.tell_orders(link(2), 0);
    desk.forget();
    desk.look({A});
    desk.wait(2005ms - verify_after - verify_gap - 1ns);
    CHECK(desk.called() == "");
    desk.wait(1ns);
    CHECK(desk.called() == "read A on 2");
}

TEST_CASE("looks: one that fails says why, and is not tried again") {
    Desk desk = looking_desk();
    desk.look({A});
    desk.forget();
    SUBCASE("the exchange refuses it") {
        desk.tell_nothing<OrdersPage>(link(2), AnswerClass::refused, 50113);
        CHECK(state_of_look(desk, A) == "the exchange did not tell");
        CHECK(desk.engine.look(A).answer.code == 50113);
    }
    SUBCASE("its link was lost") {
        desk.down(link(2));
        CHECK(state_of_look(desk, A) == "no answer");
    }
    SUBCASE("it could not be signed") {
        desk.not_called(link(2));
        CHECK(state_of_look(desk, A) == "no answer");
    }
    SUBCASE("it is overdue") {
        desk.wait(1s);
        CHECK(state_of_look(desk, A) == "no answer");
    }
    desk.wait(3s);
    CHECK(desk.called() == "");
    desk.look({A});
    CHECK(is_under_way(desk.engine.look(A)));
}
