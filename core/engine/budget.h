// One account's cancel budget: never more than `slots` requests in any window, as the exchange
// counts.
//
// A slot is taken when a request is sent, and is free again one window after its *answer was read*.
// The argument: the exchange counts a request at some moment c between its sending s and the
// reading of its answer a, s <= c <= a. A slot's next request is counted at c' >= s' >= a + window
// >= c + window. So two requests of one slot are never counted within one window, whatever the
// network's delays; and with n slots no window, sliding or fixed, holds more than n. (Freeing it
// one window after *sending* would not do: a delayed first and a fast second request can meet in
// one window. Nor would a steady refill of n per window: it allows 2n in one.) A request that
// somebody else answered, a proxy before the exchange, has no a: `guard` stands for what may still
// be on its way behind it.
//
// Nor has a request that was lost: bytes may be under way for `guard` after its connection was
// reset, and an exchange that stands still has them in its sockets, where it finds them when it
// goes on, reset or not. Mere time says nothing then. But who reads a request, or completes a TLS
// handshake, that began `guard` after the loss or later does not stand still any more: the lost
// request has arrived by then or never will, and is read in the same round of sockets. So a lost
// slot is free one window and `round` after the answer to such a sign of life (alive()). Trying
// goes on all the same: the engine asks for a sign at silent_until(), on a link that is up; and
// where none answers, each is reset and made again, and the first that comes up is such a sign.
//
// A request that the exchange provably never took is not counted: returned() frees its slot at
// once. net/exchange/link.h has the two proofs, and why a RST alone is none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/model/plan.h"

namespace scram {

class Budget {
  public:
    using Slot = std::uint8_t;
    // In which whoever goes on reads all that its sockets hold.
    static constexpr Duration round = 50ms;

    // What a request is for decides how many free slots it leaves: a trip's first tries none; later
    // tries one (if there is a reserve), so that a family that keeps failing does not hold up
    // another's first cancel; a repeat (a family that is accepted already, a lock's renewal) the
    // whole reserve.
    enum class Purpose : std::uint8_t { trip, retry, repeat };

    explicit Budget(const BudgetSpec& spec);

    std::optional<Slot> take(Time now, Purpose purpose);
    void answered(Slot slot, Time now);   // its answer was read at `now`
    void undecided(Slot slot, Time now);  // somebody else answered it
    void lost(Slot slot, Time now);  // its connection was reset or lost at `now`, without an answer
    void returned(Slot slot, Time now);  // the exchange provably never took it
    // At `now` the exchange was seen to have read what began at `since` or later.
    void alive(Time since, Time now);
    // From when on a sign of life frees a slot that was lost; `never`: none is.
    Time silent_until() const;

    // The exchange refused this slot's request for its rate limit, at `now`. True if somebody else
    // must have spent what we had not: then fewer slots work for a while, as many as went through.
    bool throttled(Slot slot, Time now);

    // What a restart must know: when each slot is free; `never` while its request is in flight.
    using Image = std::array<Time, budget_slots_max>;
    const Image& image() const { return free_at_; }
    // Before the first take(): a process that has ended sent those. What was in flight was lost
    // with its connections, before `now`.
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
    void check_in_flight(Slot slot) const;
    std::size_t kept_back(Purpose purpose, std::size_t working) const;
    std::size_t busy_slots(Time now) const;

    BudgetSpec spec_;
    Image free_at_{};  // `never` while its request is in flight, or lost without a sign of life
    Image lost_at_;    // `never`: it is not lost, or there was a sign of life since
    std::size_t lowered_to_ = budget_slots_max;
    Time lowered_at_{};
};

}  // namespace scram
