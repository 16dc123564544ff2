#include "core/rules/unknown.h"

#include <algorithm>

namespace scram {

UnknownValues::UnknownValues(const Plan& plan)
    : metrics_(plan.metrics.size()), found_(plan.families.size()) {
    for (std::size_t s = 0; s < plan.sources.size(); ++s) {
        if (plan.sources[s].expected) expected_.push_back(id_at<SourceId>(s));
    }
}

std::span<const Unknown> UnknownValues::find(const Conditions& conditions, const Kills& kills,
                                             const MetricTable& table) {
    std::fill(found_.begin(), found_.end(), Unknown{});
    if (expected_.empty()) return found_;
    for (const Watch& watch : conditions.watches()) {
        const RuleSpec& rule = conditions.rule(watch);
        if (rule.shadow) continue;
        const Unknown unknown = unknown_in(rule, watch, kills, table);
        if (unknown.rule == none<RuleId>()) continue;
        for (const FamilyId family : kills.of(watch.rule, watch.family, none<SourceId>())) {
            if (found_[index(family)].rule == none<RuleId>()) found_[index(family)] = unknown;
        }
    }
    return found_;
}

std::vector<Unknown> UnknownValues::list(const Conditions& conditions, const Kills& kills,
                                         const MetricTable& table, std::size_t count_max) const {
    std::vector<Unknown> out;
    for (const Watch& watch : conditions.watches()) {
        if (out.size() == count_max) break;
        const RuleSpec& rule = conditions.rule(watch);
        if (rule.shadow) continue;
        const Unknown unknown = unknown_in(rule, watch, kills, table);
        const auto same = [&](const Unknown& other) {
            return other.family == unknown.family && other.source == unknown.source;
        };
        if (unknown.rule != none<RuleId>() && std::none_of(out.begin(), out.end(), same))
            out.push_back(unknown);
    }
    return out;
}

Unknown UnknownValues::unknown_in(const RuleSpec& rule, const Watch& watch, const Kills& kills,
                                  const MetricTable& table) const {
    for (const FamilyId family : rule.families) {
        if (!watch.watches(family)) continue;
        for (const MetricId metric : {rule.metric, rule.other_metric}) {
            if (metric == none<MetricId>()) continue;
            const SourceId source = who_owes(rule, family, metric, kills, table);
            if (source != none<SourceId>()) return {watch.rule, family, source, metric};
        }
    }
    return {};
}

// The expected source that has said nothing at all of the family; or the first of them, if nobody
// has said this metric. Who has said something says what it has to say: not each publishes all.
SourceId UnknownValues::who_owes(const RuleSpec& rule, FamilyId family, MetricId metric,
                                 const Kills& kills, const MetricTable& table) const {
    SourceId first = none<SourceId>();
    for (const SourceId source : expected_) {
        const bool is_third =
            is_of_two_sources(rule) && source != rule.sources[0] && source != rule.sources[1];
        if (is_third || !kills.includes(source, family)) continue;
        if (!has_spoken(table, source, family)) return source;
        if (first == none<SourceId>()) first = source;
    }
    return table.known(family, metric) ? none<SourceId>() : first;
}

bool UnknownValues::has_spoken(const MetricTable& table, SourceId source, FamilyId family) const {
    for (std::size_t m = 0; m < metrics_; ++m) {
        if (table.stored_at(source, family, id_at<MetricId>(m)) != Time{}) return true;
    }
    return false;
}

}  // namespace scram
