#include "daemon/scram_now/kill.h"

#include <doctest/doctest.h>

#include <string>

using namespace scram;

namespace {

constexpr Time start = time_from_ns(1'000'000'000'000);
constexpr Time until = start + 60s;
constexpr Answer yes{AnswerClass::accepted, 200, 0};
constexpr Answer nothing_left{AnswerClass::nothing_left, 200, 51405};
constexpr Answer busy{AnswerClass::failed, 503, 50001};
constexpr Answer stale{AnswerClass::clock, 401, 50102};
constexpr FamilyId A{0}, B{1};

constexpr LinkId link(std::size_t i) {
    return id_at<LinkId>(i);
}

Plan plan_of(std::size_t families, std::uint8_t links, BudgetSpec budget = {}) {
    Plan plan;
    plan.accounts.push_back({"mm-1", budget, links});
    for (std::size_t f = 0; f < families; ++f) {
        const std::string name = "F" + std::to_string(f) + "-USD";
        plan.families.push_back({"mm-1/" + name, AccountId{0}, name, 10'000ms});
    }
    return plan;
}

// "0 rehearsed, 1 fires A": by links.
std::string told(const Step& step) {
    std::string out;
    for (const Action& action : step.actions) {
        if (action.kind == ActionKind::close_gate) continue;
        out += (out.empty() ? "" : ", ") + std::to_string(index(action.link));
        if (action.kind == ActionKind::fire)
            out += std::string(" fires ") + static_cast<char>('A' + index(action.family));
        if (action.kind == ActionKind::rehearse) out += " asks";
        if (action.kind == ActionKind::abort_link) out += " ends";
    }
    return out;
}

}  // namespace

TEST_CASE("now kill: it asks for the exchange's time, and then fires all there are links for") {
    NowKill kill(plan_of(2, 3), start, until);
    CHECK(told(kill.link_up(link(0), start)) == "0 asks");
    CHECK(told(kill.link_up(link(1), start + 1ms)).empty());
    CHECK_FALSE(kill.has_begun());
    CHECK(told(kill.rehearsed(link(0), true, 200, true, start + 5ms)) == "0 fires A, 1 fires B");
    CHECK(kill.has_begun());
    kill.answered(link(1), nothing_left, true, start + 9ms);
    CHECK_FALSE(kill.over());
    kill.answered(link(0), yes, true, start + 10ms);
    CHECK(kill.over());
    CHECK(kill.outcome(A).at == start + 10ms);
    CHECK(kill.outcome(B).answer->code == 51405);
    CHECK(kill.outcome(B).requests == 1);
}

TEST_CASE("now kill: where the plan has reads it goes on until the exchange's book shows nothing") {
    Plan plan = plan_of(1, 2);
    plan.reads = true;
    NowKill kill(plan, start, until);
    kill.link_up(link(0), start);
    kill.link_up(link(1), start);
    kill.rehearsed(link(0), true, 200, true, start);
    kill.answered(link(0), yes, true, start + 10ms);
    CHECK(kill.outcome(A).accepted);
    Time now = start + 10ms;
    const auto read = [&](std::uint32_t orders) {  // on whatever link it is made
        for (;;) {
            now = kill.next_deadline();
            REQUIRE(now < until);
            const Step* step = &kill.on_time(now);
            for (const LinkId its : {link(0), link(1)}) {
                if (step->calls.empty() && kill.engine().phase(its) == LinkPhase::rehearsing)
                    step = &kill.rehearsed(its, true, 200, true, now);
            }
            if (step->calls.empty()) continue;
            const LinkId at = step->calls[0].link;
            OrdersPage page;
            page.mmp = orders;
            return told(kill.told(at, {{AnswerClass::accepted, 200, 0}, page}, true, now));
        }
    };
    CHECK(read(3) == "0 fires A");
    kill.answered(link(0), yes, true, now + 10ms);
    read(0);
    CHECK_FALSE(kill.over());
    read(0);
    CHECK(kill.over());
    CHECK(kill.outcome(A).verified);
    CHECK(kill.outcome(A).at == now);
    CHECK(kill.outcome(A).requests == 2);
}

TEST_CASE("now kill: when time is up nothing is read either, and what was accepted stays so") {
    Plan plan = plan_of(1, 2);
    plan.reads = true;
    NowKill kill(plan, start, start + 20ms);
    kill.link_up(link(0), start);
    kill.rehearsed(link(0), true, 200, true, start);
    kill.answered(link(0), yes, true, start + 10ms);
    CHECK_FALSE(kill.over());
    CHECK(kill.on_time(start + 40ms).calls.empty());
    CHECK(kill.over());
    CHECK(kill.outcome(A).accepted);
    CHECK_FALSE(kill.outcome(A).verified);
}

TEST_CASE("now kill: an answer without the time will do, and a connection lost instead of it") {
    NowKill answered(plan_of(1, 2), start, until);
    answered.link_up(link(0), start);
    CHECK(told(answered.rehearsed(link(0), false, 403, true, start + 5ms)) == "0 fires A");
    NowKill lost(plan_of(1, 2), start, until);
    lost.link_up(link(0), start);
    lost.link_up(link(1), start);
    CHECK(told(lost.link_down(link(0), Taken::nothing, start + 5ms)) == "1 fires A");
}

TEST_CASE("now kill: a time that does not come holds up nothing beyond a moment") {
    NowKill kill(plan_of(1, 2), start, until);
    kill.on_time(start);
    CHECK((kill.next_deadline() == until));
    kill.link_up(link(0), start);
    kill.link_up(link(1), start + 2ms);
    Time now = start + 2ms;
    while (!kill.has_begun()) {
        REQUIRE(kill.next_deadline() > now);
        now = kill.next_deadline();
        REQUIRE(now <= start + 500ms);
        kill.on_time(now);
    }
    CHECK(now == start + 500ms);
    CHECK(kill.outcome(A).requests == 1);
}

TEST_CASE("now kill: a link that comes up later cancels first and is asked for the time after") {
    NowKill kill(plan_of(2, 3), start, until);
    kill.link_up(link(0), start);
    CHECK(told(kill.rehearsed(link(0), true, 200, true, start + 5ms)) == "0 fires A");
    CHECK(told(kill.link_up(link(1), start + 6ms)) == "1 fires B");
}

TEST_CASE("now kill: a refused time is asked for again, and holds back what is due") {
    NowKill kill(plan_of(2, 2), start, until);
    kill.link_up(link(0), start);
    CHECK(told(kill.rehearsed(link(0), false, 403, true, start)) == "0 fires A");
    CHECK(told(kill.answered(link(0), stale, true, start + 10ms)) == "0 asks");
    CHECK(told(kill.link_up(link(1), start + 11ms)).empty());
    CHECK(told(kill.rehearsed(link(0), true, 200, true, start + 20ms))
              .ends_with("fires B, 1 fires A"));
}

TEST_CASE("now kill: the slot of a lost request is free again after a sign of life, as scramd's") {
    NowKill kill(plan_of(1, 1, {.slots = 1, .reserve = 0}), start, until);
    kill.link_up(link(0), start);
    kill.rehearsed(link(0), true, 200, true, start);
    kill.link_down(link(0), Taken::unknown, start + 100ms);
    // The connection that comes up may have been made while the exchange stood still.
    CHECK(told(kill.link_up(link(0), start + 200ms)).empty());
    Time now = start + 200ms;
    std::string all;
    while (kill.outcome(A).requests < 2 && now < until) {
        now = kill.next_deadline();
        all += told(kill.on_time(now)) + "; ";
        if (kill.engine().phase(link(0)) == LinkPhase::rehearsing)
            kill.rehearsed(link(0), true, 200, true, now);
    }
    CHECK(now == start + 100ms + BudgetSpec{}.guard + BudgetSpec{}.window + Budget::round);
}

TEST_CASE(
    "now kill: what is told of a family is its last request's answer, or that there was none") {
    NowKill kill(plan_of(1, 2), start, until);
    kill.link_up(link(0), start);
    kill.link_up(link(1), start);
    kill.rehearsed(link(0), true, 200, true, start);
    kill.answered(link(0), busy, true, start + 10ms);
    CHECK(kill.outcome(A).answer->code == 50001);
    kill.on_time(start + 10ms + Timings{}.retry_first);
    CHECK(kill.outcome(A).in_flight == 1);
    CHECK(told(kill.link_down(link(0), Taken::unknown, start + 200ms)) == "1 fires A");
    CHECK_FALSE(kill.outcome(A).answer);
    CHECK(kill.outcome(A).requests == 3);
}

TEST_CASE("now kill: when time is up nothing leaves, and what is in flight is waited for") {
    NowKill kill(plan_of(2, 2), start, start + 1s);
    kill.link_up(link(0), start);
    kill.rehearsed(link(0), true, 200, true, start + 900ms);
    kill.on_time(start + 1s);
    CHECK_FALSE(kill.over());
    CHECK(told(kill.link_up(link(1), start + 1s)).empty());
    CHECK(told(kill.answered(link(0), busy, true, start + 1100ms)).empty());
    CHECK(kill.over());
    CHECK(kill.outcome(A).requests == 1);
    CHECK(kill.outcome(A).answer->code == 50001);
    CHECK(kill.outcome(B).requests == 0);
}

TEST_CASE("now kill: without a connection until the end nothing was sent") {
    NowKill kill(plan_of(1, 2), start, start + 1s);
    kill.on_time(start + 1s);
    CHECK(kill.over());
    CHECK(told(kill.link_up(link(0), start + 2s)).empty());
    CHECK(kill.outcome(A).requests == 0);
}
