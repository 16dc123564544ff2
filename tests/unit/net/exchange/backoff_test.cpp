#include "net/exchange/backoff.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {
constexpr double middle = 0.5;  // of the jitter: the plain value
}

TEST_CASE("backoff: a link that worked comes back at once, but once only") {
    for (const Fell fell : {Fell::idle, Fell::asked}) {
        Backoff backoff(50ms, 5s);
        CHECK(backoff.wait(fell, 1s, middle) == 0ms);
        CHECK(backoff.wait(fell, 1s, middle) == 50ms);
        backoff.reset();
        CHECK(backoff.wait(fell, 1s, middle) == 0ms);
    }
}

TEST_CASE("backoff: failures double the wait up to the greatest") {
    Backoff backoff(50ms, 300ms);
    for (const Duration expected : {50ms, 100ms, 200ms, 300ms, 300ms}) {
        CHECK(backoff.wait(Fell::connecting, 0s, middle) == expected);
    }
    CHECK(backoff.wait(Fell::idle, 299ms, middle) == 300ms);  // up for a moment, without an answer
    backoff.reset();
    CHECK(backoff.wait(Fell::connecting, 0s, middle) == 50ms);
}

TEST_CASE("backoff: who hangs up on requests, or after a long life, is no failure to connect") {
    Backoff backoff(50ms, 5s);
    for (int i = 0; i < 4; ++i) backoff.wait(Fell::connecting, 0s, middle);
    for (int i = 0; i < 10; ++i) CHECK(backoff.wait(Fell::asked, 1ms, middle) == 50ms);
    for (int i = 0; i < 10; ++i) CHECK(backoff.wait(Fell::idle, 5s, middle) == 50ms);
    CHECK(backoff.wait(Fell::connecting, 0s, middle) == 50ms);
    CHECK(backoff.wait(Fell::connecting, 0s, middle) == 100ms);
}

TEST_CASE("backoff: jitter spreads a wait over half to one and a half") {
    CHECK(Backoff(100ms, 5s).wait(Fell::connecting, 0s, 0.0) == 50ms);
    CHECK(Backoff(100ms, 5s).wait(Fell::connecting, 0s, 1.0) == 150ms);
}
