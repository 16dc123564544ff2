// Whom a breach kills, what stands in the way of arming those again, and what that means.
#include <algorithm>

#include "tests/sim/contains.h"
#include "tests/sim/oracle.h"

namespace scram::sim {

std::vector<FamilyId> Oracle::kills(RuleId id, FamilyId family, SourceId source) const {
    const RuleSpec& rule = plan_.rules[index(id)];
    if (!rule.kills.empty()) return rule.kills;
    if (!is_of_health(rule.kind))
        return family != none<FamilyId>() ? std::vector{family} : rule.families;
    if (rule.kind == RuleKind::stale && family != none<FamilyId>()) return {family};
    return plan_.sources[index(source)].families;
}

bool Oracle::kills_family(const Condition& condition, FamilyId family) const {
    return contains(kills(condition.rule, condition.family, condition.source), family);
}

// A drawdown since arming starts over with the arming, so it stands in nobody's way.
bool Oracle::holds(FamilyId family) const {
    return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        const RuleSpec& rule = rule_of(condition);
        if (rule.shadow || !kills_family(condition, family)) return false;
        if (rule.kind == RuleKind::drawdown && !is_windowed(rule)) return false;
        if (rule.kind == RuleKind::bad) return false;
        return is_of_health(rule.kind) ? condition.held : condition.phase == Phase::tripped;
    });
}

bool Oracle::unknown(FamilyId family) const {
    return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        const RuleSpec& rule = rule_of(condition);
        if (rule.shadow || is_of_health(rule.kind)) return false;
        if (!contains(kills(condition.rule, condition.family, none<SourceId>()), family))
            return false;
        return std::any_of(rule.families.begin(), rule.families.end(), [&](FamilyId its) {
            if (condition.family != none<FamilyId>() && condition.family != its) return false;
            return owed(rule, its, rule.metric) ||
                   (rule.other_metric != none<MetricId>() && owed(rule, its, rule.other_metric));
        });
    });
}

bool Oracle::owed(const RuleSpec& rule, FamilyId family, MetricId metric) const {
    const bool of_two = rule.kind == RuleKind::divergence && rule.other_metric == none<MetricId>();
    bool somebody_may = false;
    bool said = false;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        const auto source = id_at<SourceId>(s);
        said = said || published(source, family, metric);
        if (!plan_.sources[s].expected || !contains(plan_.sources[s].families, family)) continue;
        if (of_two && !contains(rule.sources, source)) continue;
        if (!has_spoken(source, family)) return true;
        somebody_may = true;
    }
    return somebody_may && !said;
}

bool Oracle::has_spoken(SourceId source, FamilyId family) const {
    for (std::size_t m = 0; m < plan_.metrics.size(); ++m) {
        if (published(source, family, id_at<MetricId>(m))) return true;
    }
    return false;
}

// An operator has looked at its trip: what is bad from now on trips again.
void Oracle::looked_at(FamilyId family) {
    const bool by_force = holds(family);
    for (Condition& condition : conditions_) {
        const bool is_on = is_of_health(rule_of(condition).kind)
                               ? condition.held
                               : condition.phase == Phase::tripped;
        if (by_force && is_on && kills_family(condition, family)) condition.excused = true;
    }
    for (Condition& condition : conditions_) {
        if (rule_of(condition).kind == RuleKind::bad && kills_family(condition, family))
            condition.held = false;
    }
}

void Oracle::rearmed(FamilyId family, Time now) {
    armed_[index(family)] = true;
    for (Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        if (!kills_family(condition, family)) continue;
        if (rule.kind != RuleKind::drawdown || is_windowed(rule)) continue;
        const auto killed = kills(condition.rule, condition.family, condition.source);
        const bool guards_another = std::any_of(killed.begin(), killed.end(), [&](FamilyId other) {
            return other != family && armed_[index(other)];
        });
        if (guards_another || condition.series.empty()) continue;
        condition.series.assign(1, {now, value_of(condition)});
        settle(condition, false, now);
    }
}

}  // namespace scram::sim
