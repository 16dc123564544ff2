// Records of a hostile source: 64 bytes of anything, from a program that may be broken or worse.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan hostile_plan() {
    Plan plan = plan_of({6, 3});
    plan.sources[0].families = {B, C};
    add_limit(plan, 100);
    add_drawdown(plan, 100);
    add_stale(plan, 1s).metric = pnl;
    add_rule(plan, "bad", RuleKind::bad);
    add_rule(plan, "gone", RuleKind::gone);
    return plan;
}

scram_signal any_bytes(std::mt19937_64& random) {
    std::uint64_t words[8];
    for (std::uint64_t& word : words) word = random();
    scram_signal signal;
    static_assert(sizeof signal == sizeof words);
    std::memcpy(&signal, words, sizeof signal);
    return signal;
}

// A good record but for one field, which gets past more of the checks.
scram_signal almost_good(std::mt19937_64& random, Desk& desk) {
    scram_signal signal = desk.record(maker, random() % 2 == 0 ? B : C, pnl, 1);
    const scram_signal noise = any_bytes(random);
    switch (random() % 8) {
        case 0:
            signal.sequence = noise.sequence;
            break;
        case 1:
            signal.published_ns = noise.published_ns;
            break;
        case 2:
            signal.value = noise.value;
            break;
        case 3:
            signal.family = static_cast<std::uint16_t>(noise.family % 12);
            break;
        case 4:
            signal.metric = static_cast<std::uint16_t>(noise.metric % 4);
            break;
        case 5:
            signal.source = static_cast<std::uint16_t>(noise.source % 4);
            break;
        case 6:
            signal.kind = noise.kind;
            break;
        case 7:
            signal.version = noise.version;
            break;
    }
    return signal;
}

bool only_its_families_are_latched(const Desk& desk) {
    return !desk.latched(A) && !desk.latched(D) && !desk.latched(E) && !desk.latched(F);
}

}  // namespace

TEST_CASE("hostile records: no bytes crash it, nor kill a family that the source has no part in") {
    std::mt19937_64 random(64);
    Desk desk(hostile_plan());
    for (int i = 0; i < 200'000; ++i) {
        desk.hand_in(maker, any_bytes(random));
        desk.forget();
        if (i % 100 == 0) desk.join(maker);
    }
    CHECK(only_its_families_are_latched(desk));
    CHECK(desk.latched(B));
    CHECK(desk.latched(C));
    CHECK(desk.engine.metrics().value(maker, A, delta) == 0);
}

TEST_CASE("hostile records: neither do records that are wrong in one field only") {
    std::mt19937_64 random(65);
    for (int round = 0; round < 2000; ++round) {
        Desk desk(hostile_plan());
        for (int i = 0; i < 20; ++i) desk.hand_in(maker, almost_good(random, desk));
        REQUIRE(only_its_families_are_latched(desk));
        REQUIRE(std::isfinite(desk.engine.metrics().sum(B, pnl)));
        REQUIRE(desk.engine.metrics().value(maker, A, pnl) == 0);
        REQUIRE(desk.engine.metrics().value(other_maker, B, pnl) == 0);
    }
}

TEST_CASE("hostile records: a flood of crossings never fires more than the budget") {
    Desk desk(hostile_plan());
    std::size_t fired = 0;
    for (int i = 0; i < 20'000; ++i) {
        desk.publish(maker, B, delta, i % 2 == 0 ? 101 : 0);
        for (const Action& action : std::exchange(desk.actions, {}))
            fired += action.kind == ActionKind::fire ? 1 : 0;
        if (desk.engine.phase(link(0)) == LinkPhase::firing)
            desk.answer(link(0), AnswerClass::accepted);
        desk.wait(100us);
    }
    CHECK(fired >= 1);
    CHECK(fired <= 5);  // 2 s in all
}
