// What rules on a source's health do with what they watch, of whatever kind.
#pragma once

#include <span>

#include "core/rules/kills.h"
#include "core/rules/shape.h"
#include "core/rules/state.h"

namespace scram {

// It was noticed, and the process ended before its families were latched.
inline bool is_undone(const HealthWatch& watch, std::span<const RuleSpec> rules,
                      const Kills& kills) {
    return watch.holds && !watch.excused && !rules[index(watch.rule)].shadow &&
           kills.any_armed(watch.rule, watch.family, watch.source);
}

// A family was armed by force, while it holds.
void excuse(std::span<HealthWatch> watches, const Kills& kills, FamilyId family);

// Those that stand in the way of re-arming, while the visitor says so.
template <class Visit>
bool for_each_holding(std::span<const HealthWatch> watches, std::span<const RuleSpec> rules,
                      Visit&& visit) {
    for (const HealthWatch& watch : watches) {
        if (!watch.holds || rules[index(watch.rule)].shadow) continue;
        if (!visit(watch.rule, watch.family, watch.source)) return false;
    }
    return true;
}

// A reload: what rules that mean the same knew.
void carry_over(std::span<HealthWatch> to, std::span<const HealthWatch> from,
                std::span<const RulePair> pairs);

}  // namespace scram
