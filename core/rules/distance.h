// How far each condition is from its limit, for status and for who keeps a kill's data near.
#pragma once

#include <vector>

#include "core/rules/findings.h"
#include "core/rules/value_rules.h"

namespace scram {

// Of every condition on values. Allocates.
std::vector<Distance> distances(const ValueRules& rules, const MetricTable& table, Time now);
// Of those conditions that look at one metric of one family. Takes the place of what `out` holds.
void distances_at(const ValueRules& rules, const MetricTable& table, FamilyId family,
                  MetricId metric, Time now, std::vector<Distance>& out);
// Of each rule, and of each family, the condition that has used most of its limit, and of each
// family a rule that stands in the way of arming it, with no more than so many looks at either in
// one call, but for the last condition's. True: all were looked at. Of the same rules from its
// begin to its end. Allocates.
bool find_nearest(NearestSearch& search, const ValueRules& rules, const Kills& kills,
                  const MetricTable& table, Time now, std::size_t looks);

}  // namespace scram
