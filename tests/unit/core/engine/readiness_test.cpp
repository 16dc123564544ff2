#include "core/engine/readiness.h"

#include <doctest/doctest.h>

#include <functional>

using namespace scram;

namespace {

constexpr Time now = Time{1h};

// Two accounts that lack nothing.
KillSight well() {
    KillSight sight;
    sight.accounts.resize(2);
    for (KillSight::Account& account : sight.accounts) {
        account = {.links_up = 1,
                   .links_warm = 1,
                   .rehearsed = now - 5s,
                   .oldest_signature = 2s,
                   .slots = 5,
                   .slots_working = 5,
                   .slots_free = 1};
    }
    sight.rehearse_every = 5s;
    sight.clock_synced = true;
    sight.clock_uncertainty = 10ms;
    sight.signer_answered = now;
    sight.resign_every = 1s;
    return sight;
}

using Change = std::function<void(KillSight&, KillSight::Account&)>;

std::vector<Shortfall> lacking_with(const Change& change) {
    KillSight sight = well();
    change(sight, sight.accounts[1]);
    return shortfalls(sight, now);
}

struct Case {
    Lack lack;
    bool is_accounts;
    Change just_well, lacking;
};

const Case cases[] = {
    {Lack::links, true, [](auto&, auto& its) { its.links_warm = 1; },
     [](auto&, auto& its) { its.links_warm = 0; }},
    // Whether anything ever answered is what tells a peer that is no exchange.
    {Lack::links, true, [](auto&, auto& its) { its.links_warm = 1; },
     [](auto&, auto& its) {
         its.links_warm = 0;
         its.rehearsals_failed = 4;
         its.rehearsed = Time{};
     }},
    {Lack::links, true, [](auto&, auto& its) { its.links_up = 1; },
     [](auto&, auto& its) {
         its.links_warm = its.links_up = 0;
         its.rehearsals_failed = 4;
     }},
    {Lack::rehearsals, true, [](auto&, auto& its) { its.rehearsals_failed = 3; },
     [](auto&, auto& its) {
         its.links_warm = 0;
         its.rehearsals_failed = 4;
     }},
    {Lack::signatures, true, [](auto&, auto& its) { its.oldest_signature = 25s; },
     [](auto&, auto& its) { its.oldest_signature = 25001ms; }},
    {Lack::refused, true, [](auto&, auto& its) { its.refused = false; },
     [](auto&, auto& its) { its.refused = true; }},
    {Lack::rehearsals, true, [](auto&, auto& its) { its.rehearsed = now - 15s; },
     [](auto&, auto& its) { its.rehearsed = now - 15001ms; }},
    {Lack::rehearsals, true, [](auto&, auto& its) { its.rehearsals_failed = 3; },
     [](auto&, auto& its) { its.rehearsals_failed = 4; }},
    {Lack::families, true, [](auto&, auto& its) { its.unlisted = 0; },
     [](auto&, auto& its) { its.unlisted = 1; }},
    {Lack::slots, true, [](auto&, auto& its) { its.slots_free = 1; },
     [](auto&, auto& its) { its.slots_free = 0; }},
    {Lack::budget, true, [](auto&, auto& its) { its.slots_working = 5; },
     [](auto&, auto& its) { its.slots_working = 4; }},
    {Lack::clock, false, [](auto& sight, auto&) { sight.clock_uncertainty = 5s; },
     [](auto& sight, auto&) { sight.clock_uncertainty = 5001ms; }},
    {Lack::clock, false, [](auto& sight, auto&) { sight.clock_synced = true; },
     [](auto& sight, auto&) { sight.clock_synced = false; }},
    {Lack::host_clock, false, [](auto& sight, auto&) { sight.clock_ahead = 10s; },
     [](auto& sight, auto&) { sight.clock_ahead = 10001ms; }},
    {Lack::host_clock, false, [](auto& sight, auto&) { sight.clock_ahead = -10s; },
     [](auto& sight, auto&) { sight.clock_ahead = -10001ms; }},
    {Lack::journal, false, [](auto& sight, auto&) { sight.journal_writable = true; },
     [](auto& sight, auto&) { sight.journal_writable = false; }},
    {Lack::signer, false, [](auto& sight, auto&) { sight.signer_answered = now - 3s; },
     [](auto& sight, auto&) { sight.signer_answered = now - 3001ms; }},
    {Lack::signer, false, [](auto& sight, auto&) { sight.signer_gone = false; },
     [](auto& sight, auto&) { sight.signer_gone = true; }},
};

}  // namespace

TEST_CASE("kill_ready: a daemon that lacks nothing is ready") {
    CHECK(shortfalls(well(), now).empty());
    CHECK(fires({}));
}

TEST_CASE("kill_ready: each thing that is lacking is named, with whose it is, and nothing else") {
    for (const Case& one : cases) {
        CAPTURE(name(one.lack));
        CHECK(lacking_with(one.just_well).empty());
        const auto lacking = lacking_with(one.lacking);
        REQUIRE(lacking.size() == 1);
        CHECK(lacking[0].lack == one.lack);
        CHECK(lacking[0].account == (one.is_accounts ? AccountId{1} : none<AccountId>()));
        CHECK(fires(lacking) == !disarms(one.lack));
    }
}

TEST_CASE("kill_ready: without a warm link it is not said as well that none was rehearsed") {
    const auto lacking = lacking_with([](auto&, auto& its) {
        its.links_warm = 0;
        its.rehearsed = {};
    });
    REQUIRE(lacking.size() == 1);
    CHECK(lacking[0].lack == Lack::links);
}

TEST_CASE("kill_ready: what disarms comes first") {
    const auto lacking = lacking_with([](KillSight& sight, auto& its) {
        its.slots_free = 0;
        its.oldest_signature = 1h;
        sight.journal_writable = false;
        sight.accounts[0].slots_free = 0;
    });
    REQUIRE(lacking.size() == 4);
    CHECK(lacking[0].lack == Lack::signatures);
    CHECK(lacking[0].age == 1h);
    CHECK(lacking[1].lack == Lack::slots);
    CHECK(lacking[1].account == AccountId{0});
    CHECK(lacking[3].lack == Lack::journal);
    CHECK_FALSE(fires(lacking));
}

TEST_CASE(
    "kill_ready: a new start is wanted where nobody signs and a signature is nearly too old") {
    KillSight sight = well();
    sight.accounts[1].oldest_signature = 20001ms;
    CHECK_FALSE(wants_a_new_start(sight, now));
    sight.signer_gone = true;
    CHECK(wants_a_new_start(sight, now));
    sight.accounts[1].oldest_signature = 20s;
    CHECK_FALSE(wants_a_new_start(sight, now));
}

TEST_CASE("kill_ready: each lack has a name of its own") {
    for (std::size_t a = 0; a < lack_count; ++a) {
        for (std::size_t b = 0; b < a; ++b)
            CHECK(name(static_cast<Lack>(a)) != name(static_cast<Lack>(b)));
    }
}
