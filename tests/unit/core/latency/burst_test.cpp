#include "core/latency/burst.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

constexpr Time first{1s};

TEST_CASE("burst: none before the first kill") {
    const Burst burst;
    CHECK_FALSE(burst.goes_on(Time{}));
    CHECK_FALSE(burst.goes_on(first));
}

TEST_CASE("burst: it ends a moment behind the last kill") {
    Burst burst;
    burst.fired(first);
    CHECK(burst.goes_on(first));
    burst.fired(first + 150us);
    CHECK(burst.goes_on(first + 300us));
    CHECK_FALSE(burst.goes_on(first + 150us + Burst::quiet_after));
}

TEST_CASE("burst: kills without end leave half of the time to all else") {
    Burst burst;
    Duration held{};
    for (Time now = first; now < first + 1s; now += 50us) {
        burst.fired(now);
        if (burst.goes_on(now)) held += 50us;
    }
    CHECK(held > 400ms);
    CHECK(held <= 500ms);
}

TEST_CASE("burst: one that was cut short is followed by another only after as long a rest") {
    Burst burst;
    burst.fired(first);
    burst.fired(first + Burst::longest);
    CHECK_FALSE(burst.goes_on(first + Burst::longest));
    burst.fired(first + 2 * Burst::longest);
    CHECK(burst.goes_on(first + 2 * Burst::longest));
}

}  // namespace
