#include "core/rules/distance.h"

#include <cmath>

namespace scram {
namespace {

Reading read_at(const Condition& condition, const Conditions& conditions, double value, Time now) {
    if (has_range(condition.rule)) {
        RangeWindow then = conditions.range(condition);
        then.advance(now);
        return read_range(condition.rule, value, then);
    }
    if (condition.rule.kind == RuleKind::count) {
        SumWindow then = conditions.sum(condition);
        then.advance(now);
        return read_amount(condition.rule, then.sum());
    }
    return conditions.read(condition, value);
}

Distance distance(const Condition& condition, const ValueRules& rules, const MetricTable& table,
                  Time now) {
    const Conditions& conditions = rules.conditions();
    const Reading reading = read_at(condition, conditions, value_of(condition, table), now);
    return {condition.watch.rule,
            condition.watch.family,
            condition.source,
            reading.value,
            reading.limit,
            reading.share(),
            is_known(condition, table),
            conditions.state(condition).phase == ConditionState::Phase::tripped,
            rules.missing(condition.watch)};
}

double rank(const Distance& distance) {
    if (!distance.known) return -1.0;
    if (std::isnan(distance.share)) return distance.holds ? 1.0 : 0.0;
    return distance.share;
}

}  // namespace

std::vector<Distance> distances(const ValueRules& rules, const MetricTable& table, Time now) {
    std::vector<Distance> all;
    all.reserve(rules.conditions().count());
    rules.conditions().for_each(
        [&](const Condition& condition) { all.push_back(distance(condition, rules, table, now)); });
    return all;
}

void distances_at(const ValueRules& rules, const MetricTable& table, FamilyId family,
                  MetricId metric, Time now, std::vector<Distance>& out) {
    out.clear();
    const Conditions& conditions = rules.conditions();
    for (const std::uint32_t at : conditions.looking_at(table.cell(family, metric))) {
        conditions.for_each(conditions.watches()[at], [&](const Condition& condition) {
            out.push_back(distance(condition, rules, table, now));
        });
    }
}

bool find_nearest(NearestSearch& search, const ValueRules& rules, const MetricTable& table,
                  Time now, std::size_t conditions) {
    const Conditions& all = rules.conditions();
    std::vector<Distance>& best = search.best;
    for (; search.watch < all.watches().size(); ++search.watch, search.at = 0) {
        const Watch& watch = all.watches()[search.watch];
        for (; search.at < all.count(watch); ++search.at, --conditions) {
            if (conditions == 0) return false;
            const Distance next = distance(all.of(watch, search.at), rules, table, now);
            if (best.empty() || best.back().rule != next.rule)
                best.push_back(next);
            else if (rank(next) > rank(best.back()))
                best.back() = next;
        }
    }
    return true;
}

}  // namespace scram
