// Rules of kind stale: silence, and what is read late.
#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("stale: silence trips at its nanosecond, at the deadline that the engine told") {
    Plan plan = plan_of({2});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.heartbeat(maker);
    const Time last = desk.now;
    desk.wait(3s - 1ns);
    CHECK(desk.did() == "");
    desk.wait(1ns);
    CHECK(desk.now == last + 3s);
    CHECK(desk.did() == "close A, close B, fire A on 0, fire B on 1");
    CHECK(desk.events[0].value == 3000);
    CHECK(desk.events[0].limit == 3000);
    CHECK(desk.events[0].source == maker);
}

TEST_CASE("stale: any sign of life puts it off, also one just before the end") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.wait(2s);
    desk.publish(maker, A, delta, 1);
    desk.wait(3s - 1ns);
    desk.heartbeat(maker);
    desk.wait(3s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped by stale, latched A, fired A");
}

TEST_CASE("stale: with a metric, other metrics and heartbeats are no sign of it") {
    Plan plan = plan_of({2});
    add_stale(plan, 3s).metric = pnl;
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1);
    desk.publish(maker, B, pnl, 1);
    desk.wait(2s);
    desk.heartbeat(maker);
    desk.publish(maker, A, delta, 1);
    desk.publish(maker, B, pnl, 1);
    desk.wait(1s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped A by stale, latched A, fired A");
    desk.wait(2s - 1ns);
    CHECK(desk.told() == "attempt_lost A, fired A");
    desk.wait(1ns);
    CHECK(desk.latched(B));
}

TEST_CASE("stale: with a metric, a source that never publishes it has its time from attach on") {
    Plan plan = plan_of({});
    add_stale(plan, 3s).metric = pnl;
    Desk desk(plan);
    desk.wait(3s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped A by stale, latched A, fired A");
}

TEST_CASE("stale: with a metric, only families that the source may publish for are watched") {
    Plan plan = plan_of({2});
    plan.sources[0].families = {B};
    add_stale(plan, 3s).metric = pnl;
    Desk desk(plan);
    desk.wait(1h);
    CHECK_FALSE(desk.latched(A));
    CHECK(desk.latched(B));
}

TEST_CASE("stale: one that never attached is not silent") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Engine engine(plan);
    CHECK(engine.next_deadline() == never);
}

TEST_CASE("stale: a goodbye ends the watch, a new attach begins it") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.leave(maker);
    desk.wait(1min);
    CHECK(desk.told() == "source_left");
    desk.join(maker);
    desk.wait(3s - 1ns);
    CHECK(desk.told() == "source_joined");
    desk.wait(1ns);
    CHECK(desk.latched(A));
}

TEST_CASE("stale: a maker that died without detaching is silent, also where no rule says gone") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.vanish(maker);
    desk.wait(3s);
    CHECK(desk.latched(A));
}

TEST_CASE(
    "stale: who has vanished is not silent as well, where a rule of kind gone kills the same") {
    for (const bool of_metric : {false, true}) {
        Plan plan = plan_of({2});
        if (of_metric)
            add_stale(plan, 3s).metric = delta;
        else
            add_stale(plan, 3s);
        add_rule(plan, "gone", RuleKind::gone);
        Desk desk(plan);
        desk.publish(maker, A, delta, 1);
        desk.vanish(maker);
        CHECK(desk.told() ==
              "source_vanished, tripped by gone, latched A, latched B, fired A, fired B");
        for (const LinkId its : {link(0), link(1)}) desk.answer(its, AnswerClass::accepted);
        const TripId trip = desk.engine.family(A).wanted_by;
        desk.wait(1h);
        desk.join(maker);
        desk.publish(maker, A, delta, 1);
        desk.forget();
        desk.rearm_by({A, B}, {trip});
        CHECK_FALSE(desk.latched(A));
        CHECK_FALSE(desk.latched(B));
    }
}

TEST_CASE("stale: who has vanished is silent for the families that no rule of kind gone kills") {
    for (const bool shadow : {false, true}) {
        Plan plan = plan_of({2});
        add_stale(plan, 3s);
        RuleSpec& gone = add_rule(plan, "gone", RuleKind::gone);
        gone.shadow = shadow;
        if (!shadow) gone.kills = {A};
        Desk desk(plan);
        desk.vanish(maker);
        CHECK_FALSE(desk.latched(B));
        desk.wait(3s);
        CHECK(desk.latched(B));
    }
}

TEST_CASE("stale: a silence that held ends where its source vanishes, and gone holds instead") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    add_rule(plan, "gone", RuleKind::gone);
    Desk desk(plan);
    desk.heartbeat(maker);
    desk.wait(3s);
    desk.vanish_unheard(maker);
    CHECK(desk.engine.rule_that_holds(A) != none<RuleId>());
    desk.join(maker);
    desk.wait(0s);
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    CHECK_FALSE(desk.latched(A));
}

TEST_CASE("stale: with a metric, a value grows old whoever has left") {
    Plan plan = plan_of({2});
    add_stale(plan, 1500ms).metric = delta;
    Desk desk(plan);
    desk.leave(maker);
    for (int i = 0; i < 4; ++i) {  // a feed that comes, says one thing and leaves
        desk.join(maker);
        desk.publish(maker, A, delta, 1);
        desk.leave(maker);
        desk.wait(500ms);
    }
    desk.forget();
    desk.wait(1s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped A by stale, latched A, fired A");
    CHECK(desk.engine.rule_that_holds(A) != none<RuleId>());
    CHECK_FALSE(desk.latched(B));  // nobody ever published for it
    desk.answer(link(0), AnswerClass::accepted);
    desk.join(maker);
    desk.publish(maker, A, delta, 1);
    desk.leave(maker);
    desk.rearm({A});
    CHECK_FALSE(desk.latched(A));
}

TEST_CASE("stale: it trips again after the source came back, and was re-armed") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.wait(3s);
    desk.answer(link(0), AnswerClass::accepted);
    desk.wait(1s);
    desk.heartbeat(maker);
    desk.rearm({A});
    CHECK_FALSE(desk.latched(A));
    desk.forget();
    desk.wait(3s - 1ns);
    CHECK(desk.told() == "");
    desk.wait(1ns);
    CHECK(desk.told() == "tripped by stale, latched A, fired A");
}

TEST_CASE("stale: a silence after a sign that a late loop did not look at in time is a new one") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.wait(3s);
    desk.answer(link(0), AnswerClass::accepted);
    desk.now += 1s;
    desk.heartbeat(maker);
    desk.forget();
    desk.now += 10s;
    desk.time();
    CHECK(desk.told() == "tripped by stale, fired A");
}

TEST_CASE("stale: of two sources, each is watched") {
    Plan plan = plan_of({2, 2});
    plan.sources[0].families = {A};
    plan.sources[1].families = {B};
    add_stale(plan, 3s);
    Desk desk(plan);
    for (int i = 0; i < 10; ++i) {
        desk.heartbeat(maker);
        desk.wait(1s);
    }
    CHECK_FALSE(desk.latched(A));
    CHECK(desk.latched(B));
}

TEST_CASE("stale: what was published in time is no silence, however late it is read") {
    for (const bool of_metric : {false, true}) {
        Plan plan = plan_of({1, 2});
        RuleSpec& rule = add_stale(plan, 2s);
        if (of_metric) rule.metric = delta;
        Desk desk(plan);
        desk.publish(maker, A, delta, 1);
        desk.publish(other_maker, A, delta, 1);
        const Time stopped = desk.now;
        desk.now += 5s;
        for (const SourceId source : {maker, other_maker}) {
            for (int i = 1; i <= 5; ++i) {
                scram_signal signal = desk.record(source, A, delta, 1);
                signal.published_ns = ns_of(stopped + i * 1s);
                desk.hand_in(source, signal);
            }
        }
        desk.time();
        CHECK(desk.told() == "");
        desk.wait(2s - 1ns);
        CHECK(desk.told() == "");
        desk.wait(1ns);
        CHECK(desk.latched(A));
    }
}

TEST_CASE("stale: a source's signals say nothing about another whose signals are not read yet") {
    Plan plan = plan_of({1, 2});
    add_stale(plan, 2s);
    Desk desk(plan);
    desk.now += 1s;
    desk.heartbeat(maker);
    desk.now += 1500ms;
    desk.heartbeat(maker);
    CHECK(desk.told() == "");
    std::vector<SourceId> due;
    desk.engine.due_sources(desk.now, due);
    CHECK(due == std::vector{other_maker});
    scram_signal signal = desk.record(other_maker, A, delta, 1);
    signal.published_ns -= ns_of(Time{} + 1s);
    desk.hand_in(other_maker, signal);
    desk.time();
    CHECK(desk.told() == "");
}

TEST_CASE("stale: a stamp in the future, or from the beginning of time, is a sign of life now") {
    for (const std::int64_t stamp : {std::int64_t{0}, std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max()}) {
        Plan plan = plan_of({});
        add_stale(plan, 2s);
        Desk desk(plan);
        desk.now += 1s;
        scram_signal signal = desk.record(maker, A, delta, 1);
        signal.published_ns = stamp;
        desk.hand_in(maker, signal);
        desk.wait(2s - 1ns);
        CHECK(desk.told() == "");
        desk.wait(1ns);
        CHECK(desk.latched(A));
    }
}

TEST_CASE("for: a breach that ended in time does not trip, however late that is read") {
    Plan plan = plan_of({});
    add_limit(plan, 100).hold_for = 1s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.now += 3s;
    std::vector<SourceId> due;
    desk.engine.due_sources(desk.now, due);
    CHECK(due == std::vector{maker});
    scram_signal signal = desk.record(maker, A, delta, 99);
    signal.published_ns -= ns_of(Time{} + 2500ms);
    desk.hand_in(maker, signal);
    desk.time();
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 101);
    desk.now += 3s;
    desk.publish(maker, A, delta, 99);  // it lasted until now
    CHECK(desk.latched(A));
}

TEST_CASE("stale: a sign of life that comes after the deadline does not undo the silence") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.now += 3s + 1ms;  // the loop was late; the signal is read before on_time()
    desk.heartbeat(maker);
    desk.wait(0s);
    CHECK(desk.latched(A));
}
