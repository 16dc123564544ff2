// How long a link waits before it connects again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/time.h"

namespace scram {

// What a link was doing when it fell.
enum class Fell : std::uint8_t {
    connecting,  // it never came up
    idle,
    asked,  // a request was in flight
};

class Backoff {
  public:
    Backoff(Duration first, Duration max) : first_(first), max_(max), next_(first) {}

    // A link that worked and was lost comes back at once, but only once: a peer that accepts and
    // then hangs up must not be hammered, so its pause grows as that of a connect that fails. A
    // request that ended its connection says nothing against connecting: the pause stays the first.
    // That is no storm, since requests are few: one rehearsal per Timings::rehearse_gap over all
    // links, from a link's second loss in a row one per rehearse_every, and the budget's cancels.
    // Nor is it after an idle connection that lived as long as the greatest pause.
    // `random` in [0, 1) spreads many clients over +-50 %.
    Duration wait(Fell fell, Duration lived, double random) {
        const bool at_once = fell != Fell::connecting && fresh_;
        fresh_ = false;
        if (at_once) return Duration::zero();
        const bool grows = fell == Fell::connecting || (fell == Fell::idle && lived < max_);
        if (!grows) next_ = first_;
        const Duration base = next_;
        if (grows) next_ = std::min(next_ * 2, max_);
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
