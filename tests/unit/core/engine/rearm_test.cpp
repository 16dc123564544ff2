// Re-arming: by whom, when it is refused, and what becomes of an unfinished cancel.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("re-arm: it opens the gate and says who and why") {
    Desk desk(plan_of({}));
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.did() == "open A");
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].kind == EventKind::rearmed);
    CHECK(desk.events[0].family == A);
    CHECK(desk.events[0].by.view() == "uid 1 (ann)");
    CHECK(desk.events[0].text.view() == "calm");
    CHECK(desk.state(A) == "armed");
}

TEST_CASE("re-arm: what is armed already stays as it is, without a word") {
    Desk desk(plan_of({}));
    desk.rearm({A});
    CHECK(desk.did() == "");
    CHECK(desk.told() == "");
}

TEST_CASE("re-arm: refused while a limit holds, by the rule's name") {
    Plan plan = plan_of({2});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.trip({B});
    desk.answer(link(1), AnswerClass::accepted);
    desk.forget();
    desk.rearm({A, B});
    CHECK(desk.told() == "rearm_refused A by limit, rearmed B");
    CHECK(desk.did() == "open B");
    CHECK(desk.engine.rule_that_holds(A) == RuleId{0});
    CHECK(desk.engine.rule_that_holds(B) == none<RuleId>());
    desk.publish(maker, A, delta, 100);
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");
}

TEST_CASE("re-arm: refused while one source of several is over its limit") {
    Plan plan = plan_of({1, 3});
    add_limit(plan, 100).over = Over::each;
    Desk desk(plan);
    desk.publish(SourceId{2}, A, delta, 101);
    desk.publish(other_maker, A, delta, 0);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.told() == "rearm_refused A by limit");
}

TEST_CASE("re-arm: refused for every family that a rule kills, also those it does not watch") {
    Plan plan = plan_of({3});
    RuleSpec& rule = add_limit(plan, 100);
    rule.families = {A};
    rule.kills = {B, C};
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.forget();
    desk.rearm({A, B, C});
    CHECK(desk.told() == "rearm_refused B by limit, rearm_refused C by limit");
}

TEST_CASE("re-arm: refused while a source is gone, until it is back") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    desk.vanish(maker);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.told() == "rearm_refused A by gone");
    desk.join(maker);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");
}

TEST_CASE("re-arm: refused while a source is silent, judged at this very moment") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.now += 3s;  // and on_time() has not been called
    desk.rearm({A});
    CHECK(desk.told() == "tripped by stale, rearm_refused A by stale, fired A");
    desk.heartbeat(maker);
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");
}

TEST_CASE("re-arm: by force, although a rule holds, and the event names that rule") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.rearm({A}, true);
    CHECK(desk.told() == "rearmed A by limit");
    CHECK(desk.did() == "open A");
    desk.publish(maker, A, delta, 102);  // it still holds: no new edge
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 99);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
}

TEST_CASE("re-arm: refused to one who names another trip than the one that latched it") {
    Desk desk(plan_of({2}));
    desk.trip({A, B});
    desk.answer(link(0), AnswerClass::accepted);
    desk.answer(link(1), AnswerClass::accepted);
    desk.trip({A});  // again, and the operator has not seen it
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.rearm_by({A, B}, {TripId{1}});
    CHECK(desk.told() == "rearm_refused A, rearmed B");
    CHECK(desk.did() == "open B");
    desk.rearm_by({A}, {});
    CHECK(desk.events[0].refusal == Refusal::other_trip);
    CHECK(desk.events[0].trip == TripId{2});
    desk.rearm_by({A}, {TripId{1}}, true);  // not even by force
    CHECK(desk.did() == "");
    desk.rearm_by({A}, {TripId{1}, TripId{2}});
    CHECK(desk.did() == "open A");
}

TEST_CASE(
    "re-arm: refused to one who has not seen the last trip, though an earlier cancel serves it") {
    Plan plan = plan_of({});
    RuleSpec& rule = add_limit(plan, 100);
    rule.hold_for = 50ms;
    Desk desk(plan);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::failed);  // goes on in 100 ms
    desk.publish(maker, A, delta, 101);
    desk.now += 50ms;  // the loop is late: the rule trips within the operator's own input
    desk.forget();
    desk.rearm_by({A}, {TripId{1}}, true);
    CHECK(desk.told() == "tripped A by limit, rearm_refused A by limit");
    CHECK(desk.latched(A));
    desk.rearm_by({A}, {TripId{2}}, true);
    CHECK_FALSE(desk.latched(A));
}

TEST_CASE(
    "re-arm: refused while a breach comes to light with it, though untold, or named in advance") {
    for (const TripId named : {TripId{1}, TripId{2}}) {
        Plan plan = plan_of({});
        add_limit(plan, 100).hold_for = 50ms;
        Desk desk(plan);
        if (named == TripId{1}) {
            desk.publish(maker, A, delta, 101);
            desk.wait(50ms);  // trip 1, of the same rule: what follows within a second is not told
            desk.answer(link(0), AnswerClass::failed);
            desk.publish(maker, A, delta, 0);
        } else {
            desk.trip({A});
            desk.answer(link(0), AnswerClass::failed);
        }
        desk.publish(maker, A, delta, 101);
        desk.now += 50ms;
        desk.forget();
        desk.rearm_by({A}, {named}, true);
        CHECK(desk.latched(A));
        CHECK(desk.events.back().kind != EventKind::rearmed);
    }
}

TEST_CASE(
    "re-arm: the gate stays closed while an attempt is in flight, which could cancel new quotes") {
    for (const AnswerClass answer : {AnswerClass::accepted, AnswerClass::failed}) {
        Desk desk(plan_of({}));
        desk.trip({A});
        desk.forget();
        desk.rearm({A});
        CHECK(desk.told() == "rearmed A");
        CHECK(desk.did() == "");
        CHECK(desk.state(A) == "releasing");
        desk.answer(link(0), answer);
        CHECK(desk.did() == "open A");
        CHECK(desk.state(A) == "armed");
    }
}

TEST_CASE("re-arm: attempts that are lost one by one do not keep the gate closed") {
    Plan plan = plan_of({});
    plan.timings.hedge_min = 100ms;
    Desk desk(plan);
    desk.trip({A});
    desk.wait(600ms);
    REQUIRE(desk.did() == "close A, fire A on 0, fire A on 1");
    desk.rearm({A});
    desk.wait(750ms);
    CHECK(desk.did() == "abort 0, abort 1, open A, fire A on 2");
    CHECK(desk.state(A) == "armed");
}

TEST_CASE("re-arm: an unfinished cancel goes on, and its confirmation latches nothing") {
    Desk desk(plan_of({}));
    desk.trip({A});
    desk.answer(link(0), AnswerClass::failed);
    desk.rearm({A});
    CHECK(desk.state(A) == "armed");
    desk.forget();
    desk.wait(100ms);
    CHECK(desk.did() == "fire A on 0");
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.told() == "fired A, answered A, accepted A");
    CHECK(desk.state(A) == "armed");
    CHECK(desk.engine.family(A).cancel == Cancel::idle);
}

TEST_CASE(
    "re-arm: a trip before the old attempt's answer fires at once, and only its answer counts") {
    for (const AnswerClass old :
         {AnswerClass::accepted, AnswerClass::failed, AnswerClass::refused}) {
        Desk desk(plan_of({}));
        desk.trip({A});
        desk.rearm({A});
        desk.forget();
        desk.trip({A});
        CHECK(desk.did() == "fire A on 1");
        CHECK(desk.told() == "tripped A, latched A, fired A");
        desk.answer(link(0), old);
        CHECK(desk.events[0].late);
        CHECK(desk.state(A) == "cancelling");
        desk.answer(link(1), AnswerClass::accepted);
        CHECK(desk.state(A) == "accepted");
        desk.wait(1min);
        CHECK(desk.did() == "");
    }
}

TEST_CASE("re-arm: a trip while the old cancel waits for its next try fires at once") {
    Desk desk(plan_of({}));
    desk.trip({A});
    desk.answer(link(0), AnswerClass::refused);  // again in 5 s
    desk.rearm({A});
    desk.forget();
    desk.trip({A});
    CHECK(desk.did() == "close A, fire A on 0");
    desk.answer(link(0), AnswerClass::failed);
    desk.wait(100ms);
    CHECK(desk.did() == "fire A on 0");  // the pauses started over, too
}

// ---- Of many families, with many conditions ----------------------------------------------------

TEST_CASE("re-arm: many families are armed a few in a turn, and all of them soon") {
    constexpr std::size_t families = 128, sources = 64;
    Plan plan = plan_of({families, sources});
    for (int r = 0; r < 4; ++r) {
        RuleSpec& rule = add_drawdown(plan, 100 + r);
        rule.name += std::to_string(r);
        rule.over = Over::each;
    }
    Desk desk(plan);
    const auto all = all_families(plan);
    for (const FamilyId family : all) {
        for (const SourceId source : all_sources(plan)) desk.publish(source, family, pnl, 5);
    }
    desk.trip(all);
    while (desk.engine.next_deadline() != never) {
        for (std::size_t l = 0; l < 5; ++l) {
            if (desk.engine.phase(link(l)) == LinkPhase::firing)
                desk.answer(link(l), AnswerClass::accepted);
        }
        if (desk.engine.family(all.back()).cancel == Cancel::accepted) break;
        desk.wait(1ms);
    }
    desk.forget();
    desk.rearm(all);
    CHECK(desk.events.size() >= families);  // each was answered at once
    std::size_t armed = 0, turns = 0;
    const std::size_t per_family = 4 * sources;  // conditions that start over
    const Time began = desk.now;
    for (;; ++turns) {
        CHECK(desk.actions.size() * per_family <= 3 * 4096);
        armed += desk.actions.size();
        desk.actions.clear();
        if (armed == families) break;
        REQUIRE(desk.engine.next_deadline() > desk.now);
        REQUIRE(desk.engine.next_deadline() < desk.now + 1ms);
        desk.now = desk.engine.next_deadline();
        desk.time();
    }
    CHECK(turns >= 8);
    CHECK(desk.now - began < 100ms);
    for (const FamilyId family : all) CHECK_FALSE(desk.latched(family));
}

TEST_CASE("re-arm: a breach between two turns of it latches again what was to be armed") {
    constexpr std::size_t families = 128, sources = 64;
    Plan plan = plan_of({families, sources});
    RuleSpec& fall = add_drawdown(plan, 100);
    fall.over = Over::each;
    add_limit(plan, 10);
    Desk desk(plan);
    const auto all = all_families(plan);
    desk.trip(all);
    for (int i = 0; desk.engine.family(all.back()).cancel != Cancel::accepted && i < 100'000; ++i) {
        for (std::size_t l = 0; l < 5; ++l) {
            if (desk.engine.phase(link(l)) == LinkPhase::firing)
                desk.answer(link(l), AnswerClass::accepted);
        }
        desk.wait(1ms);
    }
    desk.rearm(all);
    const FamilyId last = all.back();
    REQUIRE(desk.latched(last));
    desk.publish(maker, last, delta, 11);
    desk.wait(10ms);
    CHECK(desk.latched(last));
    CHECK_FALSE(desk.latched(A));
    CHECK(desk.engine.rule_that_holds(last) == RuleId{1});
}

TEST_CASE("re-arm: a trip of all that wait for a later turn leaves no turn to be asked for") {
    constexpr std::size_t families = 128, sources = 64;
    Plan plan = plan_of({families, sources});
    add_drawdown(plan, 100).over = Over::each;
    Desk desk(plan);
    const auto all = all_families(plan);
    for (const FamilyId family : all) {
        for (const SourceId source : all_sources(plan)) desk.publish(source, family, pnl, 5);
    }
    desk.trip(all);
    for (int i = 0; desk.engine.family(all.back()).cancel != Cancel::accepted && i < 100'000; ++i) {
        for (std::size_t l = 0; l < 5; ++l) {
            if (desk.engine.phase(link(l)) == LinkPhase::firing)
                desk.answer(link(l), AnswerClass::accepted);
        }
        desk.wait(1ms);
    }
    desk.rearm(all);
    REQUIRE(desk.latched(all.back()));
    desk.trip(all);
    desk.wait(10ms);  // and the loop does not spin
    CHECK(desk.latched(all.back()));
}

TEST_CASE(
    "re-arm: who stands in the way is the same, asked of one family, of all, or a few at a time") {
    Plan plan = plan_of({4, 2});
    add_limit(plan, 100);
    add_limit(plan, 50).kills = {B, D};
    add_limit(plan, 10).shadow = true;
    RuleSpec& sum = add_limit(plan, 140);
    sum.per = Per::all;
    add_stale(plan, 1s);
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    const auto agree = [&] {
        const auto found = desk.engine.rules().all_holding();
        for (const FamilyId family : all_families(plan))
            CHECK(found[index(family)] == desk.engine.rule_that_holds(family));
        NearestSearch search;
        while (!desk.engine.rules().find_nearest(search, desk.engine.metrics(), desk.now, 2)) {
        }
        CHECK(search.holding.by_family == found);
    };
    agree();
    desk.publish(maker, A, delta, 60);
    agree();
    desk.publish(other_maker, C, delta, 101);
    agree();
    desk.vanish(other_maker);
    desk.wait(2s);
    agree();
    CHECK(desk.engine.rule_that_holds(A) != none<RuleId>());
}
