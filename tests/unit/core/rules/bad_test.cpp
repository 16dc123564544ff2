// Rules of kind bad: records and sources that cannot be trusted.
#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan plan_with_bad(const Size& size = {}) {
    Plan plan = plan_of(size);
    add_rule(plan, "bad", RuleKind::bad);
    return plan;
}

// Spoils the record of a healthy source; says for which reason it tripped.
template <class Spoil>
BadReason reason_after(Spoil&& spoil) {
    Plan plan = plan_with_bad({2, 2});
    plan.sources[0].families = {A};
    Desk desk(plan);
    desk.publish(maker, A, delta, 1);
    scram_signal signal = desk.record(maker, A, delta, 2);
    spoil(signal);
    desk.forget();
    desk.hand_in(maker, signal);
    return desk.events.empty() ? BadReason::none : desk.events[0].bad;
}

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("bad: every way in which a record can be wrong has its reason") {
    using enum BadReason;
    CHECK(reason_after([](auto&) {}) == none);
    CHECK(reason_after([](auto& s) { s.kind = SCRAM_HEARTBEAT; }) == none);
    CHECK(reason_after([](auto& s) { s.value = no_number; }) == not_finite);
    CHECK(reason_after([](auto& s) { s.value = infinity; }) == not_finite);
    CHECK(reason_after([](auto& s) { s.value = -infinity; }) == not_finite);
    CHECK(reason_after([](auto& s) { s.sequence += 1; }) == sequence_gap);
    CHECK(reason_after([](auto& s) { s.sequence = ~0ULL; }) == sequence_gap);
    CHECK(reason_after([](auto& s) { s.sequence -= 1; }) == sequence_back);
    CHECK(reason_after([](auto& s) { s.sequence = 0; }) == sequence_back);
    CHECK(reason_after([](auto& s) { s.family = 2; }) == unknown_family);
    CHECK(reason_after([](auto& s) { s.family = 0xffff; }) == unknown_family);
    CHECK(reason_after([](auto& s) { s.family = 1; }) == foreign_family);
    CHECK(reason_after([](auto& s) { s.metric = 2; }) == unknown_metric);
    CHECK(reason_after([](auto& s) { s.metric = 0xffff; }) == unknown_metric);
    CHECK(reason_after([](auto& s) { s.kind = 0; }) == unknown_kind);
    CHECK(reason_after([](auto& s) { s.kind = SCRAM_ATTACH; }) == unknown_kind);
    CHECK(reason_after([](auto& s) { s.kind = 255; }) == unknown_kind);
    CHECK(reason_after([](auto& s) { s.version = 0; }) == wrong_version);
    CHECK(reason_after([](auto& s) { s.version = 2; }) == wrong_version);
    CHECK(reason_after([](auto& s) { s.source = 1; }) == wrong_source);
    CHECK(reason_after([](auto& s) { s.source = 0xffff; }) == wrong_source);
}

TEST_CASE("bad: the first record after attach is number 1") {
    Desk desk(plan_with_bad());
    scram_signal signal = desk.record(maker, A, delta, 1);
    signal.sequence = 2;
    desk.hand_in(maker, signal);
    REQUIRE_FALSE(desk.events.empty());
    CHECK(desk.events[0].bad == BadReason::sequence_gap);
}

TEST_CASE("bad: signals that found a full ring trip once, and again after a re-arm") {
    Desk desk(plan_with_bad({2, 2}));
    desk.publish(maker, A, delta, 1);
    desk.forget();
    desk.lose(maker);
    CHECK(desk.did() == "close A, close B, fire A on 0, fire B on 1");
    REQUIRE_FALSE(desk.events.empty());
    CHECK(desk.events[0].bad == BadReason::ring_full);
    CHECK(desk.events[0].source == maker);
    desk.forget();
    desk.lose(maker);
    CHECK(desk.did() == "");
    desk.answer(link(0), AnswerClass::accepted);
    desk.answer(link(1), AnswerClass::accepted);
    desk.rearm({A, B});
    CHECK_FALSE(desk.latched(A));
    desk.lose(maker);
    CHECK(desk.latched(A));
}

TEST_CASE("bad: signals that found a full ring are no sign of life") {
    Plan plan = plan_of({});
    add_stale(plan, 3s);
    Desk desk(plan);
    desk.heartbeat(maker);
    desk.wait(2s);
    desk.lose(maker);
    desk.wait(1s);
    CHECK(desk.latched(A));
}

TEST_CASE("bad: a number that is none does not reach the table") {
    Plan plan = plan_with_bad();
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 42);
    desk.publish(maker, A, delta, no_number);
    CHECK(desk.latched(A));
    CHECK(desk.engine.metrics().value(maker, A, delta) == 42);
    CHECK(desk.engine.metrics().sum(A, delta) == 42);
}

TEST_CASE("bad: records were lost, and the value that arrived still counts") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.record(maker, A, delta, 0);  // lost on its way
    desk.publish(maker, A, delta, 101);
    CHECK(desk.latched(A));
    CHECK(desk.engine.metrics().value(maker, A, delta) == 101);
}

TEST_CASE("bad: it kills the families of the source, whatever family the record names") {
    Plan plan = plan_with_bad({3, 2});
    plan.sources[0].families = {A};
    Desk desk(plan);
    desk.publish(maker, C, delta, 1);
    CHECK(desk.did() == "close A, fire A on 0");
}

TEST_CASE("bad: an event names only ids that exist, so that whoever prints it may look them up") {
    Desk desk(plan_with_bad());
    scram_signal signal = desk.record(maker, A, delta, 1);
    signal.family = 7;
    signal.metric = 60000;
    desk.hand_in(maker, signal);
    REQUIRE_FALSE(desk.events.empty());
    const Event& trip = desk.events[0];
    CHECK(trip.family == none<FamilyId>());
    CHECK(trip.metric == none<MetricId>());
}

TEST_CASE("bad: one trip for any number of bad records, and again after a re-arm") {
    Desk desk(plan_with_bad());
    for (int i = 0; i < 100; ++i) desk.publish(maker, A, delta, no_number);
    CHECK(desk.told() == "tripped A by bad, latched A, fired A");
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    desk.forget();
    desk.publish(maker, A, delta, 1);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, no_number);
    CHECK(desk.told() == "tripped A by bad, latched A, fired A");
}

TEST_CASE("bad: a source that the rule does not watch, or no rule at all, kills nothing") {
    Plan plan = plan_with_bad({1, 2});
    plan.rules[0].sources = {other_maker};
    Desk desk(plan);
    desk.publish(maker, A, delta, no_number);
    CHECK(desk.told() == "");
    CHECK(desk.engine.metrics().value(maker, A, delta) == 0);
}

TEST_CASE("bad: after a step back the source goes on where it was") {
    Desk desk(plan_with_bad());
    desk.publish(maker, A, delta, 1);
    scram_signal late = desk.record(maker, A, delta, 2);
    late.sequence = 1;
    desk.hand_in(maker, late);
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    desk.forget();
    scram_signal next = desk.record(maker, A, delta, 3);
    next.sequence = 2;
    desk.hand_in(maker, next);
    CHECK(desk.told() == "");
    CHECK(desk.engine.metrics().value(maker, A, delta) == 3);
}

TEST_CASE("bad: a record of another version says nothing about the sequence") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    scram_signal garbage{};
    garbage.version = 77;
    garbage.sequence = ~0ULL - 1;
    desk.hand_in(maker, garbage);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.latched(A));
}

TEST_CASE("bad: one absurd sequence does not silence the source for good") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    scram_signal odd = desk.record(maker, A, delta, 1);
    odd.sequence = ~0ULL - 1;
    desk.hand_in(maker, odd);
    desk.publish(maker, A, delta, 50);   // a step back
    desk.publish(maker, A, delta, 101);  // in order again
    CHECK(desk.latched(A));
}
