// How long an answer takes, as measured: a smoothed mean and deviation, and the time after which a
// missing answer is late (RFC 6298, section 2, without its one-second floor).
#pragma once

#include "core/base/time.h"

namespace scram {

class RoundTrip {
  public:
    void sample(Duration taken) {
        if (!known_) {
            mean_ = taken;
            deviation_ = taken / 2;
            known_ = true;
            return;
        }
        const Duration off = taken > mean_ ? taken - mean_ : mean_ - taken;
        deviation_ += (off - deviation_) / 4;
        mean_ += (taken - mean_) / 8;
    }

    bool known() const { return known_; }
    Duration late_after() const { return mean_ + 4 * deviation_; }

  private:
    bool known_ = false;
    Duration mean_{};
    Duration deviation_{};
};

}  // namespace scram
