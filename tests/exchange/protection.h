// Market maker protection of one family: when fills of its MMP orders within an interval reach a
// quantity, they are cancelled and new ones refused, for a while or until somebody resets it.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <utility>

namespace scram::okxsim {

class Protection {
  public:
    using Time = std::chrono::nanoseconds;

    struct Config {
        std::chrono::milliseconds interval{};         // 0: off
        std::chrono::milliseconds frozen_interval{};  // 0: until it is reset
        double quantity_max = 0;
    };

    void configure(Config config);
    const Config& config() const { return config_; }
    bool configured() const { return configured_; }

    bool fill(double quantity, Time now);  // whether this fill triggers it
    void freeze(Time now, Time length);    // 0: until it is reset
    void reset();
    bool frozen(Time now) const { return now < frozen_until_; }
    bool frozen_for_good() const { return frozen_until_ == Time::max(); }
    Time frozen_left(Time now) const { return frozen(now) ? frozen_until_ - now : Time::zero(); }

  private:
    Config config_;
    bool configured_ = false;
    std::deque<std::pair<Time, double>> fills_;  // within the interval
    Time frozen_until_{};
};

}  // namespace scram::okxsim
