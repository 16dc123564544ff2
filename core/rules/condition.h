// One condition on values: what it looks at, and how much of its limit a value uses.
#pragma once

#include "core/model/plan.h"
#include "core/rules/metric_table.h"
#include "core/rules/window.h"

namespace scram {

// What a rule looks at when a metric of a family changes: one condition, or with Over::each one per
// source. States, windows and deadlines of them stand together, from these on.
struct Watch {
    RuleId rule{};
    FamilyId family = none<FamilyId>();  // none: all that the rule watches, summed
    std::uint32_t first_state = 0;
    std::uint32_t first_window = 0;
    std::uint32_t first_deadline = 0;
    // A limit of one family's value, without warnings: from low to high it is far from tripping.
    // Others are never far.
    bool each = false;
    std::uint32_t missing = 0;  // a sum: first values that it waits for
    double far_low = 1;
    double far_high = -1;

    bool watches(FamilyId of) const { return family == none<FamilyId>() || family == of; }
};

// One of them.
struct Condition {
    const RuleSpec& rule;
    const Watch& watch;
    std::size_t at;   // within the watch
    SourceId source;  // Over::each: whose; else who moved it, or none
};

double value_of(const Condition& condition, const MetricTable& table);
// Has anybody published what it looks at?
bool is_known(const Condition& condition, const MetricTable& table);
// When its present value came.
Time last_stored(const Condition& condition, const MetricTable& table, std::size_t sources);

// What a rule makes of a value.
struct Reading {
    double value = 0;
    double limit = 0;
    double used = 0;  // of what is allowed
    double allowed = 0;

    bool is_breach() const { return !(used <= allowed); }  // a NaN is one
    double share() const;
};
Reading read_limit(const RuleSpec& rule, double value);
Reading read_fall(const RuleSpec& rule, double value, double peak);
Reading read_range(const RuleSpec& rule, double value, const RangeWindow& window);
Reading read_amount(const RuleSpec& rule, double amount);

}  // namespace scram
