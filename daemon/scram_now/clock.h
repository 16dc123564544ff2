// The exchange's time, for all lanes: one of them asks, the others wait for it. A wrong local clock
// so costs one round trip, and no answer about the time holds up a cancel for long: the local clock
// then has to do, and an answer that refuses it asks again.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "core/okx/exchange_clock.h"

namespace scram {

// steady_clock is CLOCK_MONOTONIC too.
inline std::chrono::steady_clock::time_point steady(Time t) {
    return std::chrono::steady_clock::time_point(t.time_since_epoch());
}

class NowClock {
  public:
    NowClock(Time now, WallMillis local_wall) : clock_(now, local_wall) {}

    // True: the caller asks the exchange, and calls told() whatever comes of it. False: at() is as
    // good as can be had. Waits while another asks,
    // until `deadline`.
    bool must_ask(Time deadline, std::stop_token stop);
    void told(Time sent, Time received, std::optional<WallMillis> exchange);
    // A signature of this time was refused for it.
    void doubt(Time signed_at);

    WallMillis at(Time now) const;
    milliseconds ahead_of(Time now, WallMillis local_wall) const;

  private:
    enum class State { unknown, asked, known };
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    State state_ = State::unknown;
    Time told_at_{};
    ExchangeClock clock_;
};

}  // namespace scram
