// Black-Scholes for the sample maker: European options without interest or dividends.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace scram::sample {

struct Option {
    bool call = true;
    double strike = 0;  // USD
    double years = 0;   // to expiry
};

struct Greeks {
    double price = 0;  // USD for an option on one coin
    double delta = 0;  // coins
    double gamma = 0;  // coins per USD of spot
    double vega = 0;   // USD per vol point (0.01)
    double theta = 0;  // USD per day
};

inline double normal_density(double x) {
    return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}
inline double normal_below(double x) {
    return std::erfc(-x / std::numbers::sqrt2) / 2;
}

inline Greeks black_scholes(const Option& option, double spot, double volatility) {
    const double root_time = std::sqrt(option.years);
    const double deviation = volatility * root_time;
    const double d1 = std::log(spot / option.strike) / deviation + deviation / 2;
    const double d2 = d1 - deviation;
    const double sign = option.call ? 1 : -1;
    const double density = normal_density(d1);
    return {
        .price = std::max(
            0.0, sign * (spot * normal_below(sign * d1) - option.strike * normal_below(sign * d2))),
        .delta = sign * normal_below(sign * d1),
        .gamma = density / (spot * deviation),
        .vega = spot * density * root_time / 100,
        .theta = -spot * density * volatility / (2 * root_time) / 365,
    };
}

}  // namespace scram::sample
