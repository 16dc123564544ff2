// What was left in memory is read by what it is, whatever became of it.
#include <doctest/doctest.h>

#include <cstring>

#include "tests/unit/core/rules/restarted_host.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("state: after a reboot the wall's clock tells the age") {
    Plan plan = plan_of({});
    add_change(plan, 10, 60s);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 0);
    host.desk.now += 10s;
    host.reboot(2s);
    CHECK(host.sum(A, delta) == 0);
    CHECK(host.known(A, delta));
    CHECK(host.desk.now - host.desk.engine.metrics().stored_at(maker, A, delta) == 12s);
    host.desk.join(maker);
    host.desk.publish(maker, A, delta, 11);
    CHECK(host.desk.latched(A));
}

TEST_CASE("state: bytes that are not ours are told and change nothing") {
    Plan plan = plan_of({});
    add_drawdown(plan, 100);
    RestartedHost host(plan);
    host.desk.publish(maker, A, pnl, 90);
    host.restart();
    const std::vector<std::byte> good = host.left;
    const auto with = [&](std::size_t at) {
        host.left = good;
        host.left[at] ^= std::byte{1};
        host.begin(1s, {});
    };
    with(0);
    CHECK(host.recalled.fault == "it is not of this version or machine");
    CHECK_FALSE(host.known(A, pnl));
    with(40);
    CHECK(host.recalled.fault != "");
    host.left.resize(100);
    host.begin(1s, {});
    CHECK(host.recalled.fault == "it is cut");
    host.left.clear();
    host.begin(1s, {});
    CHECK(host.recalled.fault == "");
    CHECK(host.recalled.values == 0);
}

TEST_CASE("state: of damaged items each is unknown by itself, and they are counted") {
    Plan plan = plan_of({});
    add_drawdown(plan, 100);
    add_rule(plan, "gone", RuleKind::gone);
    RestartedHost host(plan);
    host.desk.publish(maker, A, pnl, 90);
    host.desk.publish(maker, A, delta, 7);
    const auto memory = host.desk.engine.state().bytes();
    const auto place = [&](const auto& part) {
        return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&part) - memory.data());
    };
    StateMemory& state = host.desk.engine.state();
    const std::size_t value = place(state.values[0]);
    const std::size_t condition = place(state.conditions[0]);
    const std::size_t health = place(state.health[0]);
    const std::size_t source = place(state.sources[0]);
    host.restart();
    const std::vector<std::byte> good = host.left;
    CHECK(host.recalled.damaged == 0);
    const auto with = [&](std::size_t at) {
        host.left = good;
        host.left[at] = std::byte{0xff};
        host.begin(1s, {});
        CHECK(host.recalled.fault == "");
        CHECK(host.recalled.damaged == 1);
    };
    SUBCASE("a value that is no number") {
        host.left = good;
        for (std::size_t i = 0; i < sizeof(double); ++i) host.left[value + i] = std::byte{0xff};
        host.begin(1s, {});
        CHECK(host.recalled.damaged == 1);
        CHECK_FALSE(host.known(A, delta));
        CHECK(host.known(A, pnl));
    }
    SUBCASE("a peak's flag: it begins anew with the value") {
        with(condition + offsetof(ConditionState, begun));
        CHECK(host.known(A, pnl));
        CHECK_FALSE(host.desk.latched(A));
    }
    SUBCASE("a phase") {
        with(condition + offsetof(ConditionState, phase));
    }
    SUBCASE("a breach of health: nobody knows of it") {
        with(health + offsetof(HealthWatch, holds));
        CHECK(host.desk.engine.rule_that_holds(A) == none<RuleId>());
    }
    SUBCASE("a source: it may have been attached, and owes a sign") {
        with(source + offsetof(SourceHealth, owes_signs));
        CHECK(host.recalled.sources == 1);
        host.desk.wait(1h);
        CHECK(host.desk.latched(A));
    }
}

TEST_CASE("state: no bytes whatever break anything") {
    Plan plan = plan_of({.families = 2, .sources = 2});
    add_drawdown(plan, 100);
    add_change(plan, 10, 60s);
    add_count(plan, 10, 60s).metric = pnl;
    add_stale(plan, 1s);
    RestartedHost host(plan);
    host.desk.publish(maker, A, delta, 1);
    host.restart();
    const std::vector<std::byte> good = host.left;
    for (std::size_t at = 0; at < good.size(); at += 7) {
        CAPTURE(at);
        host.left = good;
        host.left[at] ^= std::byte{0x5a};
        host.begin(1ms, {});
        host.desk.join(maker);
        host.desk.publish(maker, A, delta, 2);
        host.desk.wait(100ms);
    }
    for (std::size_t size = 0; size < good.size(); size += 61) {
        host.left.assign(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        host.begin(1ms, {});
        CHECK((size == 0 || size + 64 > good.size() || host.recalled.fault != ""));
    }
}
