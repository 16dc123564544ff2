// The engine from a trip to the wire: gates, order of fire, budget, links.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

const std::vector<FamilyId> seven = {A, B, C, D, E, F, G};

}  // namespace

TEST_CASE("trip: an operator's hand closes the gate and fires, in his name") {
    Desk desk(plan_of({}));
    desk.trip({A});
    CHECK(desk.did() == "close A, fire A on 0");
    REQUIRE(desk.events.size() == 3);
    const Event& trip = desk.events[0];
    CHECK(trip.kind == EventKind::tripped);
    CHECK(trip.family == A);
    CHECK(trip.rule == none<RuleId>());
    CHECK(trip.by.view() == "uid 1 (ann)");
    CHECK(trip.text.view() == "news");
    CHECK(desk.events[1].kind == EventKind::latched);
    CHECK(desk.events[1].trip == trip.trip);
    CHECK(desk.events[2].kind == EventKind::fired);
    CHECK(desk.events[2].trip == trip.trip);
    CHECK(desk.events[2].attempt == AttemptId{1});
}

TEST_CASE("trip: an overlong reason is cut, not refused") {
    Desk desk(plan_of({}));
    const std::string longest(500, 'x');
    desk.step.clear();
    const std::vector<FamilyId> families = {A};
    desk.engine.on_trip(families, {longest, longest}, desk.now, desk.step);
    CHECK(desk.step.events[0].by.view() == longest.substr(0, 32));
    CHECK(desk.step.events[0].text.view() == longest.substr(0, 160));
    CHECK(desk.step.actions.size() == 2);
}

TEST_CASE("trip: a switch goes armed, cancelling, accepted") {
    Desk desk(plan_of({}));
    CHECK(desk.state(A) == "armed");
    desk.trip({A});
    CHECK(desk.state(A) == "cancelling");
    CHECK(desk.engine.phase(link(0)) == LinkPhase::firing);
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.state(A) == "accepted");
    CHECK(desk.latched(A));
    CHECK(desk.engine.phase(link(0)) == LinkPhase::idle);
    desk.rearm({A});
    CHECK(desk.state(A) == "armed");
}

TEST_CASE("trip: all gates close before anything is sent, and sending follows the plan's order") {
    Desk desk(plan_of({5}));
    desk.trip({E, C, A, D, B});
    CHECK(desk.did() ==
          "close E, close C, close A, close D, close B, "
          "fire A on 0, fire B on 1, fire C on 2, fire D on 3, fire E on 4");
}

TEST_CASE("trip: five of seven at once, two when the window of the first answers is over") {
    Desk desk(plan_of({7}));
    desk.trip(seven);
    CHECK(desk.did() ==
          "close A, close B, close C, close D, close E, close F, close G, "
          "fire A on 0, fire B on 1, fire C on 2, fire D on 3, fire E on 4");
    CHECK(desk.state(F) == "tripped");
    for (std::size_t i = 0; i < 5; ++i) {
        desk.wait(10ms);
        desk.answer(link(i), AnswerClass::accepted);
    }
    CHECK(desk.did() == "");
    desk.wait(2005ms - 40ms - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.did() == "fire F on 0");  // the slot of the first answer
    desk.wait(10ms);
    CHECK(desk.did() == "fire G on 1");  // and of the second
    desk.wait(10ms);
    desk.answer(link(0), AnswerClass::accepted);
    desk.answer(link(1), AnswerClass::accepted);
    for (const FamilyId family : seven) CHECK(desk.state(family) == "accepted");
}

TEST_CASE("trip: trips for a family that is being cancelled are served by its one request") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.trip({A});
    desk.trip({A});
    desk.publish(maker, A, delta, 101);
    CHECK(desk.did() == "close A, fire A on 0");
    CHECK(desk.told() == "tripped A, latched A, fired A, tripped A, tripped A by limit");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "");
}

TEST_CASE("trip: rules that one signal breaches are one trip, and its one number arms all of it") {
    Plan plan = plan_of({3});
    add_limit(plan, 100).lock = 0ms;
    RuleSpec& wide = add_limit(plan, 50);
    wide.name = "wide";
    wide.kills = {A, B};
    wide.lock = 10s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.did() == "close A, close B, fire A on 0 lock 10000, fire B on 1 lock 10000");
    for (const Event& event : desk.events) CHECK(event.trip == TripId{1});
    CHECK(desk.told() ==
          "tripped A by limit, latched A, tripped A by wide, latched B, fired A, fired B");
    desk.answer(link(0), AnswerClass::accepted);
    desk.answer(link(1), AnswerClass::accepted);
    desk.publish(maker, A, delta, 0);
    desk.forget();
    desk.rearm_by({A, B}, {TripId{1}});
    CHECK(desk.told().starts_with("rearmed A, rearmed B"));
    desk.wait(1h);
    desk.forget();
    desk.publish(maker, A, delta, 101);
    CHECK(desk.events[0].trip == TripId{2});
}

TEST_CASE("trip: rules that one batch, one end or one silence breaches are one trip each") {
    Plan plan = plan_of({2});
    add_limit(plan, 100);
    add_limit(plan, -100, Bound::below).name = "low";
    add_rule(plan, "gone", RuleKind::gone).kills = {A};
    add_rule(plan, "gone too", RuleKind::gone).kills = {B};
    add_stale(plan, 1s).kills = {A};
    add_stale(plan, 1s).kills = {B};
    const auto trips = [](const Desk& desk) {
        std::vector<std::uint64_t> all;
        for (const Event& event : desk.events) {
            if (event.kind == EventKind::tripped)
                all.push_back(static_cast<std::uint64_t>(event.trip));
        }
        return all;
    };
    Desk batch(plan);
    scram_signal first = batch.record(maker, A, delta, 101);
    first.kind = SCRAM_VALUE_MORE;
    batch.hand_in(maker, first);
    batch.publish(maker, B, delta, -101);
    CHECK(trips(batch) == std::vector<std::uint64_t>{1, 1});
    Desk end(plan);
    end.vanish(maker);
    CHECK(trips(end) == std::vector<std::uint64_t>{1, 1});
    Desk silence(plan);
    silence.wait(1s);
    CHECK(trips(silence) == std::vector<std::uint64_t>{1, 1});
}

TEST_CASE("trip: a rule that was told just before is told of the next trip that it shares") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    add_limit(plan, 100).name = "same";
    Desk desk(plan);
    const auto settle = [&] {
        desk.answer(link(0), AnswerClass::accepted);
        desk.publish(maker, A, delta, 0);
        desk.rearm_by({A}, {desk.engine.family(A).trip});
        desk.forget();
    };
    desk.publish(maker, A, delta, 101);
    settle();
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() == "tripped A by limit, latched A, tripped A by same, fired A");
}

TEST_CASE("trip: an accepted family is cancelled again on a new trip, its gate is closed already") {
    Desk desk(plan_of({}));
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.trip({A});
    CHECK(desk.did() == "fire A on 0");
}

TEST_CASE("trip: repeats leave the budget's reserve to first cancels") {
    Desk desk(plan_of({6}));
    const std::vector<FamilyId> four = {A, B, C, D};
    desk.trip(four);
    for (std::size_t i = 0; i < 4; ++i) desk.answer(link(i), AnswerClass::accepted);
    desk.wait(2005ms);
    desk.forget();
    desk.trip(four);
    CHECK(desk.did() == "fire A on 0, fire B on 1, fire C on 2");
    desk.trip({E});
    CHECK(desk.did() == "close E, fire E on 3");
    desk.trip({F});
    CHECK(desk.did() == "close F, fire F on 4");
    for (std::size_t i = 0; i < 5; ++i) desk.answer(link(i), AnswerClass::accepted);
    desk.wait(2005ms);
    CHECK(desk.did() == "fire D on 0");
}

TEST_CASE("trip: first cancels go before retries, and those before repeats") {
    Plan plan = plan_of({3, 1, 1});
    plan.accounts[0].budget.reserve = 0;
    Desk desk(plan);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.trip({B});
    desk.trip({A});                                // a repeat, waiting for the link
    desk.answer(link(0), AnswerClass::ambiguous);  // B: again, at once
    CHECK(desk.engine.family(B).cancel == Cancel::in_flight);
    desk.trip({C});
    desk.forget();
    desk.answer(link(0), AnswerClass::ambiguous);
    CHECK(desk.did() == "fire C on 0");
    desk.wait(300ms);
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire B on 0");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "");
    desk.wait(1705ms);  // a window after the first answers
    CHECK(desk.did() == "fire A on 0");
}

TEST_CASE("trip: of families tried again, the one that waits longest goes first") {
    Desk desk(plan_of({3, 1, 2}));
    desk.trip({A, B});
    desk.wait(10ms);
    desk.answer(link(1), AnswerClass::failed);  // B: due at 110 ms
    desk.wait(20ms);
    desk.answer(link(0), AnswerClass::failed);  // A: due at 130 ms
    desk.trip({C});
    desk.down(link(1));
    desk.wait(200ms);
    desk.forget();
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire B on 0");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire A on 0");
}

TEST_CASE("trip: with one idle link, the second family waits for the first one's answer") {
    Desk desk(plan_of({2, 1, 1}));
    desk.trip({A, B});
    CHECK(desk.did() == "close A, close B, fire A on 0");
    desk.wait(500ms);
    CHECK(desk.did() == "");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "fire B on 0");
}

TEST_CASE("trip: without any link it waits, and fires on the first that comes up") {
    Desk desk(plan_of({1, 1, 2}));
    desk.down(link(0));
    desk.down(link(1));
    desk.forget();
    desk.trip({A});
    CHECK(desk.did() == "close A");
    CHECK(desk.state(A) == "tripped");
    desk.wait(1min);
    CHECK(desk.did() == "");
    desk.up(link(1));
    CHECK(desk.did() == "fire A on 1");
}

TEST_CASE("trip: accounts have budgets and links of their own") {
    Plan plan = plan_of({2, 1, 1});
    plan.accounts.push_back({"mm-2", {}, 1});
    plan.families[1].account = AccountId{1};
    Desk desk(plan);
    desk.trip({A, B});
    CHECK(desk.did() == "close A, close B, fire A on 0, fire B on 1");
    CHECK(desk.engine.account_of(link(1)) == AccountId{1});
    CHECK(desk.engine.budget(account).free_slots(desk.now) == 4);
    CHECK(desk.engine.budget(AccountId{1}).free_slots(desk.now) == 4);
}

TEST_CASE("trip: one signal that breaches two rules is two trips and one cancel") {
    Plan plan = plan_of({});
    add_limit(plan, 100).name = "small";
    add_limit(plan, 200).name = "large";
    Desk desk(plan);
    desk.publish(maker, A, delta, 201);
    CHECK(desk.did() == "close A, fire A on 0");
    CHECK(desk.told() == "tripped A by small, latched A, tripped A by large, fired A");
    CHECK(desk.engine.family(A).trip == TripId{1});
}

TEST_CASE("trip: trips and attempts are numbered from 1") {
    Desk desk(plan_of({2}));
    desk.trip({A});
    desk.trip({B});
    CHECK(desk.engine.family(A).trip == TripId{1});
    CHECK(desk.engine.family(B).trip == TripId{2});
    CHECK(desk.engine.family(A).attempt == AttemptId{1});
    CHECK(desk.engine.family(B).attempt == AttemptId{2});
}

TEST_CASE("trip: retries of one family leave a slot for another's first cancel") {
    Desk desk(plan_of({2}));
    desk.trip({A});
    for (const Duration pause : {100ms, 200ms, 400ms, 800ms}) {
        desk.answer(link(0), AnswerClass::failed);
        desk.wait(pause);
    }
    CHECK(desk.engine.family(A).cancel == Cancel::due);  // its fifth would have taken the last
    desk.forget();
    desk.trip({B});
    CHECK(desk.did() == "close B, fire B on 0");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.did() == "");
    desk.wait(605ms);  // a window after its second answer, since one stays back
    CHECK(desk.did() == "fire A on 0");
}

TEST_CASE("trip: what a signal decides has left on each account's links before what may wait") {
    Plan plan = plan_of({3, 1, 1});
    plan.accounts.push_back({"mm-2", {}, 1});
    plan.families[1].account = id_at<AccountId>(1);
    RuleSpec& rule = add_rule(plan, "delta", RuleKind::limit);
    rule.metric = delta;
    rule.limit = 1;
    rule.kills = {B, A};
    Desk desk(plan);
    CHECK(desk.engine.decide(maker, desk.record(maker, C, delta, 2), desk.now, desk.step));
    std::string did;
    for (const Action& action : desk.step.actions) did += text_of(action) + ", ";
    CHECK(did == "close B, close A, fire A on 0, fire B on 1, ");
    desk.step.actions.clear();
    desk.engine.conclude(desk.now, desk.step);
    CHECK(desk.step.actions.empty());
}
