#include "core/engine/signing_pace.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

constexpr Time first_asked = time_from_ns(50'000'000'000);
constexpr WallMillis then{1'768'519'672'907};

constexpr WallMillis after(Duration passed) {
    return WallMillis{then.value + passed / 1ms};
}

}  // namespace

TEST_CASE("signing pace: it follows the moment that it was asked for first") {
    SigningPace pace;
    for (Duration passed = 0s; passed < 100h; passed += 59s)
        REQUIRE(pace.may_be_at(after(passed), first_asked + passed));
    CHECK(pace.may_be_at(after(100h + 60s), first_asked + 100h));
    CHECK(pace.may_be_at(after(100h - 60s), first_asked + 100h));
}

TEST_CASE("signing pace: the exchange's clock may step some times, and then no more for a while") {
    SigningPace pace;
    int moments = 0;
    for (int year = 0; year < 200; ++year) {
        for (int again = 0; again < 3; ++again)
            moments += pace.may_be_at(after(year * 8766h), first_asked) ? 1 : 0;
    }
    CHECK(moments == 3 * static_cast<int>(SigningPace::moments.in_a_row));
    CHECK_FALSE(pace.may_be_at(then, first_asked + 599s));
    CHECK(pace.may_be_at(then, first_asked + 600s));
    CHECK(pace.may_be_at(after(30s), first_asked + 630s));
}

TEST_CASE("signing pace: a thief gets a few windows, not a year") {
    SigningPace pace;
    int hoarded = 0;
    for (std::int64_t minute = 0; minute < 366 * 24 * 60; ++minute)
        hoarded += pace.may_be_at(after(minute * 60s), first_asked + minute * 1ms) ? 1 : 0;
    CHECK(hoarded < 30);
}

TEST_CASE("signing pace: a burst of all requests is signed, an endless flood is not") {
    SigningPace pace;
    const auto given = [&](int asked, Duration pause) {
        int count = 0;
        for (int i = 0; i < asked; ++i)
            count += pace.may_be_another(first_asked + i * pause) ? 1 : 0;
        return count;
    };
    CHECK(given(300'000, 0s) == static_cast<int>(SigningPace::signatures.in_a_row));
    const int in_a_second = given(300'000, Duration{1s} / 300'000);
    CHECK(in_a_second <= Duration{1s} / SigningPace::signatures.each + 5);
    CHECK(in_a_second >= Duration{1s} / SigningPace::signatures.each - 5);
}
