// How near each rule is to its limit, for `scramctl status`.
#pragma once

#include <string>

#include "core/engine.h"

namespace scram {

// Of each rule on values the condition that has used most of its limit; the worst rule first.
// Of each family's values the one nearest to its limit, as an object; empty where none is known, or
// where rules look at too many values to ask them all.
std::vector<std::string> nearest_json(const Engine& engine, Time now);
std::string rules_json(const Engine& engine, Time now);

}  // namespace scram
