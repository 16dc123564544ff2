// Warning steps, shadow rules, and the sight of how near each value is to its limit.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/unit/core/rules/rules_rig.h"

using namespace scram;
using namespace scram::test;

namespace {

// "warned 0.5, warning_over 0.5": what was told of steps, and nothing else.
std::string steps_told(Desk& desk) {
    std::string text;
    for (const Event& event : std::exchange(desk.events, {})) {
        if (event.kind != EventKind::warned && event.kind != EventKind::warning_over) continue;
        text += (text.empty() ? "" : ", ") + std::string(name(event.kind)) + " " +
                std::to_string(event.share).substr(0, 4);
    }
    return text;
}

Plan plan_that_warns(Bound bound = Bound::beyond, double limit = 100) {
    Plan plan = plan_of({});
    add_limit(plan, limit, bound).warn = {0.5, 0.8};
    return plan;
}

}  // namespace

// ---- warn

TEST_CASE("warn: each step is told once when it is reached, and once when it is over") {
    Desk desk(plan_that_warns());
    const auto at = [&](double value) {
        desk.publish(maker, A, delta, value);
        return steps_told(desk);
    };
    CHECK(at(49.9) == "");
    CHECK(at(50) == "warned 0.50");
    CHECK(at(79) == "");
    CHECK(at(-85) == "warned 0.80");
    CHECK(at(80) == "");
    CHECK(at(75.1) == "");  // not yet 5 % of the limit below
    CHECK(at(74.9) == "warning_over 0.80");
    CHECK(at(79.9) == "");
    CHECK(at(80) == "warned 0.80");
    CHECK(at(0) == "warning_over 0.80, warning_over 0.50");
    CHECK(at(99) == "warned 0.50, warned 0.80");
}

TEST_CASE(
    "warn: the event tells rule, family, source, value, limit and step, and latches nothing") {
    Plan plan = plan_of({2, 2});
    add_limit(plan, 100).warn = {0.5};
    Desk desk(plan);
    desk.publish(other_maker, B, delta, -60);
    REQUIRE(desk.events.size() == 1);
    const Event& event = desk.events[0];
    CHECK(event.kind == EventKind::warned);
    CHECK(event.rule == RuleId{0});
    CHECK(event.family == B);
    CHECK(event.source == other_maker);
    CHECK(event.metric == delta);
    CHECK(event.value == -60);
    CHECK(event.limit == 100);
    CHECK(event.share == 0.5);
    CHECK(event.trip == TripId{});
    CHECK(desk.did() == "");
    CHECK_FALSE(desk.latched(B));
}

TEST_CASE("warn: a value that trembles around a step is told once") {
    Desk desk(plan_that_warns());
    for (int i = 0; i < 10'000; ++i) desk.publish(maker, A, delta, i % 2 == 0 ? 50.1 : 45.1);
    CHECK(steps_told(desk) == "warned 0.50");
}

TEST_CASE("warn: a small step has a small hysteresis, and is over some time") {
    Plan plan = plan_of({});
    add_limit(plan, 100).warn = {0.02};
    Desk desk(plan);
    desk.publish(maker, A, delta, 3);
    desk.publish(maker, A, delta, 1.1);
    CHECK(steps_told(desk) == "warned 0.02");
    desk.publish(maker, A, delta, 1);
    CHECK(steps_told(desk) == "warning_over 0.02");
}

TEST_CASE("warn: of each kind, what is used of the limit") {
    Plan below = plan_that_warns(Bound::below, -100);
    Desk loss(below);
    loss.publish(maker, A, delta, 1e6);
    loss.publish(maker, A, delta, -49);
    CHECK(steps_told(loss) == "");
    loss.publish(maker, A, delta, -51);
    CHECK(steps_told(loss) == "warned 0.50");

    Desk gain(plan_that_warns(Bound::above, 100));
    gain.publish(maker, A, delta, -1e6);
    CHECK(steps_told(gain) == "");
    gain.publish(maker, A, delta, 51);
    CHECK(steps_told(gain) == "warned 0.50");

    Plan fall = plan_of({});
    add_drawdown(fall, 100).warn = {0.5};
    Desk falling(fall);
    falling.publish(maker, A, pnl, 1000);
    falling.publish(maker, A, pnl, 949);
    CHECK(steps_told(falling) == "warned 0.50");

    Plan apart = plan_of({});
    add_divergence(apart, 10).warn = {0.5};
    Desk diverging(apart);
    diverging.publish(maker, A, delta, 100);
    diverging.publish(maker, A, pnl, 94);
    CHECK(steps_told(diverging) == "warned 0.50");
}

TEST_CASE("warn: over a window, the end comes by itself at the moment that was asked for") {
    for (const RuleKind kind : {RuleKind::change, RuleKind::count, RuleKind::drawdown}) {
        Plan plan = plan_of({});
        RuleSpec& rule = kind == RuleKind::change  ? add_change(plan, 10, within)
                         : kind == RuleKind::count ? add_count(plan, 10, within)
                                                   : add_drawdown(plan, 10);
        rule.metric = delta;
        rule.within = within;
        rule.warn = {0.5, 0.8};
        Desk desk(plan);
        desk.publish(maker, A, delta, 0);
        desk.publish(maker, A, delta, kind == RuleKind::drawdown ? -9 : 9);
        CHECK(steps_told(desk) == "warned 0.50, warned 0.80");
        desk.wait(within - 1ns);
        CHECK(steps_told(desk) == "");
        desk.wait(1s + 1ns);
        CHECK(steps_told(desk) == "warning_over 0.80, warning_over 0.50");
    }
}

TEST_CASE("warn: a latched family is told of as an armed one is") {
    Desk desk(plan_that_warns());
    desk.trip({A});
    desk.publish(maker, A, delta, 60);
    CHECK(steps_told(desk) == "warned 0.50");
}

TEST_CASE("warn: a trip comes with the steps below it, and the steps stay while it holds") {
    Desk desk(plan_that_warns());
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() ==
          "tripped A by limit, latched A, warned A by limit, warned A by limit, fired A");
    desk.publish(maker, A, delta, 150);
    CHECK(steps_told(desk) == "");
}

TEST_CASE("warn: a sum that is no number is beyond every step") {
    Plan plan = plan_of({1, 2});
    add_limit(plan, 100, Bound::below).limit = -100;
    plan.rules[0].warn = {0.5};
    Desk desk(plan);
    desk.publish(maker, A, delta, -1.7e308);
    desk.publish(other_maker, A, delta, -1.7e308);
    desk.publish(maker, A, delta, 0);
    desk.publish(other_maker, A, delta, 0);
    CHECK(steps_told(desk) == "warned 0.50, warning_over 0.50");
}

TEST_CASE("warn: a peak that starts over with an arming ends the steps of the old one") {
    Plan plan = plan_of({});
    add_drawdown(plan, 100).warn = {0.5};
    Desk desk(plan);
    desk.publish(maker, A, pnl, 0);
    desk.publish(maker, A, pnl, -60);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.rearm({A});
    CHECK(steps_told(desk) == "warning_over 0.50");
}

// ---- shadow

TEST_CASE("shadow: it tells what it would have done, and does nothing") {
    Plan plan = plan_of({});
    add_limit(plan, 100).shadow = true;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].kind == EventKind::would_trip);
    CHECK(desk.events[0].value == 101);
    CHECK(desk.events[0].limit == 100);
    CHECK(desk.events[0].trip == TripId{});
    CHECK(desk.told() == "would_trip A by limit");
    CHECK(desk.did() == "");
    CHECK_FALSE(desk.latched(A));
    desk.publish(maker, A, delta, 102);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() == "would_trip A by limit");
}

TEST_CASE("shadow: it is looked at as any other, with its time and its warnings") {
    Plan plan = plan_of({});
    RuleSpec& rule = add_limit(plan, 100);
    rule.shadow = true;
    rule.hold_for = 1s;
    rule.warn = {0.5};
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.wait(1s - 1ns);
    CHECK(desk.told() == "warned A by limit");
    desk.wait(1ns);
    CHECK(desk.told() == "would_trip A by limit");
}

TEST_CASE("shadow: it does not stand in the way of re-arming") {
    Plan plan = plan_of({});
    add_limit(plan, 100).shadow = true;
    add_rule(plan, "gone", RuleKind::gone).shadow = true;
    add_stale(plan, 1s).shadow = true;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.vanish(maker);
    desk.wait(2s);
    CHECK(desk.told() ==
          "would_trip A by limit, source_vanished, would_trip by gone, would_trip by stale");
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.forget();
    desk.rearm({A});
    CHECK(desk.told() == "rearmed A");
}

TEST_CASE("shadow: beside a rule that fires, each says its own") {
    Plan plan = plan_of({});
    add_limit(plan, 50).shadow = true;
    add_limit(plan, 100).name = "hard";
    Desk desk(plan);
    desk.publish(maker, A, delta, 60);
    CHECK(desk.told() == "would_trip A by limit");
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() == "would_trip A by limit, tripped A by hard, latched A, fired A");
    CHECK(desk.engine.family(A).trip == TripId{1});
}

TEST_CASE("shadow: bad records are told once for each time that the source joins") {
    Plan plan = plan_of({});
    add_rule(plan, "bad", RuleKind::bad).shadow = true;
    Desk desk(plan);
    scram_signal odd = desk.record(maker, A, delta, 1);
    odd.version = 9;
    for (int i = 0; i < 100; ++i) desk.hand_in(maker, odd);
    CHECK(desk.told() == "would_trip A by bad");
    desk.join(maker);
    desk.forget();
    desk.hand_in(maker, odd);
    CHECK(desk.told() == "would_trip A by bad");
    CHECK_FALSE(desk.latched(A));
}

// ---- sight

TEST_CASE(
    "distances: of every condition, its value, limit and share now, and whether it is known") {
    Plan plan = plan_of({2});
    add_limit(plan, -200, Bound::below);
    add_drawdown(plan, 50).metric = delta;
    add_change(plan, 40, within);
    add_count(plan, 80, within);
    add_divergence(plan, 400);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 20);
    desk.publish(maker, A, delta, -10);
    desk.publish(maker, A, pnl, 30);
    const auto all = desk.engine.rules().distances(desk.engine.metrics(), desk.now);
    REQUIRE(all.size() == 10);  // 5 rules, each for A and B
    const auto check = [&](std::size_t i, double value, double limit, double share) {
        CAPTURE(i);
        CHECK(all[i].rule == id_at<RuleId>(i / 2));
        CHECK(all[i].family == A);
        CHECK(all[i].source == none<SourceId>());
        CHECK(all[i].value == value);
        CHECK(all[i].limit == limit);
        CHECK(all[i].share == share);
        CHECK(all[i].known);
        CHECK_FALSE(all[i].holds);
        CHECK(all[i + 1].family == B);
        CHECK_FALSE(all[i + 1].known);
    };
    check(0, -10, -200, 0.05);
    check(2, -10, -30, 0.6);
    check(4, -30, 40, 0.75);
    check(6, 20, 80, 0.25);
    check(8, -40, 400, 0.1);
}

TEST_CASE("distances: a window is looked at as of now, and not touched") {
    Plan plan = plan_of({});
    add_change(plan, 40, within);
    add_count(plan, 40, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 30);
    const auto share = [&](std::size_t i, Time now) {
        return desk.engine.rules().distances(desk.engine.metrics(), now)[i].share;
    };
    for (std::size_t i : {0U, 1U}) {
        CHECK(share(i, desk.now + 1h) == 0);
        CHECK(share(i, desk.now) == 0.75);
    }
}

TEST_CASE("distances: a limit without shares says so, and one beyond its limit says how far") {
    Plan plan = plan_of({});
    add_limit(plan, 0, Bound::above);
    add_limit(plan, 10);
    Desk desk(plan);
    desk.publish(maker, A, delta, 25);
    const auto all = desk.engine.rules().distances(desk.engine.metrics(), desk.now);
    CHECK(std::isnan(all[0].share));
    CHECK(all[0].holds);
    CHECK(all[1].share == 2.5);
    CHECK(all[1].holds);
}

TEST_CASE(
    "nearest: of each rule the condition that has used most, and a known one before any other") {
    Plan plan = plan_of({3, 2});
    RuleSpec& rule = add_limit(plan, 100);
    rule.over = Over::each;
    add_limit(plan, 100).per = Per::all;
    Desk desk(plan);
    desk.publish(maker, A, delta, 10);
    desk.publish(other_maker, C, delta, -30);
    desk.publish(maker, C, delta, 20);
    NearestSearch search;  // one look a turn
    while (!desk.engine.rules().find_nearest(search, desk.engine.metrics(), desk.now, 1)) {
    }
    const auto& nearest = search.best;
    REQUIRE(nearest.size() == 2);
    CHECK(nearest[0].family == C);
    CHECK(nearest[0].source == other_maker);
    CHECK(nearest[0].share == 0.3);
    CHECK(nearest[1].rule == RuleId{1});
    CHECK(nearest[1].family == none<FamilyId>());
    CHECK(nearest[1].value == 0);
    REQUIRE(search.of_family.size() == 3);
    CHECK(search.of_family[index(A)].share == 0.1);
    CHECK(search.of_family[index(B)].rule == RuleId{1});
    CHECK(search.of_family[index(C)].share == 0.3);
}

TEST_CASE("nearest: a shadow can trip no family, and is near for its rule alone") {
    Plan plan = plan_of({1, 1});
    add_limit(plan, 10).shadow = true;
    Desk desk(plan);
    desk.publish(maker, A, delta, 9);
    NearestSearch search;
    CHECK(desk.engine.rules().find_nearest(search, desk.engine.metrics(), desk.now, 100));
    CHECK(search.best.at(0).share == 0.9);
    CHECK_FALSE(search.of_family.at(0).known);
}
