// What the rules remember between two inputs: plain data, so that it can stand in a block of memory
// that outlives the process (core/rules/memory.h).
#pragma once

#include <cstdint>
#include <vector>

#include "core/model/plan.h"

namespace scram {

// What one condition on values remembers. Written so that it is right after each store: a process
// may end between any two (core/rules/memory.h).
struct ConditionState {
    enum class Phase : std::uint8_t { clear, pending, tripped };
    Phase phase = Phase::clear;
    bool begun = false;         // there was a value: its peak or window has a start
    std::uint8_t warned = 0;    // the steps that it is over
    bool excused = false;       // tripped: and a family was armed by force since
    std::uint32_t samples = 0;  // pending or tripped: in which it held, in a row
    Time since{};               // pending or tripped: when that began
    double peak = 0;            // drawdown since arming
};

// A source whose health (gone, bad) or silence (stale) a rule watches.
struct HealthWatch {
    RuleId rule{};
    SourceId source{};
    FamilyId family = none<FamilyId>();  // stale with a metric: of this family
    bool holds = false;
    bool excused = false;  // it holds: and a family was armed by force since it began to
    Time silent_since{};   // stale: the last sign, when it was looked at
};

// How a source was last seen.
struct SourceHealth {
    bool owes_signs = false;  // attached and did not say goodbye
    bool vanished = false;    // and has not come back
    bool may_quote = false;   // has sent a signal, and not said goodbye since
    Time joined{};
    Time seen{};
};

// Those that the plan's rules of this kind watch, by rule.
std::vector<HealthWatch> health_watches(const Plan& plan, RuleKind kind);

}  // namespace scram
