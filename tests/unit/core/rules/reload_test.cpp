// What conditions remember through a reload: windows, pending times, warnings; and what not.
#include <doctest/doctest.h>

#include "tests/unit/core/rules/rules_rig.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("reload: windows go on, whatever became of the limit") {
    Plan plan = plan_of({});
    add_change(plan, 100, within);
    add_count(plan, 100, within);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 60);
    desk.wait(10s);
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed");
    plan.rules[0].limit = 50;
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, tripped A by change, latched A, fired A");
    plan.rules[1].limit = 50;
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, tripped A by count");  // its cancel is under way
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(within - 10s - 1ns);
    CHECK(desk.engine.rule_that_holds(A) == RuleId{0});
    desk.wait(1s + 1ns);
    CHECK(desk.engine.rule_that_holds(A) == none<RuleId>());
}

TEST_CASE("reload: a window of another length, and a rule of another name, start from now") {
    for (const bool renamed : {true, false}) {
        Plan plan = plan_of({});
        add_change(plan, 100, within);
        Desk desk(plan);
        desk.publish(maker, A, delta, 0);
        desk.publish(maker, A, delta, 60);
        plan.rules[0].limit = 50;
        if (renamed)
            plan.rules[0].name = "other";
        else
            plan.rules[0].within = 2 * within;
        desk.adopt(plan);
        CHECK(desk.told() == "plan_changed");
        desk.publish(maker, A, delta, 9);  // 51 from where it was at the reload
        CHECK(desk.latched(A));
    }
}

TEST_CASE("reload: a rule that moved to another place keeps what it knows") {
    Plan plan = plan_of({2});
    add_change(plan, 100, within);
    Desk desk(plan);
    desk.publish(maker, B, delta, 0);
    desk.publish(maker, B, delta, 60);
    Plan next = plan_of({2});
    add_count(next, 5, within);
    add_change(next, 10, 10ms).name = "new";
    next.rules.push_back(plan.rules[0]);
    desk.adopt(next);
    desk.forget();
    desk.publish(maker, B, delta, 60);
    CHECK(desk.told() == "");
    desk.publish(maker, B, delta, -41);
    CHECK(desk.latched(B));
}

TEST_CASE("reload: what is pending goes on to be, by its old time or by a new one") {
    Plan plan = plan_of({});
    add_limit(plan, 100).hold_for = 10s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.wait(4s);
    desk.adopt(plan);
    desk.forget();
    plan.rules[0].hold_for = 6s;
    desk.adopt(plan);
    desk.wait(2s - 1ns);
    CHECK(desk.told() == "plan_changed");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
}

TEST_CASE("reload: a time that is over by the new rule trips at once") {
    Plan plan = plan_of({});
    add_limit(plan, 100).hold_for = 10s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.wait(4s);
    plan.rules[0].hold_for = 3s;
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, tripped A by limit, latched A, fired A");
}

TEST_CASE("reload: a limit that is breached by it begins its time then, its value a first sample") {
    Plan plan = plan_of({});
    RuleSpec& rule = add_limit(plan, 100);
    rule.hold_for = 3s;
    rule.confirm = 2;
    Desk desk(plan);
    desk.publish(maker, A, delta, 80);
    desk.wait(1min);
    plan.rules[0].limit = 50;
    desk.adopt(plan);
    desk.wait(2s);
    desk.publish(maker, A, delta, 80);
    desk.wait(1s - 1ns);
    CHECK(desk.told() == "plan_changed");
    desk.wait(1ns);
    CHECK(desk.latched(A));
}

TEST_CASE("reload: many of them, one after another, are no samples") {
    Plan plan = plan_of({});
    add_limit(plan, 100).confirm = 3;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    for (int i = 0; i < 10; ++i) desk.adopt(plan);
    desk.publish(maker, A, delta, 101);
    CHECK_FALSE(desk.latched(A));
    desk.publish(maker, A, delta, 101);
    CHECK(desk.latched(A));
}

TEST_CASE("reload: a shadow that becomes a rule fires if it holds, at once") {
    Plan plan = plan_of({});
    add_limit(plan, 100).shadow = true;
    add_rule(plan, "gone", RuleKind::gone).shadow = true;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.vanish(maker);
    desk.forget();
    plan.rules[0].shadow = false;
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, tripped A by limit, latched A, fired A");
    plan.rules[1].shadow = false;
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, tripped by gone");
}

TEST_CASE("reload: a rule that becomes a shadow no longer stands in the way") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.answer(link(0), AnswerClass::accepted);
    plan.rules[0].shadow = true;
    desk.forget();
    desk.adopt(plan);
    desk.rearm({A});
    CHECK(desk.told() == "plan_changed, would_trip A by limit, rearmed A");
}

TEST_CASE("reload: steps that were told are not told again, but those of a new list are") {
    Plan plan = plan_of({});
    add_limit(plan, 100).warn = {0.5};
    Desk desk(plan);
    desk.publish(maker, A, delta, 60);
    desk.forget();
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed");
    plan.rules[0].warn = {0.55, 0.9};
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, warned A by limit");
    plan.rules[0].limit = 1000;
    desk.adopt(plan);
    CHECK(desk.told() == "plan_changed, warning_over A by limit");
}

TEST_CASE("reload: a rolling peak is not that since arming") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500);
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1000);
    desk.publish(maker, A, pnl, 600);
    plan.rules[0].within = within;
    desk.adopt(plan);
    desk.publish(maker, A, pnl, 101);
    CHECK(desk.told() == "plan_changed");
    desk.publish(maker, A, pnl, 99);
    CHECK(desk.latched(A));
}

TEST_CASE("reload: looks only at the conditions of rules that it changes") {
    Plan plan = plan_of({.families = 3, .sources = 2});
    add_limit(plan, 100);
    add_change(plan, 100, within).over = Over::each;
    add_limit(plan, 200).name = "wide";
    MetricTable table(2, 3, 2);
    RuleSet before(plan);
    FixedList<Breach> breaches(before.breaches_max());
    CHECK(before.on_reload(table, Time{}, breaches) == 3 + 6 + 3);
    const auto looked_at = [&](const Plan& next_plan) {
        RuleSet next(next_plan);
        next.carry_over(before);
        return next.on_reload(table, Time{}, breaches);
    };
    CHECK(looked_at(plan) == 0);
    plan.rules[0].lock = 500ms;  // how it is cancelled, not when
    CHECK(looked_at(plan) == 0);
    plan.rules[2].hold_for = 1s;
    CHECK(looked_at(plan) == 3);
    plan.rules[1].limit = 50;
    CHECK(looked_at(plan) == 6 + 3);
}

namespace {

// Everything that waits for something: windows, times, samples, warnings.
Plan plan_of_all_kinds() {
    Plan plan = plan_of({.families = 2, .sources = 2});
    add_limit(plan, 60).hold_for = 2s;
    plan.rules.back().warn = {0.5, 0.8};
    add_change(plan, 90, within).warn = {0.6};
    add_change(plan, 70, within).over = Over::each;
    plan.rules.back().name = "each";
    add_count(plan, 900, 10s).hold_for = 1s;
    add_drawdown(plan, 70).confirm = 2;
    add_drawdown(plan, 60).within = within;
    plan.rules.back().name = "rolling";
    for (RuleSpec& rule : plan.rules) rule.shadow = true;  // so that each tells all the time
    return plan;
}

}  // namespace

TEST_CASE("reload: the same rules again change nothing, whenever it comes") {
    const Plan plan = plan_of_all_kinds();
    Desk desk(plan), other(plan);
    std::uint64_t random = 7;
    const auto next = [&](std::uint64_t below) {
        random = random * 6364136223846793005 + 1442695040888963407;
        return (random >> 33) % below;
    };
    std::size_t told = 0;
    for (int i = 0; i < 3000; ++i) {
        const SourceId source = next(2) == 0 ? maker : other_maker;
        const FamilyId family = next(2) == 0 ? A : B;
        const MetricId metric = next(2) == 0 ? delta : pnl;
        const double value = static_cast<double>(next(100)) - 50;
        const Duration pause = milliseconds{static_cast<std::int64_t>(next(1500))};
        other.adopt(plan);
        desk.forget();
        other.forget();
        for (Desk* its : {&desk, &other}) {
            its->publish(source, family, metric, value);
            its->wait(pause);
        }
        const std::string it_told = desk.told();
        REQUIRE(other.told() == it_told);
        told += it_told.empty() ? 0 : 1;
    }
    CHECK(told > 300);
}
