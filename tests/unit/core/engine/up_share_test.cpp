#include "core/engine/up_share.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {
constexpr Time start{1h + 3s};
}

TEST_CASE("up_share: whole before the first link has come up, and while one is up") {
    UpShare share;
    share.change(start, false);
    CHECK(share.of(start + 1h) == 1);
    share.change(start + 1h, true);
    CHECK(share.of(start + 1h) == 1);
    CHECK(share.of(start + 1h + 3s) == 1);
    CHECK(share.of(start + 3h) == 1);
}

TEST_CASE("up_share: what is down is missing in proportion") {
    UpShare share;
    share.change(start, true);
    share.change(start + 6s, false);
    CHECK(share.of(start + 8s) == doctest::Approx(0.75));
    share.change(start + 8s, true);
    CHECK(share.of(start + 16s) == doctest::Approx(14.0 / 16));
}

TEST_CASE("up_share: what is older than a minute is forgotten, however long nothing changed") {
    UpShare share;
    share.change(start, true);
    share.change(start + 10s, false);
    share.change(start + 20s, true);
    CHECK(share.of(start + 30s) == doctest::Approx(2.0 / 3));
    CHECK(share.of(start + 82s) == 1);
    share.change(start + 24h, false);
    CHECK(share.of(start + 24h) == doctest::Approx(1));
    CHECK(share.of(start + 24h + 70s) == 0);
    share.change(start + 48h, true);
    CHECK(share.of(start + 48h + 30s) > 0.3);
    CHECK(share.of(start + 48h + 30s) < 0.7);
}
