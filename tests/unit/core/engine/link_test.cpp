// Links and their rehearsals.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan plan_with_rehearsals(std::uint8_t links, std::size_t families = 1) {
    Plan plan = plan_of({families, 1, links});
    plan.timings.rehearse_every = 5s;
    return plan;
}

}  // namespace

TEST_CASE("link: a new one is rehearsed at once, and is idle after the answer") {
    Plan plan = plan_with_rehearsals(1);
    Engine engine(plan);
    Step step(plan);
    const Time now = time_from_ns(0) + 10s;
    CHECK(engine.phase(link(0)) == LinkPhase::down);
    engine.on_link_up(link(0), now, step);
    REQUIRE(step.actions.size() == 1);
    CHECK(text_of(step.actions[0]) == "rehearse 0");
    CHECK(engine.phase(link(0)) == LinkPhase::rehearsing);
    engine.on_rehearsed(link(0), true, {}, now + 3ms, step);
    CHECK(engine.phase(link(0)) == LinkPhase::idle);
    CHECK(engine.next_deadline() == now + 3ms + 5s);
}

TEST_CASE("link: each is rehearsed as often as the plan says") {
    Desk desk(plan_with_rehearsals(1));
    for (int i = 0; i < 3; ++i) {
        desk.wait(5s - 1ns);
        CHECK(desk.did() == "");
        desk.wait(1ns);
        CHECK(desk.did() == "rehearse 0");
        desk.rehearsed(link(0));
    }
}

TEST_CASE("link: one rehearsal at a time, so that a trip finds the others idle") {
    Desk desk(plan_with_rehearsals(3));
    desk.wait(5s);
    CHECK(desk.did() == "rehearse 0");
    desk.wait(10ms);
    CHECK(desk.did() == "");
    desk.trip({A});
    CHECK(desk.did() == "close A, fire A on 1");
    desk.rehearsed(link(0));
    CHECK(desk.did() == "rehearse 2");
}

TEST_CASE("link: a rehearsal without an answer resets its link") {
    Desk desk(plan_with_rehearsals(2));
    desk.wait(5s);
    desk.forget();
    desk.wait(1s - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "abort 0, rehearse 1");
    CHECK(desk.told() == "rehearsal_lost");
    desk.wait(500ms);
    CHECK(desk.did() == "");  // said once
    desk.down(link(0));
    desk.up(link(0));
    CHECK(desk.engine.phase(link(0)) == LinkPhase::idle);  // its turn comes after link 1
    desk.rehearsed(link(1));
    CHECK(desk.did() == "rehearse 0");
}

TEST_CASE("link: a rehearsal that does not tell the time is told, and the link stays") {
    Desk desk(plan_with_rehearsals(1));
    desk.wait(5s);
    desk.forget();
    desk.rehearsed(link(0), false);
    CHECK(desk.told() == "rehearsal_failed");
    CHECK(desk.did() == "");
    CHECK(desk.engine.phase(link(0)) == LinkPhase::idle);
}

TEST_CASE("link: the last idle one is not rehearsed while a cancel is due") {
    Plan plan = plan_with_rehearsals(1, 2);
    plan.accounts[0].budget.slots = 1;
    plan.accounts[0].budget.reserve = 0;
    plan.timings.rehearse_every = 1s;
    Desk desk(plan);
    desk.trip({A, B});
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.wait(2005ms - 1ns);  // B waits for its slot; a rehearsal was due since 1 s
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "fire B on 0");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "rehearse 0");
}

TEST_CASE("link: a cancel that finds its only link rehearsing leaves with the answer") {
    Desk desk(plan_with_rehearsals(1));
    desk.wait(5s);
    desk.trip({A});
    CHECK(desk.did() == "rehearse 0, close A");
    desk.rehearsed(link(0));
    CHECK(desk.did() == "fire A on 0");
}

TEST_CASE("link: a rehearsing link that goes down is no more to be waited for") {
    Desk desk(plan_with_rehearsals(2));
    desk.wait(5s);
    desk.forget();
    desk.down(link(0));
    CHECK(desk.told() == "link_down");
    CHECK(desk.did() == "rehearse 1");
    desk.wait(900ms);
    desk.rehearsed(link(1));
    desk.wait(200ms);
    CHECK(desk.did() == "");  // no abort of link 0
}

TEST_CASE("link: rehearsals cost nothing of the cancel budget") {
    Desk desk(plan_with_rehearsals(1));
    desk.wait(5s);
    REQUIRE(desk.engine.phase(link(0)) == LinkPhase::rehearsing);
    CHECK(desk.engine.budget(account).free_slots(desk.now) == 5);
}

TEST_CASE("link: accounts rehearse side by side") {
    Plan plan = plan_with_rehearsals(1, 2);
    plan.accounts.push_back({"mm-2", {}, 1});
    plan.families[1].account = AccountId{1};
    Desk desk(plan);
    desk.wait(5s);
    CHECK(desk.did() == "rehearse 0, rehearse 1");
}

TEST_CASE("link: rehearsals of all links keep their distance, since OKX counts them by address") {
    Plan plan = plan_of({3, 1, 2});
    plan.timings.rehearse_every = 1s;
    plan.timings.rehearse_gap = 250ms;
    Desk desk(plan);
    std::vector<Time> sent;
    for (int i = 0; i < 400; ++i) {
        desk.wait(10ms);
        for (const Action& action : desk.actions) {
            if (action.kind == ActionKind::rehearse) sent.push_back(desk.now);
        }
        for (std::size_t l = 0; l < desk.engine.link_count(); ++l) {
            if (desk.engine.phase(link(l)) == LinkPhase::rehearsing) desk.rehearsed(link(l));
        }
        desk.forget();
    }
    REQUIRE(sent.size() > 5);
    for (std::size_t i = 1; i < sent.size(); ++i) CHECK(sent[i] - sent[i - 1] >= 250ms);
}

TEST_CASE("link: with more links than there is time for, each is rehearsed in its turn") {
    Plan plan = plan_of({1, 1, 8});
    plan.timings.rehearse_every = 1s;
    plan.timings.rehearse_gap = 250ms;  // four of eight in a second
    Desk desk(plan);
    std::vector<int> turns(8);
    for (int i = 0; i < 4000; ++i) {
        desk.wait(10ms);
        for (std::size_t l = 0; l < 8; ++l) {
            if (desk.engine.phase(link(l)) != LinkPhase::rehearsing) continue;
            ++turns[l];
            desk.rehearsed(link(l));
        }
    }
    for (const int turn : turns) CHECK(turn >= 18);
}

TEST_CASE("link: a rehearsal that frees a lost slot waits for no other account's") {
    Plan plan = plan_of({2, 1, 5});
    plan.accounts.push_back({"mm-2", {}, 2});
    plan.families[1].account = AccountId{1};
    plan.timings.rehearse_every = 500ms;
    plan.timings.rehearse_gap = 250ms;  // two of seven in their time
    Desk desk(plan);
    const auto live = [&desk](Duration span) {
        for (const Time end = desk.now + span; desk.now < end;) {
            desk.wait(10ms);
            for (std::size_t l = 0; l < 7; ++l) {
                if (desk.engine.phase(link(l)) == LinkPhase::rehearsing) desk.rehearsed(link(l));
            }
        }
    };
    for (int i = 0; i < 7; ++i) {  // wherever in the turn of links it comes
        live(5s + i * 250ms);
        desk.trip({B});
        desk.down(link(5));
        desk.answer(link(6), AnswerClass::accepted);
        live(990ms);
        CHECK(desk.engine.budget(AccountId{1}).silent_until() != never);
        live(280ms);
        CHECK(desk.engine.budget(AccountId{1}).silent_until() == never);
        desk.warm(link(5));
        desk.rearm({B});
        if (desk.engine.phase(link(5)) == LinkPhase::firing)
            desk.answer(link(5), AnswerClass::accepted);
    }
}

namespace {

// The exchange cuts each connection that carries a rehearsal.
void cut_each_rehearsal(Desk& desk) {
    for (std::size_t l = 0; l < desk.engine.link_count(); ++l) {
        if (desk.engine.phase(link(l)) == LinkPhase::rehearsing) desk.down(link(l));
    }
}

}  // namespace

TEST_CASE("link: one that lost two rehearsals in a row lives until the next before it is asked") {
    Desk desk(plan_with_rehearsals(1));
    desk.wait(5s);
    for (int i = 0; i < 2; ++i) {
        REQUIRE(desk.engine.phase(link(0)) == LinkPhase::rehearsing);
        desk.down(link(0));
        desk.up(link(0));
    }
    desk.forget();
    CHECK(desk.engine.phase(link(0)) == LinkPhase::idle);
    CHECK(desk.engine.rehearsals_failed(account) == 2);
    desk.wait(5s - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "rehearse 0");
    desk.rehearsed(link(0));
    CHECK(desk.engine.rehearsals_failed(account) == 0);
    desk.down(link(0));
    desk.up(link(0));
    CHECK(desk.engine.phase(link(0)) == LinkPhase::rehearsing);  // it is well again: at once
}

TEST_CASE("link: a bad answer to a rehearsal counts as a failure, and leaves the link as it is") {
    Desk desk(plan_with_rehearsals(1));
    for (std::uint32_t i = 1; i <= 3; ++i) {
        desk.wait(5s);
        desk.rehearsed(link(0), false);
        CHECK(desk.engine.rehearsals_failed(account) == i);
    }
}

TEST_CASE("link: where each rehearsal costs its link, the last one that is up is spared") {
    Plan plan = plan_with_rehearsals(2);
    plan.timings.rehearse_gap = 250ms;
    Desk desk(plan);
    constexpr Duration to_come_up = 600ms;  // longer than the gap between two rehearsals
    std::vector<Time> back(2, never);
    for (int i = 0; i < 6000; ++i) {
        desk.wait(10ms);
        cut_each_rehearsal(desk);
        std::size_t up = 0;
        for (std::size_t l = 0; l < 2; ++l) {
            const bool down = desk.engine.phase(link(l)) == LinkPhase::down;
            if (down && back[l] == never) back[l] = desk.now + to_come_up;
            if (down && back[l] <= desk.now) {
                desk.up(link(l));
                back[l] = never;
            }
            up += desk.engine.phase(link(l)) != LinkPhase::down;
        }
        if (i > 1000) CHECK(up > 0);
    }
}

TEST_CASE("link: the last one that is up is asked late, though it is asked") {
    Desk desk(plan_with_rehearsals(2));
    desk.wait(5s);
    desk.down(link(0));  // for good
    for (int i = 0; i < 2; ++i) {
        REQUIRE(desk.engine.phase(link(1)) == LinkPhase::rehearsing);
        desk.down(link(1));
        desk.up(link(1));
    }
    desk.forget();
    desk.wait(10s - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "rehearse 1");
}

TEST_CASE("link: a cancel that is due and finds none idle wants one, until it has left") {
    Desk desk(plan_of({2, 1, 1}));
    CHECK_FALSE(desk.engine.wants_link());
    desk.trip({A, B});
    CHECK(desk.did() == "close A, close B, fire A on 0");
    CHECK(desk.engine.wants_link());
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire B on 0");
    CHECK_FALSE(desk.engine.wants_link());
}

TEST_CASE("link: what waits for the budget wants none") {
    Desk desk(plan_of({6, 1, 6}));
    desk.trip({A, B, C, D, E, F});
    CHECK_FALSE(desk.engine.wants_link());
}
