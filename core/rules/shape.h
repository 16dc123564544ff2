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

// While it holds. A peak since arming starts over with the arming.
inline bool hinders_arming(const RuleSpec& rule) {
    return !rule.shadow && !is_since_arming(rule);
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

// ---- From one plan to the next ------------------------------------------------------------------

// The rule of a new plan, and the one of the same name that was there before.
struct RulePair {
    const RuleSpec& rule;
    RuleId id;
    const RuleSpec& old_rule;
    RuleId before;
};

// The same conditions on the same things, whatever their limits.
inline bool same_shape(const RuleSpec& a, const RuleSpec& b) {
    return a.name == b.name && a.kind == b.kind && a.metric == b.metric &&
           a.other_metric == b.other_metric && a.families == b.families && a.sources == b.sources &&
           a.per == b.per && a.over == b.over && a.within == b.within;
}

// What tripped by the one has tripped by the other.
inline bool same_trip(const RuleSpec& a, const RuleSpec& b) {
    return a.limit == b.limit && a.bound == b.bound && a.after == b.after && a.kills == b.kills &&
           a.shadow == b.shadow;
}

// Whatever is made of a value by the one is made of it by the other, and when.
inline bool same_judgement(const RuleSpec& a, const RuleSpec& b) {
    return same_shape(a, b) && same_trip(a, b) && a.hold_for == b.hold_for &&
           a.confirm == b.confirm && a.warn == b.warn;
}

}  // namespace scram
