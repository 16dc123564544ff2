#include "core/model/family_listing.h"

#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

// F0-USD, F1-USD, F2-USD
const Plan& three() {
    static const Plan plan = plan_of({3, 1, 1});
    return plan;
}

FamilyListing begun() {
    FamilyListing listing;
    listing.begin(three());
    return listing;
}

}  // namespace

TEST_CASE("family listing: nothing is known before an answer") {
    const FamilyListing listing = begun();
    CHECK_FALSE(listing.known());
    CHECK(listing.of(A) == Listed::unknown);
    CHECK(listing.trouble().empty());
}

TEST_CASE("family listing: what the exchange lists is listed, letter by letter, and nothing else") {
    FamilyListing listing = begun();
    listing.told(three(), {"F2-USD", "F0-USD", "f1-usd", "F1-USD_UM", "F1"});
    CHECK(listing.known());
    CHECK(listing.trouble().empty());
    CHECK(listing.of(A) == Listed::yes);
    CHECK(listing.of(B) == Listed::no);
    CHECK(listing.of(C) == Listed::yes);
}

TEST_CASE("family listing: an empty list and a failure leave what was known") {
    FamilyListing listing = begun();
    listing.told(three(), {});
    CHECK_FALSE(listing.known());
    CHECK(listing.of(A) == Listed::unknown);
    listing.told(three(), {"F0-USD"});
    listing.failed("no answer");
    CHECK(listing.known());
    CHECK(listing.trouble() == "no answer");
    CHECK(listing.of(A) == Listed::yes);
    CHECK(listing.of(B) == Listed::no);
    listing.told(three(), {"F1-USD"});
    CHECK(listing.of(A) == Listed::no);
    CHECK(listing.of(B) == Listed::yes);
}
