#include "daemon/scram_now/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace scram {
namespace {

using Names = std::vector<std::string_view>;

// What a cancel does not need. A section that nobody knows is none of these: it may be a family's
// header with a slip in it, and all that `all` means must be known.
const Names unneeded = {"cpu",        "journal", "metrics", "paths",  "readable_credentials",
                        "ready_when", "rights",  "rule",    "source", "wait",
                        "wire"};
const Names unneeded_at_a_pinch = {"timings"};  // their defaults will do

void drop(toml::table& from, const Names& keys) {
    for (const std::string_view key : keys) from.erase(key);
}

std::string text(const toml::table& table) {
    std::ostringstream out;
    out << table;
    return out.str();
}

// The file without those; nothing if it is not TOML, or beyond what a config may be.
std::vector<std::string> reduced(const std::filesystem::path& file) try {
    const auto whole = read_config_text(file);
    if (!std::holds_alternative<std::string>(whole)) return {};
    toml::table table = toml::parse(std::get<std::string>(whole));
    drop(table, unneeded);
    std::string first = text(table);
    drop(table, unneeded_at_a_pinch);
    return {std::move(first), text(table)};
} catch (const std::exception&) {
    return {};
}

bool is_meant(const Plan& plan, const FamilySpec& family, std::string_view target) {
    return target == "all" || target == family.name ||
           target == plan.accounts[index(family.account)].name;
}

std::string unknown_target(const Plan& plan, std::string_view target) {
    std::string known = "all";
    for (const AccountSpec& account : plan.accounts) known += ", " + account.name;
    for (const FamilySpec& family : plan.families) known += ", " + family.name;
    return fmt::format("unknown target '{}'; known: {}", target, known);
}

}  // namespace

std::variant<NowConfig, std::vector<ConfigError>> load_for_now(const std::filesystem::path& file) {
    LoadResult whole = load(file);
    if (auto* config = std::get_if<Config>(&whole)) return NowConfig{std::move(*config), {}};
    auto& errors = std::get<std::vector<ConfigError>>(whole);
    for (const std::string& rest : reduced(file)) {
        LoadResult part = parse(rest, file, ForWhat::a_kill);
        auto* config = std::get_if<Config>(&part);
        if (config != nullptr) return NowConfig{std::move(*config), std::move(errors)};
    }
    return std::move(errors);
}

std::variant<std::vector<FamilyId>, std::string> families_of(
    const Plan& plan, const std::vector<std::string>& targets) {
    std::vector<bool> wanted(plan.families.size());
    for (const std::string& target : targets) {
        bool known = false;
        for (std::size_t f = 0; f < plan.families.size(); ++f) {
            if (!is_meant(plan, plan.families[f], target)) continue;
            wanted[f] = known = true;
        }
        if (!known) return unknown_target(plan, target);
    }
    std::vector<FamilyId> families;
    for (std::size_t f = 0; f < wanted.size(); ++f) {
        if (wanted[f]) families.push_back(id_at<FamilyId>(f));
    }
    return families;
}

// As many links as may have a request in flight at once, and one for a single family's second try.
NowPlan plan_for(const Plan& whole, const std::vector<FamilyId>& families,
                 std::optional<milliseconds> lock) {
    NowPlan out;
    out.plan.timings = whole.timings;
    for (const FamilyId id : families) {
        FamilySpec family = whole.families[index(id)];
        const auto known = std::find(out.accounts.begin(), out.accounts.end(), family.account);
        const auto at = static_cast<std::size_t>(known - out.accounts.begin());
        if (known == out.accounts.end()) {
            out.accounts.push_back(family.account);
            out.plan.accounts.push_back(whole.accounts[index(family.account)]);
            out.plan.accounts[at].links = 1;
        }
        AccountSpec& account = out.plan.accounts[at];
        if (account.links < std::max<std::size_t>(2, account.budget.slots)) ++account.links;
        family.account = id_at<AccountId>(at);
        family.lock = lock.value_or(family.lock);
        family.cancel_rest = false;
        out.plan.families.push_back(std::move(family));
    }
    return out;
}

}  // namespace scram
