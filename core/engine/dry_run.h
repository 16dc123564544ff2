// An engine of its own that trips for practice, and is armed again: one family, one rule, one link,
// nothing outside. The way of a kill is code that runs once in a month; run now and then, it stays
// in the caches, and the branch predictors know it.
#pragma once

#include "core/engine/engine.h"

namespace scram {

class DryRun {
  public:
    DryRun();

    // A breach, its cancel, the answer, and arming again. `now` never steps back.
    void run(Time now);

    std::uint64_t fired() const { return fired_; }
    bool is_armed() const { return !engine_.family(FamilyId{}).latched; }

  private:
    void publish(double value, Time now);

    Engine engine_;
    Step step_;
    scram_signal signal_{};
    std::uint64_t fired_ = 0;
};

}  // namespace scram
