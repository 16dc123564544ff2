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
// still be under way. Nor has one that somebody else answered, a proxy before the exchange: the
// same `guard` stands for what may still be on its way behind it.
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

    // The exchange refused this slot's request for its rate limit, at `now`. True if somebody else
    // must have spent what we had not: then fewer slots work for a while, as many as went through.
    bool throttled(Slot slot, Time now);

    // What a restart must know: when each slot is free; `never` while its request is in flight.
    using Image = std::array<Time, budget_slots_max>;
    const Image& image() const { return free_at_; }
    // Before the first take(): a process that has ended sent those. None of its bytes is under way
    // `guard` after its connections were closed with it, before `now`.
    void restore(const Image& image, Time now);

    // The earliest time at which take() can succeed again, as known now: `now` if at once, `never`
    // if that depends on a request still in flight.
    Time next_take(Time now, Purpose purpose) const;
    std::size_t free_slots(Time now) const;
    std::size_t slots() const { return spec_.slots; }
    // Fewer than slots() while somebody else spends this User ID's budget; when that changes next.
    std::size_t working_slots(Time now) const;
    Time next_regain(Time now) const;

    // A reload's new figures. Slots in use keep their times.
    void change(const BudgetSpec& spec);

  private:
    std::size_t kept_back(Purpose purpose, std::size_t working) const;
    std::size_t busy_slots(Time now) const;

    BudgetSpec spec_;
    Image free_at_{};  // `never` while its request is in flight
    std::size_t lowered_to_ = budget_slots_max;
    Time lowered_at_{};
};

}  // namespace scram
