// Rules of kind gone: a source that vanished.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("gone: a source that vanishes takes its families with it, and no others") {
    Plan plan = plan_of({3, 2});
    plan.sources[0].families = {A, C};
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    desk.vanish(maker);
    CHECK(desk.did() == "close A, close C, fire A on 0, fire C on 1");
    CHECK(desk.told() ==
          "source_vanished, tripped by gone, latched A, latched C, fired A, fired C");
    CHECK(desk.engine.phase(maker) == SourcePhase::vanished);
}

TEST_CASE("gone: a goodbye is no fault") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    desk.leave(maker);
    CHECK(desk.did() == "");
    CHECK(desk.engine.phase(maker) == SourcePhase::left);
}

TEST_CASE("gone: a source outside the rule may vanish, and a list of kills is obeyed") {
    Plan plan = plan_of({2, 2});
    RuleSpec& rule = add_rule(plan, "gone", RuleKind::gone);
    rule.sources = {other_maker};
    rule.kills = {B};
    Desk desk(plan);
    desk.vanish(maker);
    CHECK(desk.did() == "");
    desk.vanish(other_maker);
    CHECK(desk.did() == "close B, fire B on 0");
}

TEST_CASE("gone: it trips again each time that the source comes back and vanishes") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    desk.vanish(maker);
    desk.answer(link(0), AnswerClass::accepted);
    desk.join(maker);
    desk.rearm({A});
    CHECK_FALSE(desk.latched(A));
    desk.vanish(maker);
    CHECK(desk.latched(A));
}

TEST_CASE("gone: one that never sent a signal has no quotes, and its vanishing trips nothing") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.vanish_unheard(maker);
    CHECK(desk.told() == "source_vanished");
    desk.wait(1h);
    CHECK(desk.told() == "");
    CHECK(desk.engine.rule_that_holds(A) == none<RuleId>());
    desk.join(maker);
    desk.wait(3s);
    CHECK(desk.latched(A));  // as long as it is there, it owes signs of life
}

TEST_CASE("gone: one whose quotes may rest trips, though it came back without a word") {
    Plan plan = plan_of({2});
    add_rule(plan, "gone", RuleKind::gone).kills = {A};
    Desk desk(plan);
    desk.vanish(maker);
    desk.join(maker);  // what it quotes for B was not cancelled
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    CHECK_FALSE(desk.latched(A));
    desk.vanish_unheard(maker);
    CHECK(desk.latched(A));
}

TEST_CASE("gone: after a goodbye, or a cancel of all that it had, a source begins without quotes") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    desk.heartbeat(maker);
    desk.leave(maker);
    desk.join(maker);
    desk.vanish_unheard(maker);
    CHECK_FALSE(desk.latched(A));
    desk.join(maker);
    desk.vanish(maker);
    CHECK(desk.latched(A));
    desk.answer(link(0), AnswerClass::accepted);
    desk.join(maker);
    desk.rearm({A});
    desk.forget();
    desk.vanish_unheard(maker);
    CHECK(desk.told() == "source_vanished");
}

TEST_CASE("gone: a goodbye before the connection closed is no fault, also if both are told") {
    Plan plan = plan_of({});
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    desk.leave(maker);
    desk.vanish(maker);
    CHECK_FALSE(desk.latched(A));
}
