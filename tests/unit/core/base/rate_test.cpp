#include "core/base/rate.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

constexpr RateSpec three_then_one_a_second{3, 1s};
constexpr Time start = time_from_ns(5'000'000'000);

int taken(UserRates& rates, std::uint32_t uid, Time now, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += rates.take(uid, now) ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("rate: so many in a row, then one each second, and the row again after silence") {
    UserRates rates(three_then_one_a_second);
    CHECK(taken(rates, 1, start, 10) == 3);
    CHECK(taken(rates, 1, start + 999ms, 10) == 0);
    CHECK(taken(rates, 1, start + 1s, 10) == 1);
    CHECK(taken(rates, 1, start + 2s, 10) == 1);
    CHECK(taken(rates, 1, start + 60s, 10) == 3);
}

TEST_CASE("rate: what is refused costs nothing") {
    UserRates rates(three_then_one_a_second);
    CHECK(taken(rates, 1, start, 1000) == 3);
    CHECK(taken(rates, 1, start + 1s, 1000) == 1);
}

TEST_CASE("rate: one user takes nothing from another") {
    UserRates rates(three_then_one_a_second);
    CHECK(taken(rates, 1, start, 10) == 3);
    CHECK(taken(rates, 2, start, 10) == 3);
    CHECK(taken(rates, 1, start, 10) == 0);
}

TEST_CASE("rate: a crowd of users shares what is left over") {
    UserRates rates(three_then_one_a_second);
    int count = 0;
    for (std::uint32_t uid = 0; uid < 10 * UserRates::users_max; ++uid)
        count += taken(rates, uid, start, 10);
    CHECK(count == 3 * (static_cast<int>(UserRates::users_max) + 1));
    CHECK(taken(rates, 100'000, start + 60s, 10) == 3);
}
