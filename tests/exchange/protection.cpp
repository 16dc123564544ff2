#include "tests/exchange/protection.h"

namespace scram::okxsim {

void Protection::configure(Config config) {
    config_ = config;
    configured_ = true;
    fills_.clear();
}

bool Protection::fill(double quantity, Time now) {
    if (config_.interval == config_.interval.zero() || frozen(now)) return false;
    while (!fills_.empty() && now - fills_.front().first >= config_.interval) fills_.pop_front();
    fills_.emplace_back(now, quantity);
    double sum = 0;
    for (const auto& [at, part] : fills_) sum += part;
    if (sum < config_.quantity_max) return false;
    freeze(now, config_.frozen_interval);
    return true;
}

void Protection::freeze(Time now, Time length) {
    frozen_until_ = length == Time::zero() ? Time::max() : now + length;
    fills_.clear();
}

void Protection::reset() {
    frozen_until_ = {};
    fills_.clear();
}

}  // namespace scram::okxsim
