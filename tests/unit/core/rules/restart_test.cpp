// A value that begins a new series: what compares over time starts at it.
#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

void restart(Desk& desk, SourceId source, FamilyId of, MetricId what, double value,
             bool more = false) {
    scram_signal signal = desk.record(source, of, what, value);
    signal.kind = more ? SCRAM_RESTART_MORE : SCRAM_RESTART;
    desk.hand_in(source, signal);
}

}  // namespace

TEST_CASE("restart: a drawdown's peak starts at the value, and it is told") {
    Plan plan = plan_of({});
    add_drawdown(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, pnl, 500);
    restart(desk, maker, A, pnl, 0);
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].kind == EventKind::series_restarted);
    CHECK(desk.events[0].family == A);
    CHECK(desk.events[0].source == maker);
    CHECK(desk.events[0].metric == pnl);
    CHECK(desk.events[0].value == 0);
    CHECK(desk.events[0].limit == 500);
    desk.forget();
    desk.publish(maker, A, pnl, 30);
    desk.publish(maker, A, pnl, -70);
    CHECK(desk.told() == "");
    desk.publish(maker, A, pnl, -71);
    CHECK(desk.latched(A));
}

TEST_CASE("restart: without it the same fall trips, and with it a limit does as ever") {
    Plan plan = plan_of({});
    add_drawdown(plan, 100);
    RuleSpec& loss = add_limit(plan, -50, Bound::below);
    loss.metric = pnl;
    Desk plain(plan), desk(plan);
    plain.publish(maker, A, pnl, 500);
    plain.publish(maker, A, pnl, 0);
    CHECK(plain.latched(A));
    desk.publish(maker, A, pnl, 500);
    restart(desk, maker, A, pnl, -51);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A, series_restarted A");
}

TEST_CASE("restart: rolling windows start at the value") {
    Plan plan = plan_of({});
    add_change(plan, 100, 10s);
    add_drawdown(plan, 100).within = 10s;
    Desk desk(plan);
    desk.publish(maker, A, delta, 500);
    desk.publish(maker, A, pnl, 500);
    restart(desk, maker, A, delta, 0);
    restart(desk, maker, A, pnl, 0);
    CHECK_FALSE(desk.latched(A));
    desk.publish(maker, A, delta, 100);
    desk.publish(maker, A, pnl, -100);
    CHECK_FALSE(desk.latched(A));
    SUBCASE("a change") {
        desk.publish(maker, A, delta, 101);
    }
    SUBCASE("a fall") {
        desk.publish(maker, A, pnl, -101);
    }
    CHECK(desk.latched(A));
}

TEST_CASE("restart: a count goes on by nothing, and what it counted stays") {
    Plan plan = plan_of({});
    add_count(plan, 10, 10s);
    Desk desk(plan);
    desk.publish(maker, A, delta, 0);
    desk.publish(maker, A, delta, 8);
    restart(desk, maker, A, delta, 100);
    desk.publish(maker, A, delta, 102);
    CHECK_FALSE(desk.latched(A));
    desk.publish(maker, A, delta, 103);
    CHECK(desk.latched(A));
}

TEST_CASE("restart: of a sum, all parts of one batch start over") {
    Plan plan = plan_of({2});
    add_drawdown(plan, 100).per = Per::all;
    Desk desk(plan);
    desk.publish(maker, B, pnl, -400);
    desk.publish(maker, A, pnl, 500);
    desk.forget();
    restart(desk, maker, A, pnl, 0, true);
    restart(desk, maker, B, pnl, 0);
    CHECK(desk.told() == "series_restarted A, series_restarted B");
    desk.publish(maker, A, pnl, -100);
    CHECK_FALSE(desk.latched(A));
    desk.publish(maker, B, pnl, -1);
    CHECK(desk.latched(A));
}

TEST_CASE("restart: it is known after a start of scramd, also in the middle of a batch") {
    Plan plan = plan_of({2});
    add_drawdown(plan, 100);
    Desk desk(plan);
    const BootNumber boot{1};
    desk.engine.recall({}, boot, WallMillis{1000}, desk.now);
    desk.publish(maker, A, pnl, 500);
    restart(desk, maker, A, pnl, 0, true);  // and scramd ends
    const auto left = desk.engine.state().bytes();
    const std::vector<std::byte> memory(left.begin(), left.end());
    Engine engine(plan);
    const Recalled recalled = engine.recall(memory, boot, WallMillis{1000}, desk.now);
    CHECK(recalled.fault == "");
    CHECK(recalled.values > 0);
    Step step(plan);
    engine.on_restored({}, desk.now, step);
    engine.on_time(desk.now, step);
    CHECK_FALSE(engine.family(A).latched);
}

TEST_CASE("restart: a bad record restarts nothing") {
    Plan plan = plan_of({});
    add_drawdown(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, pnl, 500);
    desk.publish(maker, A, pnl, 499);
    scram_signal late = desk.record(maker, A, pnl, 0);
    late.kind = SCRAM_RESTART;
    late.sequence = 1;
    desk.hand_in(maker, late);
    CHECK(desk.told() == "");
    scram_signal next = desk.record(maker, A, pnl, 399);
    next.sequence = 2;
    desk.hand_in(maker, next);
    CHECK(desk.latched(A));
}

TEST_CASE("restart: a source that restarts without end is told so often a second, then counted") {
    Desk desk(plan_of({}));
    for (int i = 0; i < SCRAM_BATCH_MAX + 7; ++i) restart(desk, maker, A, pnl, i);
    CHECK(desk.events.size() == SCRAM_BATCH_MAX);
    desk.wait(1s);
    desk.forget();
    restart(desk, maker, A, pnl, 1);
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].suppressed == 7);
}
