// Which share of the last minute an account had a link that was up.
#pragma once

#include <algorithm>
#include <array>
#include <numeric>

#include "core/base/time.h"

namespace scram {

class UpShare {
  public:
    // Nothing counts before the first link came up.
    void change(Time now, bool up) {
        if (began_ == Time{} && !up) return;
        if (began_ == Time{}) began_ = at_ = now;
        advance(now);
        up_ = up;
    }

    // Of what is known of the last minute, to 10 s; 1 if nothing is.
    double of(Time now) const {
        if (began_ == Time{}) return 1;
        UpShare at = *this;
        at.advance(now);
        const Duration seen = std::min(now - began_, part * 5 + now.time_since_epoch() % part);
        const Duration up = std::accumulate(at.up_in_.begin(), at.up_in_.end(), Duration{});
        return seen <= Duration{} ? 1
                                  : std::min(1.0, static_cast<double>(up.count()) /
                                                      static_cast<double>(seen.count()));
    }

  private:
    static constexpr Duration part = 10s;
    static constexpr std::size_t parts = 6;

    void advance(Time now) {
        at_ = std::max<Time>(at_, now - part * (parts + 1));  // what is older is written over
        while (at_ < now) {
            const Duration into = at_.time_since_epoch() % part;
            Duration& here =
                up_in_[static_cast<std::size_t>(at_.time_since_epoch() / part) % parts];
            if (into == Duration{}) here = {};
            const Duration step = std::min(now - at_, part - into);
            if (up_) here += step;
            at_ += step;
        }
    }

    std::array<Duration, parts> up_in_{};
    Time began_{};
    Time at_{};
    bool up_ = false;
};

}  // namespace scram
