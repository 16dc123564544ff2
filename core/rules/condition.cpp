#include "core/rules/condition.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/rules/shape.h"

namespace scram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_known_in(const RuleSpec& rule, FamilyId family, SourceId source, const MetricTable& table) {
    const auto by = [&](SourceId one) {
        return table.stored_at(one, family, rule.metric) != Time{};
    };
    if (is_of_two_sources(rule)) return by(rule.sources[0]) && by(rule.sources[1]);
    if (is_by_source(rule)) return by(source);
    const bool other = rule.kind != RuleKind::divergence || table.known(family, rule.other_metric);
    return other && table.known(family, rule.metric);
}

// 0 where either is unknown, so that in a sum over families it does not count.
double difference(const RuleSpec& rule, FamilyId family, const MetricTable& table) {
    if (!is_known_in(rule, family, none<SourceId>(), table)) return 0;
    if (is_of_two_sources(rule)) {
        return table.value(rule.sources[0], family, rule.metric) -
               table.value(rule.sources[1], family, rule.metric);
    }
    return table.sum(family, rule.metric) - table.sum(family, rule.other_metric);
}

}  // namespace

double value_of(const Condition& condition, const MetricTable& table) {
    const RuleSpec& rule = condition.rule;
    const auto of_family = [&](FamilyId family) {
        if (rule.kind == RuleKind::divergence) return difference(rule, family, table);
        return is_by_source(rule) ? table.value(condition.source, family, rule.metric)
                                  : table.sum(family, rule.metric);
    };
    if (condition.watch.family != none<FamilyId>()) return of_family(condition.watch.family);
    double sum = 0;
    for (const FamilyId family : rule.families) sum += of_family(family);
    return sum;
}

bool is_known(const Condition& condition, const MetricTable& table) {
    const RuleSpec& rule = condition.rule;
    const auto in = [&](FamilyId family) {
        return is_known_in(rule, family, condition.source, table);
    };
    if (condition.watch.family != none<FamilyId>()) return in(condition.watch.family);
    return std::any_of(rule.families.begin(), rule.families.end(), in);
}

Time last_stored(const Condition& condition, const MetricTable& table, std::size_t sources) {
    const RuleSpec& rule = condition.rule;
    Time last{};
    for (const FamilyId family : rule.families) {
        if (!condition.watch.watches(family)) continue;
        for (std::size_t s = 0; s < sources; ++s) {
            if (is_by_source(rule) && index(condition.source) != s) continue;
            last = std::max(last, table.stored_at(id_at<SourceId>(s), family, rule.metric));
        }
    }
    return last;
}

// A sum that overflowed is beyond either end: which way it went is not its meaning.
Reading read_limit(const RuleSpec& rule, double value) {
    if (!std::isfinite(value)) return {value, rule.limit, infinity, std::fabs(rule.limit)};
    switch (rule.bound) {
        case Bound::above:
            return {value, rule.limit, value, rule.limit};
        case Bound::below:
            return {value, rule.limit, -value, -rule.limit};
        case Bound::beyond:
            return {value, rule.limit, std::fabs(value), rule.limit};
    }
    return {};
}

Reading read_fall(const RuleSpec& rule, double value, double peak) {
    const double fall = std::isfinite(value) ? peak - value : infinity;
    return {value, peak - rule.limit, fall, rule.limit};
}

Reading read_range(const RuleSpec& rule, double value, const RangeWindow& window) {
    if (rule.kind == RuleKind::drawdown) return read_fall(rule, value, window.highest());
    const double up = value - window.lowest();
    const double down = value - window.highest();
    return read_amount(rule, up >= -down ? up : down);
}

Reading read_amount(const RuleSpec& rule, double amount) {
    return {amount, rule.limit, std::fabs(amount), rule.limit};
}

double Reading::share() const {
    if (!(allowed > 0)) return std::numeric_limits<double>::quiet_NaN();
    return std::isnan(used) ? infinity : std::max(0.0, used / allowed);
}

}  // namespace scram
