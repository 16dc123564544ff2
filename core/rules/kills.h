// Whom each rule kills, and who of them is armed.
#pragma once

#include <span>
#include <vector>

#include "core/model/plan.h"
#include "core/rules/findings.h"

namespace scram {

class Kills {
  public:
    // `rules` are the plan's, and stand where they are as long as this.
    Kills(const Plan& plan, std::span<const RuleSpec> rules);

    // By what it breached: a family that it watches, a source, or none.
    std::span<const FamilyId> of(RuleId rule, FamilyId watched, SourceId source) const;
    // The same as a look-up: re-arming asks it of every condition and family.
    bool includes(RuleId rule, FamilyId watched, SourceId source, FamilyId family) const;
    // By anything that it breaches.
    bool may_include(RuleId rule, FamilyId family) const {
        return by_rule_[index(rule)][index(family)];
    }
    std::size_t families() const { return each_family_.size(); }
    // Those that a source may publish for.
    std::span<const FamilyId> of(SourceId source) const { return source_families_[index(source)]; }
    bool includes(SourceId source, FamilyId family) const {
        return by_source_[index(source)][index(family)];
    }

    bool is_armed(FamilyId family) const { return armed_[index(family)]; }
    void set_armed(FamilyId family, bool armed) { armed_[index(family)] = armed; }
    // A breach of the rule has work to do.
    bool any_armed(RuleId rule, FamilyId watched, SourceId source) const;
    // Notes that it holds. How many families it kills.
    std::size_t note(RuleId rule, FamilyId watched, SourceId source, HoldingRules& holding) const;
    // A peak that guards another armed family as well is left to it.
    bool restarts_peaks(RuleId rule, FamilyId family) const;
    // A reload: the families are the same.
    void carry_over(const Kills& old) { armed_ = old.armed_; }

  private:
    std::span<const RuleSpec> rules_;
    std::vector<std::vector<FamilyId>> source_families_;
    std::vector<std::vector<bool>> by_source_;  // the same as bits
    std::vector<std::vector<bool>> by_rule_;    // its kills, or without any what it watches
    std::vector<FamilyId>
        each_family_;          // 0, 1, 2 ...: a span of one for "the family that breached"
    std::vector<bool> armed_;  // by family
};

}  // namespace scram
