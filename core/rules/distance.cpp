#include "core/rules/distance.h"

#include <algorithm>
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

void take_nearer(const Distance& next, Distance& best) {
    if (nearness(next) > nearness(best)) best = next;
}

// How many families' nearest it may have become.
std::size_t take_for_families(const RuleSpec& rule, const Distance& next,
                              std::vector<Distance>& of_family) {
    if (!next.known || rule.shadow) return 0;
    if (next.family != none<FamilyId>()) {
        take_nearer(next, of_family[index(next.family)]);
        return 1;
    }
    for (const FamilyId family : rule.families) take_nearer(next, of_family[index(family)]);
    return rule.families.size();
}

}  // namespace

double nearness(const Distance& distance) {
    if (!distance.known) return -1.0;
    if (std::isnan(distance.share)) return distance.holds ? 1.0 : 0.0;
    return distance.share;
}

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

bool find_nearest(NearestSearch& search, const ValueRules& rules, const Kills& kills,
                  const MetricTable& table, Time now, std::size_t looks) {
    const Conditions& all = rules.conditions();
    std::vector<Distance>& best = search.best;
    search.of_family.resize(kills.families());
    search.holding.by_family.resize(kills.families(), none<RuleId>());
    for (; search.watch < all.watches().size(); ++search.watch, search.at = 0) {
        const Watch& watch = all.watches()[search.watch];
        for (; search.at < all.count(watch); ++search.at) {
            if (looks == 0) return false;
            const Distance next = distance(all.of(watch, search.at), rules, table, now);
            if (best.empty() || best.back().rule != next.rule)
                best.push_back(next);
            else
                take_nearer(next, best.back());
            std::size_t done = 1 + take_for_families(all.rule(watch), next, search.of_family);
            if (next.holds && hinders_arming(all.rule(watch)))
                done += kills.note(watch.rule, watch.family, none<SourceId>(), search.holding);
            looks -= std::min(looks, done);
        }
    }
    return true;
}

}  // namespace scram
