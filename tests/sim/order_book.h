// The orders of one family that rest at the exchange, and those that rested there until a moment
// ago: some edges show them for a while longer.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/time.h"
#include "tests/sim/dice.h"

namespace scram::sim {

class OrderBook {
  public:
    void place(std::uint64_t id, bool mmp, Time now);

    // What a mass-cancel that is carried out does, whatever its answer says.
    enum class Deed : std::uint8_t { all, leaves_some, later };
    void cancel(Deed deed, Duration later, Time now);
    // The same of one order by its id. False: no such order rests.
    bool cancel_one(std::uint64_t id, Deed deed, Duration later, Time now);

    // All goes, one by one, within `most`.
    void sweep(Duration most, Dice& dice, Time now);

    bool has_mmp(Time now) const;
    // An MMP order that had arrived before `at` rests. `told_gone`: leaving out those of which the
    // exchange says falsely that they are gone.
    bool rests_from_before(Time at, Time now, bool told_gone = false) const;
    // Other orders, which no mass-cancel reaches: those that had arrived before `at`, and of them
    // those that rest.
    std::size_t others(Time at) const;
    std::size_t others_left(Time at, Time now) const;
    bool other_rests_from_before(Time at, Time now) const { return others_left(at, now) > 0; }

    // A page as the book was at `as_of`, newest first, of those older than `after`.
    struct Page {
        std::uint32_t mmp = 0;
        std::uint32_t others = 0;
        std::vector<std::uint64_t> ids_of_others;
        std::uint64_t last = 0;
        bool full = false;
    };
    Page page(bool mmp_alone, std::uint64_t after, Time as_of) const;

  private:
    struct Order {
        std::uint64_t id = 0;
        bool mmp = false;
        bool told_gone = false;  // and rests
        Time arrived{};
        Time gone = never;  // maybe soon
        bool rests(Time at) const { return arrived <= at && gone > at; }
    };
    void forget(Time now);

    std::vector<Order> orders_;  // by arrival, which is by id
};

}  // namespace scram::sim
