// What the rules say: that one is breached or nears its limit, how far each condition is from its
// own, and which values they wait for.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/fixed_list.h"
#include "core/model/events.h"
#include "core/model/plan.h"

namespace scram {

// One rule that began to hold, or a step towards it.
enum class BreachKind : std::uint8_t { trip, would_trip, warning, warning_over };
struct Breach {
    BreachKind kind = BreachKind::trip;
    RuleId rule{};
    FamilyId family = none<FamilyId>();  // that breached; of a bad record: that it named
    SourceId source = none<SourceId>();
    MetricId metric = none<MetricId>();
    BadReason bad = BadReason::none;
    double value = 0;  // change: how far it moved, count: how many, divergence: the difference
    double limit = 0;  // drawdown: the value that it may not fall below
    double share = 0;  // a warning's step
};
using Breaches = FixedList<Breach>;

// A shadow only tells.
inline BreachKind trip_kind(const RuleSpec& rule) {
    return rule.shadow ? BreachKind::would_trip : BreachKind::trip;
}

// One condition on values, now.
struct Distance {
    RuleId rule{};
    FamilyId family = none<FamilyId>();  // none: all that the rule watches
    SourceId source = none<SourceId>();  // none: their sum
    double value = 0;                    // as of a breach
    double limit = 0;
    double share = 0;  // of the limit that is used; NaN if the limit has none (above 0, below 0)
    bool known = false;
    bool holds = false;         // has tripped, and not ended since
    std::uint32_t missing = 0;  // first values of expected sources that it waits for
};

// Of each family the first that was told of the rules that kill it and hold.
struct HoldingRules {
    std::vector<RuleId> by_family;  // none: none
    RuleId told = none<RuleId>();   // the last, if it kills the same families wherever it holds
};

// Where a search over all conditions stands that goes a few at a time.
struct NearestSearch {
    std::size_t watch = 0;
    std::size_t at = 0;               // within the watch
    std::vector<Distance> best;       // of each rule
    std::vector<Distance> of_family;  // of all that could trip it; not known where nothing is
    HoldingRules holding;             // those on values; at its end all
};
// To order by: what is not known is farthest. One without a share, as a value that may not be below
// 0, is as near as it is over or not.
double nearness(const Distance& distance);

// A value that a rule looks at, of which an expected source has said nothing: not since the start,
// and none was left by an earlier process.
struct Unknown {
    RuleId rule = none<RuleId>();  // none: all is known
    FamilyId family = none<FamilyId>();
    SourceId source = none<SourceId>();
    MetricId metric = none<MetricId>();
};

}  // namespace scram
