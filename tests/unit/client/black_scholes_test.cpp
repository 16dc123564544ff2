// The sample maker's Black-Scholes: against a textbook value, and against itself.
#include "client/examples/black_scholes.h"

#include <doctest/doctest.h>

using scram::sample::black_scholes;
using scram::sample::Option;

TEST_CASE("black-scholes: an at-the-money call costs what the closed form says") {
    // 100 * (2 N(0.1) - 1) for a deviation of 0.2 over one year.
    CHECK(black_scholes({true, 100, 1}, 100, 0.2).price == doctest::Approx(7.96557).epsilon(1e-5));
}

TEST_CASE("black-scholes: a call less its put is the spot less the strike") {
    for (const double strike : {48000.0, 60000.0, 75000.0}) {
        const auto call = black_scholes({true, strike, 0.3}, 61000, 0.55);
        const auto put = black_scholes({false, strike, 0.3}, 61000, 0.55);
        CHECK(call.price - put.price == doctest::Approx(61000 - strike));
        CHECK(call.delta - put.delta == doctest::Approx(1));
        CHECK(call.gamma == doctest::Approx(put.gamma));
    }
}

TEST_CASE("black-scholes: the greeks are the slopes of the price") {
    for (const bool is_call : {true, false}) {
        const Option option{is_call, 62000, 0.25};
        const auto at = [&](double spot, double volatility, double years) {
            return black_scholes({option.call, option.strike, years}, spot, volatility).price;
        };
        const auto greeks = black_scholes(option, 60000, 0.5);
        const double up = at(60010, 0.5, 0.25), down = at(59990, 0.5, 0.25);
        const double middle = at(60000, 0.5, 0.25);
        CHECK(greeks.delta == doctest::Approx((up - down) / 20).epsilon(1e-4));
        CHECK(greeks.gamma == doctest::Approx((up - 2 * middle + down) / 100).epsilon(1e-3));
        const double vega = at(60000, 0.505, 0.25) - at(60000, 0.495, 0.25);
        CHECK(greeks.vega == doctest::Approx(vega).epsilon(1e-4));
        const double day = 1 / 365.0;
        const double theta = (at(60000, 0.5, 0.25 - day / 2) - at(60000, 0.5, 0.25 + day / 2));
        CHECK(greeks.theta == doctest::Approx(theta).epsilon(1e-4));
    }
}
