// Whom a rule kills, and what arming them again means for it.
#include <algorithm>
#include <cmath>

#include "core/rules/rules.h"

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

std::size_t RuleSet::on_rearmed(const MetricTable& table, FamilyId family, Time now,
                                Breaches& out) {
    armed_[index(family)] = true;
    std::size_t looked_at = arming_rules_.size();
    const auto restart = [&](const Condition& condition) {
        ++looked_at;
        if (!state(condition).begun) return;
        const double value = value_of(condition, table);
        state(condition).phase = Phase::clear;
        if (!std::isfinite(value)) return;  // no peak: the next sample trips
        begin(condition, value, now);
        judge(condition, value, now, false, out);
    };
    for (const ArmingRule& arming : arming_rules_) {
        const RuleSpec& rule = rules_[index(arming.rule)];
        if (!restarts_by_arming(rule, arming.rule, family)) continue;
        for (std::uint32_t w = arming.begin; w < arming.end; ++w) {
            const Watch& watch = watches_[w];
            ++looked_at;
            if (kills_family(arming.rule, watch.family, none<SourceId>(), family))
                for_each_condition(watch, restart);
        }
    }
    return looked_at;
}

// Told once for all that the rule watches, where it kills the same families for each.
bool RuleSet::restarts_by_arming(const RuleSpec& rule, RuleId id, FamilyId family) const {
    if (!rule_kills_[index(id)][index(family)]) return false;
    const bool kills_its_own = rule.kills.empty() && rule.per != Per::all;
    return kills_its_own || is_alone_armed(family, kills(id, none<FamilyId>(), none<SourceId>()));
}

// A peak that guards another armed family as well is left to it.
bool RuleSet::is_alone_armed(FamilyId family, std::span<const FamilyId> kills) const {
    return std::none_of(kills.begin(), kills.end(),
                        [&](FamilyId other) { return other != family && armed_[index(other)]; });
}

RuleId RuleSet::holds(FamilyId family) const {
    RuleId found = none<RuleId>();
    for_each_holding([&](RuleId rule, FamilyId watched, SourceId source) {
        if (kills_family(rule, watched, source, family)) found = rule;
        return found == none<RuleId>();
    });
    return found;
}

std::span<const RuleId> RuleSet::find_holding() {
    mark_holding(holding_);
    return holding_;
}

std::vector<RuleId> RuleSet::all_holding() const {
    std::vector<RuleId> by_family;
    mark_holding(by_family);
    return by_family;
}

void RuleSet::mark_holding(std::vector<RuleId>& by_family) const {
    by_family.assign(family_count_, none<RuleId>());
    RuleId marked = none<RuleId>();  // with the same families for all that it watches
    for_each_holding([&](RuleId rule, FamilyId watched, SourceId source) {
        if (rule == marked) return true;
        for (const FamilyId family : kills(rule, watched, source)) {
            RuleId& its = by_family[index(family)];
            if (its == none<RuleId>()) its = rule;
        }
        if (!rules_[index(rule)].kills.empty()) marked = rule;
        return true;
    });
}

// In the order in which a rule is named first, while the visitor says so.
template <class Visit>
void RuleSet::for_each_holding(Visit&& visit) const {
    for (const Watch& watch : watches_) {
        const RuleSpec& rule = rules_[index(watch.rule)];
        // A drawdown since arming starts over with the arming, so it never stands in its way.
        if (rule.shadow || is_since_arming(rule) || !any_tripped(watch)) continue;
        if (!visit(watch.rule, watch.family, none<SourceId>())) return;
    }
    for (const auto* watches : {&gone_, &stale_}) {
        for (const HealthWatch& watch : *watches) {
            if (!watch.holds || rules_[index(watch.rule)].shadow) continue;
            if (!visit(watch.rule, watch.family, watch.source)) return;
        }
    }
}

bool RuleSet::any_tripped(const Watch& watch) const {
    const std::size_t count = is_by_source(rules_[index(watch.rule)]) ? sources_.size() : 1;
    const auto first = states_.begin() + watch.first_state;
    return std::any_of(first, first + static_cast<std::ptrdiff_t>(count),
                       [](const State& its) { return its.phase == Phase::tripped; });
}

}  // namespace scram
