// The exchange's wall clock, as an offset to our monotonic clock. Signatures use it, so that
// neither a wrong nor a stepping local wall clock can make one stale.
//
// Each answer to GET /api/v5/public/time bounds the offset: the exchange read its clock after we
// sent and before we received. The bounds of all answers are intersected, widened by the drift that
// two clocks may have had since. An answer that contradicts them means that the exchange's clock
// stepped: it alone counts from then on.
#pragma once

#include "core/base/time.h"

namespace scram {

class ExchangeClock {
  public:
    // Until the first sample: the local wall clock as it was at start.
    ExchangeClock(Time now, WallMillis local_wall);

    // True if the exchange's clock stepped against what was known.
    bool sample(Time sent, Time received, WallMillis exchange);

    // The machine slept for so long: no monotonic time has passed, but the exchange's has.
    void slept(Duration by);

    WallMillis at(Time now) const;
    bool synced() const { return synced_; }
    // Half the width of what is known: the clock is right within +- this.
    Duration uncertainty() const { return (high_ - low_) / 2; }
    // Exchange minus local wall clock, given a reading of the latter.
    milliseconds ahead_of(Time now, WallMillis local_wall) const {
        return milliseconds{at(now).value - local_wall.value};
    }

  private:
    Duration offset() const { return low_ + (high_ - low_) / 2; }

    bool synced_ = false;
    Time sampled_{};
    Time newest_{};  // when the request of the newest sample was sent
    Duration low_;   // offset = wall time since 1970 - monotonic time, within [low_, high_]
    Duration high_;
};

}  // namespace scram
