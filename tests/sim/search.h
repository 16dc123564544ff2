// From a seed that fails to the shortest way that was found to its failure.
#pragma once

#include <string>

#include "tests/sim/world.h"

namespace scram::sim {

// Leaves out kinds of faults, then doings of makers, operators and mishaps, as long as the same
// invariant breaks.
Cut shorten(std::uint64_t seed, const Outcome& failure);

// As options of the program, and back. Nothing if the text is none of ours.
std::string options_of(const Cut& cut);
bool leave_out(Cut& cut, std::string_view faults, std::string_view doings);

}  // namespace scram::sim
