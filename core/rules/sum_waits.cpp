#include "core/rules/sum_waits.h"

#include <algorithm>

namespace scram {
namespace {

// Of each expected source one value for each family and metric that the sum looks at.
std::uint32_t first_values(const Plan& plan, const RuleSpec& rule, const Watch& watch) {
    if (is_by_source(rule) || is_of_two_sources(rule)) return 0;
    const std::uint32_t metrics = rule.other_metric == none<MetricId>() ? 1 : 2;
    std::uint32_t count = 0;
    for (const FamilyId family : rule.families) {
        if (!watch.watches(family)) continue;
        for (const SourceSpec& source : plan.sources) {
            const bool publishes =
                std::ranges::find(source.families, family) != source.families.end();
            if (source.expected && publishes) count += metrics;
        }
    }
    return count;
}

}  // namespace

SumWaits::SumWaits(const Plan& plan, Conditions& conditions)
    : longest_(plan.timings.sum_wait), until_(conditions.watches().size(), never) {
    for (const SourceSpec& source : plan.sources) expected_.push_back(source.expected);
    if (longest_ == Duration{}) return;
    for (Watch& watch : conditions.watches())
        watch.missing = first_values(plan, conditions.rule(watch), watch);
}

void SumWaits::on_first(Conditions& conditions, std::size_t cell, const Sample& sample) {
    for (const std::uint32_t w : conditions.looking_at(cell)) {
        Watch& watch = conditions.watches()[w];
        if (watch.missing == 0) continue;
        if (expected_[index(sample.source)]) --watch.missing;
        if (watch.missing == 0 || until_[w] != never) continue;
        until_[w] = sample.at + longest_;
        next_ = std::min(next_, until_[w]);
    }
}

}  // namespace scram
