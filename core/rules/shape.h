// What follows from a rule's keys: how many conditions it makes, and what each has to remember.
#pragma once

#include "core/model/plan.h"

namespace scram {

// On numbers that sources publish; the other rules are on a source's health.
constexpr bool is_of_values(RuleKind kind) {
    return kind < RuleKind::stale;
}

// One condition for each source, not one for their sum.
inline bool is_by_source(const RuleSpec& rule) {
    return is_of_values(rule.kind) && rule.kind != RuleKind::divergence && rule.over == Over::each;
}

inline bool is_of_two_sources(const RuleSpec& rule) {
    return rule.kind == RuleKind::divergence && rule.other_metric == none<MetricId>();
}

// Its peak starts over with arming.
inline bool is_since_arming(const RuleSpec& rule) {
    return rule.kind == RuleKind::drawdown && rule.within == Duration{};
}

// The lowest and the highest of a window.
inline bool has_range(const RuleSpec& rule) {
    return rule.kind == RuleKind::change ||
           (rule.kind == RuleKind::drawdown && !is_since_arming(rule));
}

inline bool has_window(const RuleSpec& rule) {
    return has_range(rule) || rule.kind == RuleKind::count;
}

// Time alone can change it.
inline bool has_deadline(const RuleSpec& rule) {
    return has_window(rule) || (is_of_values(rule.kind) && rule.hold_for > Duration{});
}

// Of a rule of values.
inline std::size_t condition_count(const RuleSpec& rule, std::size_t sources) {
    const std::size_t watches = rule.per == Per::all ? 1 : rule.families.size();
    return watches * (is_by_source(rule) ? sources : 1);
}

}  // namespace scram
