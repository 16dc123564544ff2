// What a condition's value is worth, from all the samples there are.
#include <algorithm>
#include <cmath>

#include "tests/sim/oracle.h"

namespace scram::sim {
namespace {

// core/rules/window.h: a window is 64 cells of a 63rd of its length, on a grid that begins at time
// zero.
constexpr std::int64_t cells = 64;

}  // namespace

std::int64_t Oracle::cell_width(const RuleSpec& rule) {
    return (rule.within.count() + cells - 2) / (cells - 1);
}

std::int64_t Oracle::cell_of(const RuleSpec& rule, Time at) {
    return ns_of(at) / cell_width(rule);
}

bool Oracle::is_windowed(const RuleSpec& rule) {
    return rule.within > Duration{};
}

Oracle::Reading Oracle::read(const Condition& condition, Time now) const {
    const RuleSpec& rule = rule_of(condition);
    const double value = rule.kind == RuleKind::count ? 0 : value_of(condition);
    double used = 0;
    double high = value;
    double low = value;
    double rises = 0;
    for (const Sample& sample : in_window(condition, now)) {
        high = std::max(high, sample.value);
        low = std::min(low, sample.value);
        rises += sample.value;
    }
    switch (rule.kind) {
        case RuleKind::limit:
            if (rule.bound == Bound::above) return {value, rule.limit, value > rule.limit};
            if (rule.bound == Bound::below) return {-value, -rule.limit, value < rule.limit};
            return {std::fabs(value), rule.limit, std::fabs(value) > rule.limit};
        case RuleKind::drawdown:
            used = high - value;
            break;
        case RuleKind::change:
            used = std::max(high - value, value - low);
            break;
        case RuleKind::count:
            used = rises;
            break;
        case RuleKind::divergence:
            used = std::fabs(value);
            break;
        default:
            break;
    }
    return {used, rule.limit, used > rule.limit};
}

// All that is in the window, and what was in force when it began. A count has no value in force.
Oracle::History Oracle::in_window(const Condition& condition, Time now) const {
    const RuleSpec& rule = rule_of(condition);
    if (!is_windowed(rule)) return condition.series;
    const std::int64_t first = cell_of(rule, now) - (cells - 1);
    History inside;
    for (const Sample& sample : condition.series) {
        if (cell_of(rule, sample.at) >= first) {
            inside.push_back(sample);
        } else if (rule.kind != RuleKind::count) {
            inside.assign(1, sample);
        }
    }
    return inside;
}

double Oracle::sum(FamilyId family, MetricId metric) const {
    double sum = 0;
    for (std::size_t s = 0; s < sources_.size(); ++s)
        sum += latest(id_at<SourceId>(s), family, metric);
    return sum;
}

double Oracle::of_family(const RuleSpec& rule, FamilyId family, SourceId source) const {
    const auto of = [&](SourceId whose, MetricId metric) {
        return whose != none<SourceId>() ? latest(whose, family, metric) : sum(family, metric);
    };
    if (rule.kind != RuleKind::divergence) return of(source, rule.metric);
    if (rule.other_metric == none<MetricId>())
        return of(rule.sources[0], rule.metric) - of(rule.sources[1], rule.metric);
    return of(source, rule.metric) - of(source, rule.other_metric);
}

double Oracle::value_of(const Condition& condition) const {
    const RuleSpec& rule = rule_of(condition);
    if (condition.family != none<FamilyId>())
        return of_family(rule, condition.family, condition.source);
    double value = 0;
    for (const FamilyId family : rule.families) {
        if (rule.kind != RuleKind::divergence || known_of(condition, family))
            value += of_family(rule, family, condition.source);
    }
    return value;
}

// A difference wants both of its sides; all else, that anybody has published.
bool Oracle::known(const Condition& condition) const {
    const RuleSpec& rule = rule_of(condition);
    if (condition.family != none<FamilyId>()) return known_of(condition, condition.family);
    return std::any_of(rule.families.begin(), rule.families.end(),
                       [&](FamilyId family) { return known_of(condition, family); });
}

bool Oracle::known_of(const Condition& condition, FamilyId family) const {
    const RuleSpec& rule = rule_of(condition);
    const auto by_any = [&](MetricId metric) {
        if (condition.source != none<SourceId>())
            return published(condition.source, family, metric);
        for (std::size_t s = 0; s < sources_.size(); ++s) {
            if (published(id_at<SourceId>(s), family, metric)) return true;
        }
        return false;
    };
    if (rule.kind != RuleKind::divergence) return by_any(rule.metric);
    if (rule.other_metric != none<MetricId>())
        return by_any(rule.metric) && by_any(rule.other_metric);
    return published(rule.sources[0], family, rule.metric) &&
           published(rule.sources[1], family, rule.metric);
}

Oracle::History& Oracle::history(SourceId source, FamilyId family, MetricId metric) {
    const std::size_t row = index(source) * plan_.families.size() + index(family);
    return histories_[row * plan_.metrics.size() + index(metric)];
}
const Oracle::History& Oracle::history(SourceId source, FamilyId family, MetricId metric) const {
    const std::size_t row = index(source) * plan_.families.size() + index(family);
    return histories_[row * plan_.metrics.size() + index(metric)];
}
double Oracle::latest(SourceId source, FamilyId family, MetricId metric) const {
    const History& all = history(source, family, metric);
    return all.empty() ? 0 : all.back().value;
}
bool Oracle::published(SourceId source, FamilyId family, MetricId metric) const {
    return !history(source, family, metric).empty();
}

}  // namespace scram::sim
