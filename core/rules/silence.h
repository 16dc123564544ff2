// Rules of kind `stale`: a source, or one of its values, is silent for too long.
#pragma once

#include <span>
#include <vector>

#include "core/rules/findings.h"
#include "core/rules/health.h"
#include "core/rules/metric_table.h"

namespace scram {

class SilenceRules {
  public:
    SilenceRules(const Plan& plan, std::span<const RuleSpec> rules, const Kills& kills,
                 const HealthRules& health, StateMemory& memory);

    // The most breaches that one input can append.
    std::size_t count() const { return stale_.size(); }

    void on_time(const MetricTable& table, Time now, Breaches& out) {
        if (deadline_ <= now || any_silent_) look(table, now, out);
    }
    Time next_deadline() const { return deadline_; }
    // Before a signal counts: what it ends, and was too long when it was published. All that the
    // source published before was read before.
    void look_back(const MetricTable& table, SourceId source, Time published, Breaches& out);
    // Signals of the source, if there are any unread, may end a silence that is due.
    bool may_end(const MetricTable& table, SourceId source, Time now) const;

    void on_joined(SourceId source, Time now);
    void on_left(SourceId source);
    void on_vanished(SourceId source);

    // A start, before anything else: a silence that began before and was told goes on.
    bool goes_on(const MetricTable& table, SourceId source) const;
    void tell_undone(const MetricTable& table, const Kills& kills, Breaches& out);
    // Everything is looked at on the next tick.
    void look_soon() { deadline_ = Time{}; }
    void on_armed_by_force(const Kills& kills, FamilyId family) { excuse(stale_, kills, family); }
    template <class Visit>
    bool for_each_holding(Visit&& visit) const {
        return scram::for_each_holding(stale_, rules_, visit);
    }
    void carry_over(const SilenceRules& old, std::span<const RulePair> pairs) {
        scram::carry_over(stale_, old.stale_, pairs);
    }

  private:
    std::span<const std::uint32_t> of(SourceId source) const;
    const RuleSpec& rule(const HealthWatch& watch) const { return rules_[index(watch.rule)]; }
    void look(const MetricTable& table, Time now, Breaches& out);
    void look(std::size_t stale, const MetricTable& table, Time now, Breaches& out);
    bool is_told_by_gone(std::size_t stale) const;
    bool owes_signs(std::size_t stale, const MetricTable& table) const;
    bool is_newly_silent(std::size_t stale, const MetricTable& table, Time now) const;
    Time last_sign(const HealthWatch& watch, const MetricTable& table) const;
    Breach breach_of(const HealthWatch& watch, Duration silence) const;

    std::span<const RuleSpec> rules_;
    std::span<const SourceHealth> sources_;
    std::span<HealthWatch> stale_;
    // By stale_: where its source vanishes, rules of kind `gone` kill all that it kills.
    std::vector<bool> told_by_gone_;
    std::vector<std::uint32_t> list_;   // indices into stale_, grouped by source
    std::vector<std::uint32_t> begin_;  // per source, and one more
    Time deadline_ = never;
    bool any_silent_ = false;  // one holds: whether it still does is looked at each time
};

}  // namespace scram
