// What one seed is about: the plan, which kinds of trouble come, and how fast the world turns.
#pragma once

#include <cstdint>

#include "core/model/plan.h"
#include "tests/sim/dice.h"
#include "tests/sim/fault.h"

namespace scram::sim {

struct Scenario {
    Plan plan;
    Faults faults{0};
    bool fair = false;      // the network and the exchange are well: invariant 3 holds throughout
    Duration horizon{};     // when the last fault ends
    Duration way{};         // one way over the network, when all is well
    Duration maker_pace{};  // between two doings of one maker
    Duration operator_pace{};
    Duration mishap_pace{};     // between two faults of network, exchange or host
    int drift_ppm = 0;          // the exchange's clock against ours
    bool fixed_window = false;  // how the exchange limits; both kinds are always counted
};

inline constexpr Time world_start = time_from_ns(1'000'000'000'000);
inline constexpr Duration answer_max = 2ms;  // how long the exchange thinks, when all is well

Scenario make_scenario(std::uint64_t seed, Faults allowed);

// The same plan with other limits, as an operator reloads it.
Plan other_limits(const Plan& plan, Dice& dice);

}  // namespace scram::sim
