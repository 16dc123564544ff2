// --what-if: a limit of a rule, swept from low to high. Each step is a copy of the rule that only
// tells, beside the rule itself, so that one replay counts all of them.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/model/plan.h"

namespace scram {

inline constexpr std::size_t what_if_steps_max = 200;

struct WhatIf {
    std::string name;  // of a rule; or of a metric: all rules on it that have the key
    std::string key;   // "beyond", "by", "more_than", "after_ms" ...
    double low = 0, high = 0;
    std::size_t steps = 11;  // values, the two ends among them
    double at(std::size_t step) const {
        if (steps == 1) return low;
        return low + (high - low) * static_cast<double>(step) / static_cast<double>(steps - 1);
    }
};
// "delta.beyond=20..40" or "delta.beyond=20..40/5". The error says what was expected.
std::variant<WhatIf, std::string> parse_what_if(std::string_view text);

// One rule that is swept.
struct Sweep {
    std::string rule;
    std::string key;
    double configured = 0;            // as the plan has it
    std::vector<double> limits;       // and, of each, ...
    std::vector<std::string> copies;  // ... the name of the rule that stands for it
};
// Adds the copies to the plan. The error: no rule has such a name and key.
std::variant<std::vector<Sweep>, std::string> add_sweeps(const WhatIf& wish, Plan& plan);

}  // namespace scram
