// How near each rule is to its limit, for `scramctl status`.
#pragma once

#include <string>
#include <vector>

#include "core/engine/engine.h"

namespace scram {

// Of a family's values the one nearest to its limit; empty where none is known.
std::string nearest_json(FamilyId family, const NearestSearch& searched, const Plan& plan);
// Of each rule on values the condition that has used most of its limit, as a search found it; the
// worst rule first.
void sort_by_share(std::vector<Distance>& nearest);
std::string rule_json(const Distance& distance, const Plan& plan);

}  // namespace scram
