// What became of families whose cancel or gate an operator waits for: whether all of it is settled
// is decided here alone, for the answer and for how long it waits.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/engine/engine.h"

namespace scram {

enum class CancelOutcome : std::uint8_t {
    trying,    // no answer yet, or one after which the next attempt may be accepted
    refused,   // by the exchange: goes on being tried, and until a person acts in vain
    accepted,  // the exchange took it
    verified,  // and its book shows no order
};
// Of a family that has been tripped.
CancelOutcome cancel_outcome(const Switch& family);

// There is nothing more to wait for: after a trip; after an arming, whose gate is open or closed by
// another trip.
bool is_cancel_settled(const Switch& family);
bool is_cancel_verified(const Switch& family);
bool is_gate_settled(const Switch& family);

// Of a look at its orders: under way no more.
bool is_look_over(const Engine& engine, FamilyId id);

using Settled = bool (*)(const Engine&, FamilyId);
template <bool (*of_switch)(const Switch&)>
bool settled(const Engine& engine, FamilyId id) {
    return of_switch(engine.family(id));
}
bool all_settled(const Engine& engine, std::span<const FamilyId> families, Settled is_settled);

// The answer to a trip of these families. `waiting`: it is told again once all is settled.
std::string trip_json(const Engine& engine, TripId trip, std::span<const FamilyId> families,
                      bool waiting);
// The answer to a look at these: what is known at `now`, which by the wall's clock is `wall`.
std::string orders_json(const Engine& engine, std::span<const FamilyId> families, Time now,
                        WallMillis wall, bool waiting);
// What follows the answer to an arming of these: whether all their gates are open.
std::string gates_json(const Engine& engine, std::span<const FamilyId> families);

}  // namespace scram
