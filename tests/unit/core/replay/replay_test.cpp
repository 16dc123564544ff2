// A replay finds what happened: an engine is driven as the daemon drives it, what it was told and
// what came of it is recorded, and the replay of that must trip as it did.
#include "core/replay/replay.h"

#include <doctest/doctest.h>

#include <cstring>

#include "tests/unit/core/replay/life.h"

namespace scram::test {
namespace {

Plan desk(std::size_t families = 2, std::size_t sources = 1) {
    Plan plan = plan_of({.families = families, .sources = sources});
    for (FamilySpec& family : plan.families) family.lock = 1000ms;
    return plan;
}

std::string causes(const TripList& list) {
    std::string out;
    for (const ListedTrip& trip : list.trips) {
        if (!out.empty()) out += " ";
        out += trip.rule.empty() ? "operator" : trip.rule;
        if (trip.shadow) out += "?";
    }
    return out;
}

void check_same(const Replay& replay) {
    const Differences its = differences(replay.recorded().trips, replay.found().trips);
    CHECK(its.missed.empty());
    CHECK(its.added.empty());
    CHECK(its.same == replay.recorded().count);
    CHECK(its.apart_max <= 1ms);
}

TEST_CASE("replay: breaches, an operator's trip and re-arming trip as they did") {
    Plan plan = desk();
    add_limit(plan, 25);
    Life life(std::move(plan));
    life.join();
    life.publish(10);
    life.publish(30);
    life.pass(20ms);
    life.answer();
    life.publish(5);
    life.pass(10ms);
    life.rearm(A);
    life.pass(20ms);
    life.answer();
    REQUIRE(life.is_armed(A));
    life.trip({A, B});
    life.pass(20ms);
    life.answer();
    life.publish(40, B);
    life.pass(1s);
    life.publish(-26, A);
    const Replay replay = life.replay();
    CHECK(causes(replay.recorded()) == "limit operator limit limit");
    CHECK(causes(replay.found()) == "limit operator limit limit");
    check_same(replay);
    CHECK(replay.found().trips[0].value == 30);
    CHECK(replay.found().trips[0].limit == 25);
    CHECK(replay.found().trips[0].family == "mm-1/F0-USD");
    CHECK(replay.found().trips[1].latched == 2);
    CHECK(replay.signals() == 5);
}

TEST_CASE("replay: a value that swings while its cancel is under way is told as it was") {
    Plan plan = desk();
    add_limit(plan, 25);
    Life life(std::move(plan));
    life.join();
    for (int i = 0; i < 40; ++i) {
        life.publish(i % 2 == 0 ? 30 : 0);
        life.pass(7ms);
        if (i == 17 || i == 29) life.answer();
    }
    const Replay replay = life.replay();
    CHECK(replay.recorded().count > 2);
    CHECK(replay.recorded().count < 20);  // most changed nothing
    CHECK(replay.found().count == replay.recorded().count);
    check_same(replay);
}

TEST_CASE("replay: silences trip when they did, and not where a signal came in time") {
    Plan plan = desk(1, 2);
    add_stale(plan, 500ms);
    Life life(std::move(plan));
    life.join(maker);
    life.join(other_maker);
    for (int i = 0; i < 20; ++i) {
        life.publish(1, A, delta, maker);
        if (i < 10) life.publish(1, A, delta, other_maker);
        life.pass(100ms);
    }
    life.answer();
    const Replay replay = life.replay();
    CHECK(causes(replay.recorded()) == "stale");
    CHECK(replay.found().trips.size() == 1);
    CHECK(replay.found().trips[0].source == "maker-1");
    check_same(replay);
}

TEST_CASE("replay: a loop that was held up reads what came before it takes anybody for silent") {
    Plan plan = desk(1, 2);
    add_stale(plan, 500ms);
    Life life(std::move(plan));
    life.join(maker);
    life.join(other_maker);
    life.publish(1, A, delta, maker);
    life.publish(1, A, delta, other_maker);
    const Time stopped = life.now;
    // Both published every 100 ms, and all of it is read after 2 s: the first's, then the other's.
    life.now = stopped + 2s;
    for (const SourceId source : {maker, other_maker}) {
        for (int i = 1; i <= 20; ++i) {
            scram_signal signal{};
            signal.sequence = ++life.sequence[index(source)];
            signal.published_ns = ns_of(stopped + i * 100ms);
            signal.source = static_cast<std::uint16_t>(source);
            signal.version = SCRAM_VERSION;
            signal.kind = SCRAM_HEARTBEAT;
            life.see(source, signal);
            life.now += 1us;
        }
    }
    life.pass(100ms);
    const Replay replay = life.replay();
    CHECK(causes(replay.recorded()).empty());
    CHECK(causes(replay.found()).empty());
}

TEST_CASE("replay: conditions that must last, windows and sources that go trip as they did") {
    Plan plan = desk(2, 2);
    add_limit(plan, 25).hold_for = 300ms;
    add_drawdown(plan, 100);
    add_change(plan, 15, 1s);
    add_rule(plan, "gone", RuleKind::gone);
    Life life(std::move(plan));
    life.join(maker);
    life.join(other_maker);
    life.publish(0, A, delta, other_maker);
    for (int i = 0; i < 60; ++i) {
        life.publish(i % 20, A, delta, maker);
        life.publish(i < 30 ? i * 10 : 300 - i * 8, B, pnl, maker);
        life.pass(40ms);
        life.answer();
        life.pass(30ms);
    }
    life.end(RecordedKind::vanished, maker);
    life.pass(50ms);
    life.answer();
    life.publish(30, A, delta, other_maker);
    life.pass(290ms);
    life.publish(0, A, delta, other_maker);
    life.pass(10ms);
    life.publish(30, A, delta, other_maker);
    life.pass(400ms);
    life.end(RecordedKind::left, other_maker);
    const Replay replay = life.replay();
    CHECK(causes(replay.recorded()).find("drawdown") != std::string::npos);
    CHECK(causes(replay.recorded()).find("change") != std::string::npos);
    CHECK(causes(replay.recorded()).find("gone") != std::string::npos);
    CHECK(causes(replay.recorded()).find("limit") != std::string::npos);
    check_same(replay);
}

TEST_CASE("replay: what a source wrote wrong trips as it did") {
    Plan plan = desk();
    add_rule(plan, "bad", RuleKind::bad);
    Life life(std::move(plan));
    life.join();
    life.publish(1);
    life.sequence[0] += 3;
    life.publish(2);
    const Replay replay = life.replay();
    REQUIRE(causes(replay.recorded()) == "bad");
    CHECK(replay.found().trips.at(0).bad == BadReason::sequence_gap);
    check_same(replay);
}

TEST_CASE("replay: another limit trips more or less, and what differs is told") {
    Plan plan = desk();
    add_limit(plan, 25);
    Life life(plan);
    life.join();
    for (const double value : {10., 30., 10., 22., 10.}) {
        life.publish(value);
        life.pass(20ms);
        life.answer();
        life.pass(2s);
    }
    plan.rules[0].limit = 20;
    const ReplayPlan lower{plan};
    const Replay replay = life.replay(lower);
    CHECK(replay.recorded().count == 1);
    REQUIRE(replay.found().count == 2);
    const Differences its = differences(replay.recorded().trips, replay.found().trips);
    CHECK(its.same == 1);
    REQUIRE(its.added.size() == 1);
    CHECK(replay.found().trips[its.added[0]].value == 22);
    plan.rules[0].limit = 50;
    const ReplayPlan higher{plan};
    const Replay none_left = life.replay(higher);
    CHECK(none_left.found().count == 0);
}

TEST_CASE("replay: rules that are only counted are not listed") {
    Plan plan = desk();
    add_limit(plan, 25);
    Life life(plan);
    life.join();
    for (const double value : {30., 0., 41., 0.}) {
        life.publish(value);
        life.pass(20ms);
        life.answer();
        life.pass(2s);
    }
    ReplayPlan swept{plan, plan.rules.size()};
    for (const double limit : {20., 40.}) {
        RuleSpec copy = plan.rules[0];
        copy.name = limit == 20 ? "low" : "high";
        copy.limit = limit;
        copy.shadow = true;
        swept.plan.rules.push_back(copy);
    }
    const Replay replay = life.replay(swept);
    check_same(replay);
    REQUIRE(replay.counts().size() == 3);
    CHECK(replay.counts()[0].trips == 2);
    CHECK(replay.counts()[1].trips == 2);
    CHECK(replay.counts()[2].trips == 1);
}

TEST_CASE(
    "replay: names have other ids in another config, and what has no place there is counted") {
    Plan plan = desk(2);
    add_limit(plan, 25);
    Life life(plan);
    life.join();
    life.publish(30, A);
    life.publish(40, B);
    Plan other = desk(1);
    other.families[0] = plan.families[1];
    other.families[0].account = account;
    add_limit(other, 25);
    const ReplayPlan by{other};
    const Replay replay = life.replay(by);
    REQUIRE(replay.found().count == 1);
    CHECK(replay.found().trips[0].family == plan.families[1].name);
    CHECK(replay.losses().signals_unplaced == 1);
}

TEST_CASE("replay: a gap is no breach of a source, and is told") {
    Plan plan = desk();
    add_rule(plan, "bad", RuleKind::bad);
    Life life(std::move(plan));
    life.join();
    life.publish(1);
    const std::size_t lost_from = life.file.size();
    life.publish(2);
    life.publish(3);
    life.file.resize(lost_from);
    life.add(RecordedKind::gap, none<SourceId>(), 2);
    life.publish(4);
    const Replay replay = life.replay();
    CHECK(replay.found().count == 0);
    CHECK(replay.losses().records_missing == 2);
}

TEST_CASE("replay: a file from the middle begins with what scramd knew then") {
    Plan plan = desk(2, 2);
    add_limit(plan, 25);
    add_rule(plan, "bad", RuleKind::bad);
    Life life(std::move(plan));
    life.join(maker);
    life.join(other_maker);
    life.publish(20, A, delta, maker);
    life.trip({B});
    life.pass(20ms);
    life.answer();
    life.file.clear();
    life.head.begin = RecordingBegin::next;
    life.head.number = 2;
    life.head.at = life.now;
    const auto state = life.engine->state().bytes();
    life.head.state.assign(state.begin(), state.end());
    life.add(RecordedKind::restored, none<SourceId>(), 1);
    life.file.back().family = 1;
    life.file.back().detail = static_cast<std::uint8_t>(Cancel::accepted);
    for (const SourceId source : {maker, other_maker})
        life.add(RecordedKind::joined, source, life.engine->next_sequence(source));
    life.add(RecordedKind::begun);
    life.publish(10, A, delta, other_maker);  // with the 20 of before
    const Replay replay = life.replay();
    CHECK(causes(replay.recorded()) == "limit");
    CHECK(replay.found().trips.size() == 1);
    CHECK(replay.found().trips.at(0).value == 30);
    check_same(replay);
}

TEST_CASE("replay: a reload changes the rules from its file on") {
    Plan plan = desk();
    add_limit(plan, 25);
    Life life(plan);
    life.join();
    life.publish(22);
    const std::vector<Recorded> first = life.file;
    life.file.clear();
    plan.rules[0].limit = 20;
    life.pass(10ms);
    life.engine->adopt(plan, life.now, *life.step);
    RecordingHead second = life.head;
    second.number = 2;
    second.begin = RecordingBegin::reload;
    second.at = life.now;
    second.wall.value += 10;
    life.add(RecordedKind::begun);
    life.pass(0ms);
    const std::vector<Event> by_reload(life.step->events.begin(), life.step->events.end());
    for (const Event& event : by_reload) life.file.push_back(recorded(event));
    const ReplayPlan lower{plan};
    const Stretch run[] = {{&life.head, &life.by, {std::span(first)}},
                           {&second, &lower, {std::span(std::as_const(life.file))}}};
    Replay replay;
    replay.play(run);
    CHECK(causes(replay.recorded()) == "limit");
    check_same(replay);
}

TEST_CASE("replay: bytes that nobody wrote so end no replay") {
    Plan plan = desk();
    add_limit(plan, 25);
    Life life(plan);
    std::uint64_t seed = 1;
    const auto next = [&seed] { return seed = seed * 6364136223846793005u + 1442695040888963407u; };
    for (int i = 0; i < 20'000; ++i) {
        Recorded record;
        for (std::size_t b = 0; b < sizeof record; b += 8) {
            const std::uint64_t word = next() >> (next() % 3 * 20);
            std::memcpy(reinterpret_cast<char*>(&record) + b, &word, 8);
        }
        record.at = recorded_from + Duration{static_cast<std::int64_t>(next() >> 30)};
        record.kind = static_cast<RecordedKind>((next() >> 33) % 17);
        record.from = static_cast<SourceId>((next() >> 33) % 3);
        record.family = static_cast<std::uint16_t>((next() >> 33) % 4);
        life.file.push_back(record);
    }
    const Replay replay = life.replay();
    CHECK(replay.losses().records_unknown > 0);
}

}  // namespace
}  // namespace scram::test
