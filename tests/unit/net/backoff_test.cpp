#include "net/backoff.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {
constexpr double middle = 0.5;  // of the jitter: the plain value
}

TEST_CASE("backoff: a link that worked comes back at once, but once only") {
    Backoff backoff(50ms, 5s);
    CHECK(backoff.wait(true, middle) == 0ms);
    CHECK(backoff.wait(true, middle) == 50ms);
    CHECK(backoff.wait(true, middle) == 100ms);
    backoff.reset();
    CHECK(backoff.wait(true, middle) == 0ms);
}

TEST_CASE("backoff: failures double the wait up to the greatest") {
    Backoff backoff(50ms, 300ms);
    for (const Duration expected : {50ms, 100ms, 200ms, 300ms, 300ms}) {
        CHECK(backoff.wait(false, middle) == expected);
    }
    CHECK(backoff.wait(true, middle) == 300ms);  // up for a moment, but no answer was read
    backoff.reset();
    CHECK(backoff.wait(false, middle) == 50ms);
}

TEST_CASE("backoff: jitter spreads a wait over half to one and a half") {
    CHECK(Backoff(100ms, 5s).wait(false, 0.0) == 50ms);
    CHECK(Backoff(100ms, 5s).wait(false, 1.0) == 150ms);
}
