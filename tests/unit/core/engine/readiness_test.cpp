#include "core/engine/readiness.h"

#include <doctest/doctest.h>

#include <functional>

using namespace scram;

namespace {

constexpr Time asked_at = Time{1h};

// Two accounts with nothing amiss.
ReadinessInput well() {
    ReadinessInput sight;
    sight.accounts.resize(2);
    for (ReadinessInput::Account& account : sight.accounts) {
        account = {.links_up = 1,
                   .links_warm = 1,
                   .rehearsed = asked_at - 5s,
                   .oldest_signature = 2s,
                   .slots = 5,
                   .slots_working = 5,
                   .slots_free = 1};
    }
    sight.hosts.resize(2, {.links = 2, .links_up = 2, .silent_since = never});
    sight.rehearse_every = 5s;
    sight.clock_synced = true;
    sight.clock_uncertainty = 10ms;
    sight.signer_answered = asked_at;
    sight.resign_every = 1s;
    return sight;
}

using Change = std::function<void(ReadinessInput&, ReadinessInput::Account&)>;

std::vector<NotReady> reasons_with(const Change& change) {
    ReadinessInput sight = well();
    change(sight, sight.accounts[1]);
    return not_ready(sight, asked_at);
}

struct Case {
    NotReadyReason reason;
    bool is_accounts;
    Change just_well, not_well;
};

const Case cases[] = {
    {NotReadyReason::links, true, [](auto&, auto& its) { its.links_warm = 1; },
     [](auto&, auto& its) { its.links_warm = 0; }},
    // Whether anything ever answered is what tells a peer that is no exchange.
    {NotReadyReason::links, true, [](auto&, auto& its) { its.links_warm = 1; },
     [](auto&, auto& its) {
         its.links_warm = 0;
         its.rehearsals_failed = 4;
         its.rehearsed = Time{};
     }},
    {NotReadyReason::links, true, [](auto&, auto& its) { its.links_up = 1; },
     [](auto&, auto& its) {
         its.links_warm = its.links_up = 0;
         its.rehearsals_failed = 4;
     }},
    {NotReadyReason::rehearsals, true, [](auto&, auto& its) { its.rehearsals_failed = 3; },
     [](auto&, auto& its) {
         its.links_warm = 0;
         its.rehearsals_failed = 4;
     }},
    {NotReadyReason::signatures, true, [](auto&, auto& its) { its.oldest_signature = 25s; },
     [](auto&, auto& its) { its.oldest_signature = 25001ms; }},
    {NotReadyReason::refused, true, [](auto&, auto& its) { its.refused = false; },
     [](auto&, auto& its) { its.refused = true; }},
    {NotReadyReason::rehearsals, true, [](auto&, auto& its) { its.rehearsed = asked_at - 15s; },
     [](auto&, auto& its) { its.rehearsed = asked_at - 15001ms; }},
    {NotReadyReason::rehearsals, true, [](auto&, auto& its) { its.rehearsals_failed = 3; },
     [](auto&, auto& its) { its.rehearsals_failed = 4; }},
    {NotReadyReason::families, true, [](auto&, auto& its) { its.unlisted = 0; },
     [](auto&, auto& its) { its.unlisted = 1; }},
    {NotReadyReason::hosts, false,
     [](auto& sight, auto&) { sight.hosts[1].silent_since = asked_at - 10s; },
     [](auto& sight, auto&) { sight.hosts[1].silent_since = asked_at - 10001ms; }},
    {NotReadyReason::drill, true,
     [](auto& sight, auto& its) {
         sight.drill_age_max = 24h;
         its.drill_age = 24h;
     },
     [](auto& sight, auto& its) {
         sight.drill_age_max = 24h;
         its.drill_age = 24h + 1ms;
     }},
    {NotReadyReason::drill, true, [](auto&, auto& its) { its.drill_age = -1ms; },
     [](auto& sight, auto& its) {
         sight.drill_age_max = 24h;
         its.drill_age = -1ms;
     }},
    // One that no link leads to is nobody's.
    {NotReadyReason::hosts, false,
     [](auto& sight, auto&) {
         sight.hosts[1] = {0, 0, Time{}};
     },
     [](auto& sight, auto&) {
         sight.hosts[1] = {1, 0, Time{}};
     }},
    {NotReadyReason::slots, true, [](auto&, auto& its) { its.slots_free = 1; },
     [](auto&, auto& its) { its.slots_free = 0; }},
    {NotReadyReason::budget, true, [](auto&, auto& its) { its.slots_working = 5; },
     [](auto&, auto& its) { its.slots_working = 4; }},
    {NotReadyReason::clock, false, [](auto& sight, auto&) { sight.clock_uncertainty = 5s; },
     [](auto& sight, auto&) { sight.clock_uncertainty = 5001ms; }},
    {NotReadyReason::clock, false, [](auto& sight, auto&) { sight.clock_synced = true; },
     [](auto& sight, auto&) { sight.clock_synced = false; }},
    {NotReadyReason::host_clock, false, [](auto& sight, auto&) { sight.clock_ahead = 10s; },
     [](auto& sight, auto&) { sight.clock_ahead = 10001ms; }},
    {NotReadyReason::host_clock, false, [](auto& sight, auto&) { sight.clock_ahead = -10s; },
     [](auto& sight, auto&) { sight.clock_ahead = -10001ms; }},
    {NotReadyReason::journal, false, [](auto& sight, auto&) { sight.journal_writable = true; },
     [](auto& sight, auto&) { sight.journal_writable = false; }},
    {NotReadyReason::signer, false,
     [](auto& sight, auto&) { sight.signer_answered = asked_at - 3s; },
     [](auto& sight, auto&) { sight.signer_answered = asked_at - 3001ms; }},
    {NotReadyReason::signer, false, [](auto& sight, auto&) { sight.signer_gone = false; },
     [](auto& sight, auto&) { sight.signer_gone = true; }},
};

}  // namespace

TEST_CASE("kill_ready: a daemon with nothing amiss is ready") {
    CHECK(not_ready(well(), asked_at).empty());
    CHECK(fires({}));
}

TEST_CASE("kill_ready: each thing that is amiss is named, with whose it is, and nothing else") {
    for (const Case& one : cases) {
        CAPTURE(name(one.reason));
        CHECK(reasons_with(one.just_well).empty());
        const auto reasons = reasons_with(one.not_well);
        REQUIRE(reasons.size() == 1);
        CHECK(reasons[0].reason == one.reason);
        CHECK(reasons[0].account == (one.is_accounts ? AccountId{1} : none<AccountId>()));
        CHECK(fires(reasons) == !disarms(one.reason));
    }
}

TEST_CASE("kill_ready: without a warm link it is not said as well that none was rehearsed") {
    const auto reasons = reasons_with([](auto&, auto& its) {
        its.links_warm = 0;
        its.rehearsed = {};
    });
    REQUIRE(reasons.size() == 1);
    CHECK(reasons[0].reason == NotReadyReason::links);
}

TEST_CASE("kill_ready: of a silent name it is said which and for how long, while another works") {
    const auto reasons = reasons_with([](auto& sight, auto&) {
        sight.hosts[1] = {2, 0, asked_at - 1min};
    });
    REQUIRE(reasons.size() == 1);
    CHECK(reasons[0].host == 1);
    CHECK(reasons[0].age == 1min);
    CHECK(reasons_with([](auto& sight, auto&) {
              for (auto& host : sight.hosts) host.silent_since = asked_at - 1min;
          }).empty());  // the accounts' links tell that
}

TEST_CASE("kill_ready: what disarms comes first") {
    const auto reasons = reasons_with([](ReadinessInput& sight, auto& its) {
        its.slots_free = 0;
        its.oldest_signature = 1h;
        sight.journal_writable = false;
        sight.accounts[0].slots_free = 0;
    });
    REQUIRE(reasons.size() == 4);
    CHECK(reasons[0].reason == NotReadyReason::signatures);
    CHECK(reasons[0].age == 1h);
    CHECK(reasons[1].reason == NotReadyReason::slots);
    CHECK(reasons[1].account == AccountId{0});
    CHECK(reasons[3].reason == NotReadyReason::journal);
    CHECK_FALSE(fires(reasons));
}

TEST_CASE(
    "kill_ready: a new start is wanted where nobody signs and a signature is nearly too old") {
    ReadinessInput sight = well();
    sight.accounts[1].oldest_signature = 20001ms;
    CHECK_FALSE(needs_restart(sight, asked_at));
    sight.signer_gone = true;
    CHECK(needs_restart(sight, asked_at));
    sight.accounts[1].oldest_signature = 20s;
    CHECK_FALSE(needs_restart(sight, asked_at));
}

TEST_CASE("kill_ready: each reason has a name of its own") {
    for (std::size_t a = 0; a < not_ready_reasons; ++a) {
        for (std::size_t b = 0; b < a; ++b)
            CHECK(name(static_cast<NotReadyReason>(a)) != name(static_cast<NotReadyReason>(b)));
    }
}
