#include "core/base/validity.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

constexpr std::int64_t bound = 1'795'800'000;  // 2026-11-27T17:20:00Z

std::string text(bool early, std::int64_t judged, std::optional<std::int64_t> exchange) {
    std::optional<WallMillis> at;
    if (exchange) at = WallMillis{*exchange * 1000 + 999};
    return validity_text({early, bound, judged}, at);
}

bool begins(const std::string& all, std::string_view with) {
    return std::string_view(all).substr(0, with.size()) == with;
}

}  // namespace

TEST_CASE("validity: all times that are known are told, in UTC, behind what to do") {
    CHECK(text(true, bound - 60, bound + 60) ==
          ": this host's clock is behind, set it (valid from 2026-11-27T17:20Z; this host's "
          "clock says 2026-11-27T17:19Z, the exchange's 2026-11-27T17:21Z)");
    CHECK(text(false, bound + 60, std::nullopt) ==
          ": set this host's clock if it is ahead, else its owner must renew it (valid until "
          "2026-11-27T17:20Z; this host's clock says 2026-11-27T17:21Z)");
}

TEST_CASE("validity: where the exchange's clock is known, it tells whose fault it is") {
    CHECK(begins(text(true, bound - 1, bound), ": this host's clock is behind, set it"));
    CHECK(begins(text(true, bound - 9, bound - 1), ", by the exchange's clock neither"));
    CHECK(begins(text(false, bound + 1, bound), ": this host's clock is ahead, set it"));
    CHECK(begins(text(false, bound + 9, bound + 1), ", by the exchange's clock too"));
    CHECK(begins(text(true, bound - 1, std::nullopt), ": set this host's clock if it is behind"));
}

TEST_CASE("validity: a year that no text can hold is told as the nearest") {
    const std::string all = validity_text({true, 300'000'000'000, -1}, std::nullopt);
    CHECK(all.find("valid from 9999-12-31T23:59Z") != std::string::npos);
    CHECK(all.find("clock says 1970-01-01T00:00Z") != std::string::npos);
}
