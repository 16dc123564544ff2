#include "core/rules/health_watch.h"

#include <algorithm>

namespace scram {

void excuse(std::span<HealthWatch> watches, const Kills& kills, FamilyId family) {
    for (HealthWatch& watch : watches) {
        if (watch.holds && kills.includes(watch.rule, watch.family, watch.source, family))
            watch.excused = true;
    }
}

void carry_over(std::span<HealthWatch> to, std::span<const HealthWatch> from,
                std::span<const RulePair> pairs) {
    for (const auto& [rule, id, old_rule, before] : pairs) {
        if (!same_shape(rule, old_rule) || !same_trip(rule, old_rule)) continue;
        const auto watches = std::ranges::equal_range(to, id, {}, &HealthWatch::rule);
        auto old = std::ranges::lower_bound(from, before, {}, &HealthWatch::rule);
        for (HealthWatch& watch : watches) {
            watch.holds = old->holds;
            watch.excused = old->excused;
            watch.silent_since = old->silent_since;
            ++old;
        }
    }
}

}  // namespace scram
