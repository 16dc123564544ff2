// How each source was last seen, and the rules of kind `gone` and `bad`.
#pragma once

#include <span>
#include <vector>

#include "core/rules/findings.h"
#include "core/rules/health_watch.h"
#include "core/rules/memory.h"

namespace scram {

class HealthRules {
  public:
    HealthRules(const Plan& plan, std::span<const RuleSpec> rules, const Kills& kills,
                StateMemory& memory);

    // The most breaches that one input can append.
    std::size_t count() const { return gone_.size() + bad_.size(); }
    std::span<const SourceHealth> sources() const { return sources_; }
    // Of a source: what rules of kind `gone` together kill where it vanishes.
    bool gone_kills(SourceId source, std::span<const FamilyId> families) const;

    void on_seen(SourceId source, Time now) {
        sources_[index(source)].seen = now;
        sources_[index(source)].may_quote = true;
    }
    void on_bad(SourceId source, FamilyId family, MetricId metric, BadReason bad, double value,
                Breaches& out);
    void on_joined(SourceId source, Time now);
    void on_left(SourceId source);
    void on_vanished(SourceId source, Breaches& out);
    void look_for_gone(Breaches& out);

    // A start: who was attached owes a sign from now on, unless its silence goes on.
    void go_on(SourceId source, bool was_silent, Time now);
    void tell_undone(const Kills& kills, Breaches& out);
    // An operator has looked at a family's trip: what is bad from now on trips again.
    void on_looked_at(const Kills& kills, FamilyId family);
    void on_armed_by_force(const Kills& kills, FamilyId family) { excuse(gone_, kills, family); }
    template <class Visit>
    bool for_each_holding(Visit&& visit) const {
        return scram::for_each_holding(gone_, rules_, visit);
    }
    void carry_over(const HealthRules& old, std::span<const RulePair> pairs);

  private:
    std::span<const RuleSpec> rules_;
    std::span<SourceHealth> sources_;
    std::span<HealthWatch> gone_, bad_;
    std::vector<std::vector<bool>> gone_kills_;  // by source and family
    std::vector<bool> gone_kills_all_;           // by source: all that it may publish for
};

}  // namespace scram
