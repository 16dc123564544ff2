// Whom a rule kills, and what arming them again means for it.
#include <algorithm>
#include <cmath>

#include "core/rules.h"

namespace scram {

std::span<const FamilyId> RuleSet::kills(const Breach& breach) const {
    return kills(breach.rule, breach.family, breach.source);
}

std::span<const FamilyId> RuleSet::kills(RuleId id, FamilyId family, SourceId source) const {
    const RuleSpec& rule = rules_[index(id)];
    if (!rule.kills.empty()) return rule.kills;
    const bool of_source = rule.kind == RuleKind::gone || rule.kind == RuleKind::bad;
    if (!of_source && family != none<FamilyId>()) return {&each_family_[index(family)], 1};
    return is_of_values(rule.kind) ? rule.families : source_families_[index(source)];
}

// The same as a look-up: re-arming asks it of every condition and family.
bool RuleSet::kills_family(RuleId id, FamilyId watched, SourceId source, FamilyId family) const {
    const RuleSpec& rule = rules_[index(id)];
    const bool of_source = rule.kind == RuleKind::gone || rule.kind == RuleKind::bad;
    if (rule.kills.empty() && !of_source && watched != none<FamilyId>()) return watched == family;
    return rule.kills.empty() && !is_of_values(rule.kind)
               ? source_kills_[index(source)][index(family)]
               : rule_kills_[index(id)][index(family)];
}

// ---- Re-arming ----------------------------------------------------------------------------------

void RuleSet::on_looked_at(FamilyId family) {
    for (HealthWatch& watch : bad_) {
        if (kills_family(watch.rule, none<FamilyId>(), watch.source, family)) watch.holds = false;
    }
}

void RuleSet::on_rearmed(const MetricTable& table, FamilyId family, Time now, Breaches& out) {
    armed_[index(family)] = true;
    for_each_condition([&](const Condition& condition) {
        if (!is_since_arming(condition.rule) || !state(condition).begun) return;
        const Watch& watch = condition.watch;
        if (!kills_family(watch.rule, watch.family, none<SourceId>(), family)) return;
        if (!is_alone_armed(family, kills(watch.rule, watch.family, none<SourceId>()))) return;
        const double value = value_of(condition, table);
        state(condition).phase = Phase::clear;
        if (!std::isfinite(value)) return;  // no peak: the next sample trips
        begin(condition, value, now);
        judge(condition, value, now, false, out);
    });
}

// A peak that guards another armed family as well is left to it.
bool RuleSet::is_alone_armed(FamilyId family, std::span<const FamilyId> kills) const {
    return std::none_of(kills.begin(), kills.end(),
                        [&](FamilyId other) { return other != family && armed_[index(other)]; });
}

RuleId RuleSet::holds(FamilyId family) const {
    for (const Watch& watch : watches_) {
        const RuleSpec& rule = rules_[index(watch.rule)];
        // A drawdown since arming starts anew with the arming, so it never stands in its way.
        if (rule.shadow || is_since_arming(rule) || !any_tripped(watch)) continue;
        if (kills_family(watch.rule, watch.family, none<SourceId>(), family)) return watch.rule;
    }
    for (const auto* watches : {&gone_, &stale_}) {
        for (const HealthWatch& watch : *watches) {
            if (!watch.holds || rules_[index(watch.rule)].shadow) continue;
            if (kills_family(watch.rule, watch.family, watch.source, family)) return watch.rule;
        }
    }
    return none<RuleId>();
}

bool RuleSet::any_tripped(const Watch& watch) const {
    const std::size_t count = is_by_source(rules_[index(watch.rule)]) ? sources_.size() : 1;
    const auto first = states_.begin() + watch.first_state;
    return std::any_of(first, first + static_cast<std::ptrdiff_t>(count),
                       [](const State& its) { return its.phase == Phase::tripped; });
}

}  // namespace scram
