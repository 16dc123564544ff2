// The sections about who quotes what: [[account]], [[family]], [[source]].
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "config/toml/keys.h"
#include "config/toml/names.h"
#include "config/toml/reader.h"
#include "config/toml/sections.h"
#include "config/toml/validate.h"
#include "core/okx/request.h"

namespace scram::config {
namespace {

// systemd hands credentials over in a folder of its own; without it they lie beside the config.
std::filesystem::path credentials_path(const Document& document,
                                       const std::filesystem::path& file) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder == '\0') return document.resolve(file);
    return (std::filesystem::path{folder} / file).lexically_normal();
}

void read_budget(Section& account, BudgetSpec& budget) {
    auto section = account.table("budget");
    if (!section) return;
    visit_budget(Reader{*section}, budget);
    if (!section->has("reserve"))
        budget.reserve = std::min<std::uint8_t>(budget.reserve, budget.slots - 1);
    check_reserve_below_share(*section, budget);
    section->end();
}

void read_dead_man(Section& account, std::optional<DeadMan>& out) {
    auto section = account.table("dead_man");
    if (!section) return;
    visit_dead_man(Reader{*section}, out.emplace());
    section->end();
}

void read_rearm(Section& account, RearmSpec& rearm) {
    auto section = account.table("rearm");
    if (!section) return;
    visit_rearm(Reader{*section}, rearm);
    section->end();
}

std::string read_account_name(Section& section, const std::vector<AccountSpec>& earlier) {
    section.need("name", "a name of your choice, as in \"mm-1\"");
    auto name = section.text("name").value_or(Text{});
    if (name.value.empty()) return {};
    check_account_name(section.document(), name);
    check_name_is_new(section.document(), name, "account", names_of(earlier));
    section.add_to_title(name.value);
    return name.value;
}

void read_account(Section& section, Config& config) {
    AccountSpec account;
    account.name = read_account_name(section, config.plan.accounts);
    section.need("credentials", "the file with its key, secret and passphrase");
    const auto file = section.text("credentials");
    config.credentials.push_back(file ? credentials_path(section.document(), file->value) : "");
    section.read("links", account.links, {1, links_per_account_max});
    read_budget(section, account.budget);
    read_dead_man(section, account.dead_man);
    read_rearm(section, account.rearm);
    check_credentials_differ(section, config);
    config.plan.accounts.push_back(std::move(account));
    section.end();
}

AccountId account_of(Document& document, const Text& family, const Plan& plan) {
    const Text account{family.value.substr(0, family.value.find('/')), family.place};
    const auto found = find_name(document, account, "account", names_of(plan.accounts));
    return found ? id_at<AccountId>(*found) : none<AccountId>();
}

void read_family(Section& section, Plan& plan) {
    FamilySpec family;
    section.need("name", "ACCOUNT/FAMILY, as in \"mm-1/BTC-USD\"");
    if (const auto name = section.text("name");
        name && check_family_name(section.document(), *name)) {
        check_name_is_new(section.document(), *name, "family", names_of(plan.families));
        family.name = name->value;
        family.account = account_of(section.document(), *name, plan);
        family.inst_family = name->value.substr(name->value.find('/') + 1);
    }
    std::int64_t lock = lock_max.count();
    section.read("lock_ms", lock, {0, lock_max.count(), "OKX's lockInterval"});
    family.lock = milliseconds{lock};
    section.read("hold", family.hold);
    section.read("cancel_rest", family.cancel_rest);
    if (family.hold && lock == 0 && section.sound({"lock_ms", "hold"}))
        section.error("hold", "hold: expected a lock to hold, got lock_ms = 0");
    plan.families.push_back(std::move(family));
    section.end();
}

void read_user(Section& section, Config& config) {
    Principals users;
    read_principals(section, "user", users);
    const bool nobody = section.has("user") && section.sound({"user"}) && users.empty();
    if (nobody)
        section.error(
            "user",
            "user: expected those who may attach as this source (or leave the key out, for "
            "everybody who may publish), got an empty list");
    config.source_users.push_back(std::move(users));
}

void read_source(Section& section, Config& config) {
    Plan& plan = config.plan;
    SourceSpec source;
    section.need("name", "the name by which a maker attaches, as in \"maker-1\"");
    if (const auto name = section.text("name"); name && check_name(section.document(), *name)) {
        check_name_is_new(section.document(), *name, "source", names_of(plan.sources));
        source.name = name->value;
    }
    const auto patterns = read_patterns(section, "families");
    source.families = match_ids<FamilyId>(section.document(), patterns, "family", plan.families);
    section.read("expected", source.expected);
    config.expected_said.push_back(section.has("expected"));
    plan.sources.push_back(std::move(source));
    read_user(section, config);
    section.end();
}

}  // namespace

void read_accounts(Section& top, Config& config) {
    auto accounts = top.tables("account", accounts_max);
    for (auto& section : accounts) read_account(section, config);
    auto families = top.tables("family", families_max);
    for (auto& section : families) read_family(section, config.plan);
    for (std::size_t i = 0; i < accounts.size(); ++i)
        check_account_has_family(accounts[i], id_at<AccountId>(i), config.plan);
    if (!top.has("account")) top.error("account", "expected at least one [[account]], got none");
}

void read_sources(Section& top, Config& config) {
    for (auto& section : top.tables("source", sources_max)) read_source(section, config);
    check_samples(top, config.plan);
}

}  // namespace scram::config
