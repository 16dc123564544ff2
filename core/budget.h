// One account's cancel budget: never more than `slots` requests in any window, as the exchange
// counts.
//
// A slot is taken when a request is sent, and is free again one window after its *answer was read*.
// The argument: the exchange counts a request at some moment c between its sending s and the
// reading of its answer a, s <= c <= a. A slot's next request is counted at c' >= s' >= a + window
// >= c + window. So two requests of one slot are never counted within one window, whatever the
// network's delays; and with n slots no window, sliding or fixed, holds more than n. (Freeing it
// one window after *sending* would not do: a delayed first and a fast second request can meet in
// one window. Nor would a steady refill of n per window: it allows 2n in one.) A request that was
// lost has no a: it is dead at the latest `guard` after its connection was reset, since bytes may
// still be under way.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/plan.h"

namespace scram {

class Budget {
  public:
    using Slot = std::uint8_t;

    // What a request is for decides how many free slots it leaves: a trip's first tries none; later
    // tries one (if there is a reserve), so that a family that keeps failing does not hold up
    // another's first cancel; a repeat (a family that is confirmed already, a lock's renewal) the
    // whole reserve.
    enum class Purpose : std::uint8_t { trip, retry, repeat };

    explicit Budget(const BudgetSpec& spec);

    std::optional<Slot> take(Time now, Purpose purpose);
    void answered(Slot slot, Time now);  // its answer was read at `now`
    void lost(Slot slot, Time now);  // its connection was reset or lost at `now`, without an answer

    // The earliest time at which take() can succeed again, as known now: `now` if at once, `never`
    // if that depends on a request still in flight.
    Time next_take(Time now, Purpose purpose) const;
    std::size_t free_slots(Time now) const;
    std::size_t slots() const { return spec_.slots; }

    // A reload's new figures. Slots in use keep their times.
    void change(const BudgetSpec& spec);

  private:
    std::size_t kept_back(Purpose purpose) const;

    BudgetSpec spec_;
    std::array<Time, budget_slots_max> free_at_{};  // `never` while its request is in flight
};

}  // namespace scram
