// Breaches come in bursts: what moves one family moves others. So for a moment behind a kill the
// loop looks at signals alone, and what else there is waits for it: answers, which the exchange
// takes longer to give anyway, timers, operators, files. Half of the time is theirs whatever comes.
#pragma once

#include "core/base/time.h"

namespace scram {

class Burst {
  public:
    static constexpr Duration quiet_after = 200us;  // the last kill: the burst is over
    static constexpr Duration longest = 5ms;

    // A signal set a cancel off. `at` never steps back.
    void fired(Time at) {
        if (at - began_ >= 2 * longest) began_ = at;
        last_ = at;
    }
    bool goes_on(Time now) const { return now - last_ < quiet_after && now - began_ < longest; }

  private:
    Time began_ = Time{} - 2 * longest;
    Time last_ = Time{} - quiet_after;
};

}  // namespace scram
