#include "client/examples/book.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace scram::sample {
namespace {

constexpr double volatility = 0.55;
constexpr double seconds_per_year = 365.0 * 24 * 3600;
constexpr double haste = 50;     // the market's clock runs that much faster than ours
constexpr double tick = 0.0001;  // coins

double usual_spot(const std::string& family) {
    if (family.starts_with("BTC")) return 60000;
    if (family.starts_with("ETH")) return 3000;
    return 120;
}

std::string date(std::chrono::sys_days day) {
    const std::chrono::year_month_day date{day};
    return fmt::format("{:02}{:02}{:02}", static_cast<int>(date.year()) % 100,
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

Book::Book(std::string family, std::chrono::sys_days today, std::uint64_t seed)
    : family_(std::move(family)), first_spot_(usual_spot(family_)), random_(seed) {
    for (const int days : {30, 120}) list_contracts(today + std::chrono::days{days}, days / 365.0);
    for (std::size_t i = 0; i < contracts_.size(); ++i) {
        quotes_.push_back({.contract = i, .buy = true});
        quotes_.push_back({.contract = i, .buy = false});
    }
}

void Book::list_contracts(std::chrono::sys_days expiry, double years) {
    const double step = first_spot_ / 60;
    for (int i = -6; i < 6; ++i) {
        const double strike = first_spot_ + 2 * i * step;
        for (const bool call : {true, false}) {
            contracts_.push_back({.id = fmt::format("{}-{}-{:.0f}-{}", family_, date(expiry),
                                                    strike, call ? 'C' : 'P'),
                                  .option = {call, strike, years}});
        }
    }
}

void Book::walk(double seconds, double drift) {
    std::normal_distribution<double> normal;
    const double deviation = volatility * std::sqrt(seconds * haste / seconds_per_year);
    spot_ *= std::exp(drift * seconds + deviation * normal(random_));
}

Greeks Book::greeks(const Contract& contract) const {
    return black_scholes(contract.option, spot_, volatility);
}

void Book::reprice(Quote& quote) const {
    const double fair = greeks(contracts_[quote.contract]).price;
    const double half_spread = 0.005 * fair + tick * spot_;
    quote.price = std::max(tick * spot_, quote.buy ? fair - half_spread : fair + half_spread);
}

std::string Book::coin_price(const Quote& quote) const {
    return fmt::format("{:.4f}", std::max(tick, quote.price / spot_));
}

void Book::fill(const Quote& quote, double size) {
    const double bought = quote.buy ? size : -size;
    contracts_[quote.contract].position += bought;
    cash_ -= bought * quote.price;
}

void Book::hedge() {
    const double sold = risk().delta;
    futures_ -= sold;
    cash_ += sold * spot_;
}

Risk Book::risk() const {
    Risk risk{.delta = futures_, .pnl = cash_ + futures_ * spot_};
    for (const Contract& contract : contracts_) {
        const Greeks greek = greeks(contract);
        risk.delta += contract.position * greek.delta;
        risk.gamma += contract.position * greek.gamma * spot_ / 100;
        risk.vega += contract.position * greek.vega;
        risk.theta += contract.position * greek.theta;
        risk.pnl += contract.position * greek.price;
    }
    return risk;
}

double Book::delta_of(const Quote& quote) const {
    const double delta = greeks(contracts_[quote.contract]).delta;
    return quote.buy ? delta : -delta;
}

}  // namespace scram::sample
