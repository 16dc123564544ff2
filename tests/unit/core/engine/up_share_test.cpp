#include "core/engine/up_share.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {
constexpr Time first_up{1h + 3s};
}

TEST_CASE("up_share: whole before the first link has come up, and while one is up") {
    UpShare share;
    share.change(first_up, false);
    CHECK(share.of(first_up + 1h) == 1);
    share.change(first_up + 1h, true);
    CHECK(share.of(first_up + 1h) == 1);
    CHECK(share.of(first_up + 1h + 3s) == 1);
    CHECK(share.of(first_up + 3h) == 1);
}

TEST_CASE("up_share: what is down is missing in proportion") {
    UpShare share;
    share.change(first_up, true);
    share.change(first_up + 6s, false);
    CHECK(share.of(first_up + 8s) == doctest::Approx(0.75));
    share.change(first_up + 8s, true);
    CHECK(share.of(first_up + 16s) == doctest::Approx(14.0 / 16));
}

TEST_CASE("up_share: what is older than a minute is forgotten, however long nothing changed") {
    UpShare share;
    share.change(first_up, true);
    share.change(first_up + 10s, false);
    share.change(first_up + 20s, true);
    CHECK(share.of(first_up + 30s) == doctest::Approx(2.0 / 3));
    CHECK(share.of(first_up + 82s) == 1);
    share.change(first_up + 24h, false);
    CHECK(share.of(first_up + 24h) == doctest::Approx(1));
    CHECK(share.of(first_up + 24h + 70s) == 0);
    share.change(first_up + 48h, true);
    CHECK(share.of(first_up + 48h + 30s) > 0.3);
    CHECK(share.of(first_up + 48h + 30s) < 0.7);
}
