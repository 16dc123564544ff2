// What scram-now needs of the operator's config, also when the rest of it is wrong: a bad rule must
// not stop a kill.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"

namespace scram {

struct NowConfig {
    Config config;
    std::vector<ConfigError> ignored;  // errors in what a cancel does not need
};
// On failure every error of the whole file.
std::variant<NowConfig, std::vector<ConfigError>> load_for_now(const std::filesystem::path& file);

// The families that the targets name, in the order of fire, each once; or what is wrong with a
// target, and which there are.
std::variant<std::vector<FamilyId>, std::string> families_of(
    const Plan& plan, const std::vector<std::string>& targets);

// What the engine is to know of them: their accounts and nothing of scramd's. Its families stand in
// the same order.
struct NowPlan {
    Plan plan;
    std::vector<AccountId> accounts;  // by the plan's accounts: which they are in `whole`
};
NowPlan plan_for(const Plan& whole, const std::vector<FamilyId>& families,
                 std::optional<milliseconds> lock);

}  // namespace scram
