// A limit on calls that are no cancels: so many in any window, as the exchange counts. The argument
// is that of core/engine/budget.h: a slot is free one window after its answer was read; that of a
// lost call once the exchange was seen to read what began `guard` after the loss.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/time.h"

namespace scram {

class ReadBudget {
  public:
    using Slot = std::uint8_t;

    // A window of the exchange's, and room for two clocks' difference in rate.
    explicit ReadBudget(std::size_t slots, Duration window = 2005ms)
        : slots_(slots), window_(window) {}

    // When one is free again, as known now; `never`: each waits for an answer or a sign of life.
    Time next_take(Time now) const;
    Slot take(Time now);  // there is a free one
    void answered(Slot slot, Time now);
    void lost(Slot slot, Time now);
    void returned(Slot slot, Time now);  // it never left
    void alive(Time since, Time now);

  private:
    static constexpr Duration guard = 1000ms;

    struct Use {
        Time free_at{};        // `never`: in flight, or lost without a sign of life since
        Time lost_at = never;  // `never`: it is not lost
    };
    std::vector<Use> slots_;
    Duration window_;
};

}  // namespace scram
