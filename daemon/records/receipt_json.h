// Receipts in words and as JSON: in the file that outlives the daemon, on the control socket, and
// where an operator is told why a family is latched. All of it may run on any thread.
#pragma once

#include <string>
#include <vector>

#include "core/receipts/flight_recorder.h"
#include "core/receipts/receipts.h"

namespace scram {

// A trip's signals: those of the seconds before it, in no order. Shared by the loop and the thread
// that writes, and never changed.
using Flight = std::vector<FlightRecord>;

// "rule delta: delta 27.1 of mm-1/BTC-USD by maker-1, limit 25", "operator uid 0 (root): drill"
std::string cause_text(const Receipt& receipt);

// What the loop answers with, since two microseconds a signal add up; a file has all.
inline constexpr std::size_t signals_answered_max = 200;

// One object. Its times in us are relative to the trip. `flight` (nullptr: not asked for) comes
// last, the newest `signals_max` of it.
std::string receipt_json(const Receipt& receipt, const Flight* flight,
                         std::size_t signals_max = flight_max);
// The same in short, for a list.
std::string receipt_summary_json(const Receipt& receipt);
// And with what a person wants to know of it first: the times of its stages, and its families.
inline constexpr std::size_t overview_families_max = 8;  // the first to be fired at
std::string receipt_overview_json(const Receipt& receipt);

}  // namespace scram
