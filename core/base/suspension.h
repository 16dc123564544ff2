// The machine's sleep. CLOCK_MONOTONIC stands still while a machine or a guest is suspended;
// CLOCK_BOOTTIME does not. So whoever reads the latter, and knows how far it was ahead, gets the
// former for the same price and sees a sleep at once: signatures grew older by it unnoticed.
#pragma once

#include "core/base/time.h"

namespace scram {

class Suspension {
  public:
    // Both clocks, read at the same moment.
    Suspension(Time monotonic, Time boot) : ahead_(boot - monotonic) {}

    // The monotonic time of a reading of the boot clock, unless the machine slept since it was
    // looked at last.
    Time monotonic(Time boot) const { return boot - ahead_; }

    // Both clocks again: how long the machine has slept since they were read last.
    Duration look(Time monotonic, Time boot) {
        const Duration slept = (boot - monotonic) - ahead_;
        ahead_ += slept;
        return slept < slept_min ? Duration::zero() : slept;
    }

    // Nobody sleeps for less; and what is read one after the other may differ by a little.
    static constexpr Duration slept_min = 100ms;

  private:
    Duration ahead_;
};

}  // namespace scram
