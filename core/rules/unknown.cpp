// What no rule can tell, since a source that is expected has not said it: not since the start, and
// nothing of it was left by an earlier process.
#include <algorithm>

#include "core/rules/rules.h"

namespace scram {

std::span<const Unknown> RuleSet::find_unknown(const MetricTable& table) {
    std::fill(unknown_.begin(), unknown_.end(), Unknown{});
    if (std::find(expected_.begin(), expected_.end(), true) == expected_.end()) return unknown_;
    for (const Watch& watch : watches_) {
        if (rules_[index(watch.rule)].shadow) continue;
        const Unknown unknown = unknown_in(table, watch);
        if (unknown.rule == none<RuleId>()) continue;
        for (const FamilyId family : kills(watch.rule, watch.family, none<SourceId>())) {
            if (unknown_[index(family)].rule == none<RuleId>()) unknown_[index(family)] = unknown;
        }
    }
    return unknown_;
}

std::vector<Unknown> RuleSet::unknowns(const MetricTable& table, std::size_t count_max) const {
    std::vector<Unknown> out;
    for (const Watch& watch : watches_) {
        if (out.size() == count_max) break;
        if (rules_[index(watch.rule)].shadow) continue;
        const Unknown unknown = unknown_in(table, watch);
        const auto same = [&](const Unknown& other) {
            return other.family == unknown.family && other.source == unknown.source;
        };
        if (unknown.rule != none<RuleId>() && std::none_of(out.begin(), out.end(), same))
            out.push_back(unknown);
    }
    return out;
}

Unknown RuleSet::unknown_in(const MetricTable& table, const Watch& watch) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    for (const FamilyId family : rule.families) {
        if (watch.family != none<FamilyId>() && watch.family != family) continue;
        for (const MetricId metric : {rule.metric, rule.other_metric}) {
            if (metric == none<MetricId>()) continue;
            const SourceId source = who_owes(table, rule, family, metric);
            if (source != none<SourceId>()) return {watch.rule, family, source, metric};
        }
    }
    return {};
}

// The expected source that has said nothing at all of the family; or the first of them, if nobody
// has said this metric. Who has said something says what it has to say: not each publishes all.
SourceId RuleSet::who_owes(const MetricTable& table, const RuleSpec& rule, FamilyId family,
                           MetricId metric) const {
    SourceId first = none<SourceId>();
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        const auto source = id_at<SourceId>(s);
        const bool is_third =
            is_of_two_sources(rule) && source != rule.sources[0] && source != rule.sources[1];
        if (!expected_[s] || is_third || !source_kills_[s][index(family)]) continue;
        if (!has_spoken(table, source, family)) return source;
        if (first == none<SourceId>()) first = source;
    }
    return table.known(family, metric) ? none<SourceId>() : first;
}

bool RuleSet::has_spoken(const MetricTable& table, SourceId source, FamilyId family) const {
    for (std::size_t m = 0; m < metric_count_; ++m) {
        if (table.stored_at(source, family, id_at<MetricId>(m)) != Time{}) return true;
    }
    return false;
}

}  // namespace scram
