// How near each rule is to its limit, for `scramctl status`.
#pragma once

#include <string>

#include "core/engine.h"

namespace scram {

// Of each rule on values the condition that has used most of its limit; the worst rule first.
std::string rules_json(const Engine& engine, Time now);

}  // namespace scram
