// What no rule guards: a family whose values nothing limits is cancelled by an operator, or when
// its source dies, and by nothing else.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/config.h"
#include "core/rules/shape.h"

namespace scram {
namespace {

bool has(const std::vector<FamilyId>& families, FamilyId family) {
    return std::find(families.begin(), families.end(), family) != families.end();
}

bool guards(const RuleSpec& rule, FamilyId family) {
    if (!is_of_values(rule.kind) || rule.shadow || !has(rule.families, family)) return false;
    return rule.kills.empty() || has(rule.kills, family);
}

}  // namespace

std::vector<FamilyId> unwatched(const Plan& plan) {
    std::vector<FamilyId> out;
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        const auto family = id_at<FamilyId>(f);
        const auto guards_it = [&](const RuleSpec& rule) { return guards(rule, family); };
        if (std::none_of(plan.rules.begin(), plan.rules.end(), guards_it)) out.push_back(family);
    }
    return out;
}

std::string unwatched_text(const Plan& plan) {
    const auto families = unwatched(plan);
    std::vector<std::string> names;
    for (std::size_t a = 0; a < plan.accounts.size(); ++a) {
        std::vector<std::string> its;
        std::size_t all = 0;
        for (std::size_t f = 0; f < plan.families.size(); ++f) {
            if (plan.families[f].account != id_at<AccountId>(a)) continue;
            ++all;
            if (has(families, id_at<FamilyId>(f))) its.push_back(plan.families[f].name);
        }
        if (its.size() == all)
            names.push_back("account " + plan.accounts[a].name);
        else
            names.insert(names.end(), its.begin(), its.end());
    }
    return names.empty() ? "" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace scram
