#include "core/base/suspension.h"

#include <doctest/doctest.h>

#include "core/okx/exchange_clock.h"

using namespace scram;

namespace {

constexpr Time start = time_from_ns(7'000'000'000);

}  // namespace

TEST_CASE("suspension: a reading of the boot clock gives the monotonic time") {
    const Suspension suspension(start, start + 40s);
    CHECK(suspension.monotonic(start + 41s) == start + 1s);
}

TEST_CASE("suspension: a sleep is told once, and readings are right again after it") {
    Suspension suspension(start, start + 40s);
    CHECK(suspension.look(start + 1s, start + 41s) == Duration::zero());
    CHECK(suspension.look(start + 2s, start + 102s) == 60s);
    CHECK(suspension.monotonic(start + 103s) == start + 3s);
    CHECK(suspension.look(start + 3s, start + 103s) == Duration::zero());
}

TEST_CASE("suspension: some nanoseconds between two readings are no sleep") {
    Suspension suspension(start, start);
    CHECK(suspension.look(start + 1s, start + 1s + 30us) == Duration::zero());
}

TEST_CASE("exchange clock: after a sleep it is as far on, and known less well") {
    ExchangeClock clock(start, WallMillis{1'000'000});
    clock.sample(start, start + 10ms, WallMillis{1'000'500});
    const WallMillis before = clock.at(start + 1s);
    clock.slept(60s);
    CHECK(clock.at(start + 1s).value == before.value + 60'000);
    CHECK(clock.uncertainty() > 500ms);
    CHECK_FALSE(clock.sample(start + 1s, start + 1010ms, WallMillis{1'061'490 + 400}));
    CHECK(clock.uncertainty() < 20ms);
}
