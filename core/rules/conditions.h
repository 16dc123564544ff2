// All conditions on values that a plan's rules make, which of them look at a value, and what each
// remembers.
#pragma once

#include <span>
#include <vector>

#include "core/rules/condition.h"
#include "core/rules/memory.h"
#include "core/rules/shape.h"
#include "core/rules/state.h"

namespace scram {

class Conditions {
  public:
    // `rules` are the plan's, and stand where they are as long as this, like the memory, whose
    // parts are the plan's.
    Conditions(const Plan& plan, std::span<const RuleSpec> rules, StateMemory& memory);

    std::size_t count() const { return states_.size(); }
    std::span<Watch> watches() { return watches_; }
    std::span<const Watch> watches() const { return watches_; }
    // Numbers of watches, of a cell of the table.
    std::span<const std::uint32_t> looking_at(std::size_t cell) const {
        return {watch_list_.data() + watch_begin_[cell],
                watch_list_.data() + watch_begin_[cell + 1]};
    }
    // By deadline: whose it is.
    std::span<const std::uint32_t> timed_watches() const { return timed_watches_; }
    // The watches of one rule stand together.
    std::span<const Watch> of(RuleId rule) const;

    const RuleSpec& rule(const Watch& watch) const { return rules_[index(watch.rule)]; }
    std::size_t sources() const { return sources_; }
    std::size_t count(const Watch& watch) const { return is_by_source(rule(watch)) ? sources_ : 1; }
    Condition of(const Watch& watch, std::size_t at) const {
        const RuleSpec& its = rule(watch);
        return {its, watch, at, is_by_source(its) ? id_at<SourceId>(at) : none<SourceId>()};
    }
    Condition of(const Watch& watch, const Sample& sample) const {
        const RuleSpec& its = rule(watch);
        return {its, watch, is_by_source(its) ? index(sample.source) : 0, sample.source};
    }
    // A divergence of two sources does not look at a third.
    bool looks_at(const Watch& watch, SourceId source) const {
        const RuleSpec& its = rule(watch);
        return !is_of_two_sources(its) || source == its.sources[0] || source == its.sources[1];
    }
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const Watch& watch : watches_) for_each(watch, visit);
    }
    template <class Visit>
    void for_each(const Watch& watch, Visit&& visit) const {
        for (std::size_t i = 0; i < count(watch); ++i) visit(of(watch, i));
    }

    // What a condition remembers.
    std::span<ConditionState> states(const Watch& watch) const {
        return states_.subspan(watch.first_state, count(watch));
    }
    ConditionState& state(const Watch& watch, std::size_t at) const {
        return states_[watch.first_state + at];
    }
    ConditionState& state(const Condition& condition) const {
        return state(condition.watch, condition.at);
    }
    RangeWindow& range(const Condition& condition) const {
        return ranges_[condition.watch.first_window + condition.at];
    }
    SumWindow& sum(const Condition& condition) const {
        return sums_[condition.watch.first_window + condition.at];
    }
    Reading read(const Condition& condition, double value) const;
    // A reload: what the conditions of a rule of the same shape knew.
    void carry_over(RuleId rule, const Conditions& old, RuleId before);

  private:
    void add(RuleId id, FamilyId family);
    void index_watches(const Plan& plan);

    std::span<const RuleSpec> rules_;
    std::size_t sources_;
    std::vector<Watch> watches_;
    std::span<ConditionState> states_;
    std::span<RangeWindow> ranges_;             // of drawdown and change
    std::span<SumWindow> sums_;                 // of count
    std::vector<std::uint32_t> timed_watches_;  // by deadline
    std::vector<std::uint32_t> watch_list_;     // indices into watches_, grouped by cell
    std::vector<std::uint32_t> watch_begin_;    // per cell, and one more
    // While it is compiled: how many of the memory's parts are in use.
    std::uint32_t states_placed_ = 0, ranges_placed_ = 0, sums_placed_ = 0;
};

}  // namespace scram
