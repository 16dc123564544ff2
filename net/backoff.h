// How long a link waits before it connects again.
#pragma once

#include <algorithm>

#include "core/time.h"

namespace scram {

class Backoff {
  public:
    Backoff(Duration first, Duration max) : first_(first), max_(max), next_(first) {}

    // A link that worked and was lost comes back at once, but only once: a peer that accepts and
    // then hangs up must not be hammered. `random` in [0, 1) spreads many clients over +-50 %.
    Duration wait(bool was_up, double random) {
        const bool at_once = was_up && fresh_;
        fresh_ = false;
        if (at_once) return Duration::zero();
        const Duration base = next_;
        next_ = std::min(next_ * 2, max_);
        return Duration(
            static_cast<Duration::rep>(static_cast<double>(base.count()) * (0.5 + random)));
    }

    // An answer was read: the peer is well.
    void reset() {
        fresh_ = true;
        next_ = first_;
    }

  private:
    Duration first_;
    Duration max_;
    Duration next_;
    bool fresh_ = true;
};

}  // namespace scram
