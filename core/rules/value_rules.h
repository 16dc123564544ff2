// Rules on values: which conditions an input concerns, of a sample, a batch, a moment, a start, a
// reload and an arming. What each makes of it is Judge's.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "core/rules/judge.h"
#include "core/rules/kills.h"
#include "core/rules/sum_waits.h"

namespace scram {

class ValueRules {
  public:
    ValueRules(const Plan& plan, std::span<const RuleSpec> rules, StateMemory& memory);

    const Conditions& conditions() const { return judge_.conditions(); }

    void on_value(const MetricTable& table, const Sample& sample, Breaches& out);
    void on_first(const MetricTable& table, const Sample& sample);
    void on_series_restart(const MetricTable& table, const Sample& sample);
    void on_batch(const MetricTable& table, std::span<const Sample> samples, Breaches& out);
    // Before such a value counts: what was due when it was published, of what it ends. `batch` was
    // stored, and waits to be judged with it.
    void look_back(const MetricTable& table, SourceId source, FamilyId family, MetricId metric,
                   std::span<const Sample> batch, Time published, Breaches& out);
    void on_time(const MetricTable& table, Time now, Breaches& out);
    Time next_deadline() const { return judge_.next_deadline(); }

    void on_restart(const MetricTable& table, const Kills& kills, Time now, Breaches& out);
    // Looks again at every condition but those that carry_over() took over from a rule which was
    // the same. Returns at how many.
    std::size_t on_reload(const MetricTable& table, Time now, Breaches& out);
    void carry_over(const ValueRules& old, std::span<const RulePair> pairs);

    void on_armed_by_force(const Kills& kills, FamilyId family);
    std::size_t on_rearmed(const MetricTable& table, const Kills& kills, FamilyId family, Time now,
                           Breaches& out);
    // Each watch that stands in the way of re-arming, while the visitor says so.
    template <class Visit>
    bool for_each_holding(Visit&& visit) const;

    // First values of expected sources that a sum waits for.
    std::uint32_t missing(const Watch& watch) const;
    double touch(const MetricTable& table, const Kills& kills, FamilyId family,
                 MetricId metric) const;

  private:
    using Phase = ConditionState::Phase;
    void count_first(std::size_t cell, const Sample& sample);
    bool is_far(const Watch& watch, const Sample& sample, double sum) const;
    void take(const Watch& watch, const MetricTable& table, const Sample& sample, Breaches& out);
    void review(const Condition& condition, const MetricTable& table, Time now, Breaches& out) {
        judge_.review(condition, value_of(condition, table), now, out);
    }
    void resume(const Condition& condition, const MetricTable& table, const Kills& kills, Time now,
                Breaches& out);
    void carry_deadlines(const ValueRules& old, const RulePair& pair);

    Judge judge_;
    SumWaits waits_;
    std::vector<std::uint64_t> judged_in_;  // by watch: the last batch that it was judged in
    std::uint64_t batch_ = 0;
    std::vector<std::uint32_t> in_batch_;  // watches that it moved
    std::vector<bool> goes_on_;            // by watch: a reload has changed nothing of it
    std::vector<RuleId> since_arming_;     // rules whose peaks start over with arming
};

template <class Visit>
bool ValueRules::for_each_holding(Visit&& visit) const {
    for (const Watch& watch : conditions().watches()) {
        const RuleSpec& rule = conditions().rule(watch);
        if (!hinders_arming(rule)) continue;
        const bool holds = std::ranges::any_of(
            conditions().states(watch),
            [](const ConditionState& its) { return its.phase == Phase::tripped; });
        if (holds && !visit(watch.rule, watch.family, none<SourceId>())) return false;
    }
    return true;
}

}  // namespace scram
