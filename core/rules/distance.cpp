// How far each condition is from its limit, for status and for who keeps a kill's data near.
#include <cmath>
#include <vector>

#include "core/rules/rules.h"

namespace scram {

std::vector<Distance> RuleSet::distances(const MetricTable& table, Time now) const {
    std::vector<Distance> all;
    all.reserve(states_.size());
    for_each_condition(
        [&](const Condition& condition) { all.push_back(distance(condition, table, now)); });
    return all;
}

std::vector<Distance> RuleSet::nearest(const MetricTable& table, Time now) const {
    NearestSearch search;
    find_nearest(search, table, now, states_.size());
    return search.best;
}

bool RuleSet::find_nearest(NearestSearch& search, const MetricTable& table, Time now,
                           std::size_t conditions) const {
    const auto rank = [](const Distance& distance) {
        if (!distance.known) return -1.0;
        if (std::isnan(distance.share)) return distance.holds ? 1.0 : 0.0;
        return distance.share;
    };
    std::vector<Distance>& best = search.best;
    for (; search.watch < watches_.size(); ++search.watch, search.at = 0) {
        const Watch& watch = watches_[search.watch];
        const RuleSpec& rule = rules_[index(watch.rule)];
        const std::size_t count = is_by_source(rule) ? sources_.size() : 1;
        for (; search.at < count; ++search.at, --conditions) {
            if (conditions == 0) return false;
            const auto source = is_by_source(rule) ? id_at<SourceId>(search.at) : none<SourceId>();
            const Distance next = distance({rule, watch, search.at, source}, table, now);
            if (best.empty() || best.back().rule != next.rule)
                best.push_back(next);
            else if (rank(next) > rank(best.back()))
                best.back() = next;
        }
    }
    return true;
}

double RuleSet::touch(const MetricTable& table, FamilyId family, MetricId metric) const {
    double seen = 0;
    const std::size_t cell = table.cell(family, metric);
    for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
        const Watch& watch = watches_[watch_list_[i]];
        const RuleSpec& rule = rules_[index(watch.rule)];
        const Condition condition{rule, watch, 0,
                                  is_by_source(rule) ? SourceId{} : none<SourceId>()};
        seen += value_of(condition, table) + state(condition).peak + rule.limit;
        for (const FamilyId killed : kills(watch.rule, family, none<SourceId>()))
            seen += armed_[index(killed)] ? 1 : 0;
    }
    return seen;
}

Distance RuleSet::distance(const Condition& condition, const MetricTable& table, Time now) const {
    const RuleSpec& rule = condition.rule;
    const std::size_t window = condition.watch.first_window + condition.at;
    const double value = value_of(condition, table);
    Reading reading;
    if (has_range(rule)) {
        RangeWindow then = ranges_[window];
        then.advance(now);
        reading = read_range(rule, value, then);
    } else if (rule.kind == RuleKind::count) {
        SumWindow then = sums_[window];
        then.advance(now);
        reading = read_amount(rule, then.sum());
    } else {
        reading = read(condition, value);
    }
    return {condition.watch.rule,
            condition.watch.family,
            condition.source,
            reading.value,
            reading.limit,
            reading.share(),
            is_known(condition, table),
            state(condition).phase == Phase::tripped,
            waits(condition.watch) ? condition.watch.missing : 0};
}

}  // namespace scram
