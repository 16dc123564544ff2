#include "core/base/suspension.h"

#include <doctest/doctest.h>

#include "core/okx/exchange_clock.h"

using namespace scram;

namespace {

constexpr Time booted = time_from_ns(7'000'000'000);

}  // namespace

TEST_CASE("suspension: a reading of the boot clock gives the monotonic time") {
    const Suspension suspension(booted, booted + 40s);
    CHECK(suspension.monotonic(booted + 41s) == booted + 1s);
}

TEST_CASE("suspension: a sleep is told once, and readings are right again after it") {
    Suspension suspension(booted, booted + 40s);
    CHECK(suspension.look(booted + 1s, booted + 41s) == Duration::zero());
    CHECK(suspension.look(booted + 2s, booted + 102s) == 60s);
    CHECK(suspension.monotonic(booted + 103s) == booted + 3s);
    CHECK(suspension.look(booted + 3s, booted + 103s) == Duration::zero());
}

TEST_CASE("suspension: some nanoseconds between two readings are no sleep") {
    Suspension suspension(booted, booted);
    CHECK(suspension.look(booted + 1s, booted + 1s + 30us) == Duration::zero());
}

TEST_CASE("exchange clock: after a sleep it is as far on, and known less well") {
    ExchangeClock clock(booted, WallMillis{1'000'000});
    clock.sample(booted, booted + 10ms, WallMillis{1'000'500});
    const WallMillis before = clock.at(booted + 1s);
    clock.slept(60s);
    CHECK(clock.at(booted + 1s).value == before.value + 60'000);
    CHECK(clock.uncertainty() > 500ms);
    CHECK_FALSE(clock.sample(booted + 1s, booted + 1010ms, WallMillis{1'061'490 + 400}));
    CHECK(clock.uncertainty() < 20ms);
}
