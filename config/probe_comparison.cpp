// Where a config relies on what OKX did not do when scram-probe asked it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "config/probe.h"
#include "core/okx/answer.h"

namespace scram {
namespace {

std::uint32_t number(std::string_view digits, std::uint32_t otherwise) {
    std::uint32_t value = otherwise;
    const char* end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value);
    return error == std::errc() && at == end ? value : otherwise;
}

bool is_of_class(std::uint32_t code, AnswerClass wanted) {
    const auto table = code_table();
    const auto rule = std::ranges::find(table, code, &CodeRule::code);
    return rule != table.end() && rule->answer_class == wanted;
}

// "code 51411: the account lacks ..."
std::string explained(std::string_view code) {
    const auto known = why(number(code, no_code));
    return known.empty() ? fmt::format("code {}", code) : fmt::format("code {}: {}", code, known);
}

std::string_view market(bool demo) {
    return demo ? "demo trading" : "live trading";
}

void compare_exchange(const Config& config, const ProbeResult& probe, ConfigFindings& findings) {
    if (probe.demo != config.exchange.simulated_trading) {
        findings.warnings.push_back(fmt::format(
            "scram-probe asked {}, and with simulated_trading = {} this config speaks to {}: they "
            "may differ",
            market(probe.demo), config.exchange.simulated_trading, market(!probe.demo)));
    }
    const auto& hosts = config.exchange.hosts;
    if (std::ranges::find(hosts, probe.host) == hosts.end()) {
        findings.warnings.push_back(
            fmt::format("scram-probe asked {}, which is none of hosts (\"{}\"): regions may differ",
                        probe.host, fmt::join(hosts, "\", \"")));
    }
    const auto is_probed = [&](const FamilySpec& family) {
        return family.inst_family == probe.family;
    };
    if (std::ranges::none_of(config.plan.families, is_probed)) {
        findings.warnings.push_back(fmt::format(
            "scram-probe asked of {}, which is no family of this config", probe.family));
    }
}

void compare_account(const ProbeResult& probe, ConfigFindings& findings) {
    if (probe.value("permission") == "missing") {
        findings.errors.push_back(fmt::format(
            "the key of account {} may not trade: give it that permission at OKX", probe.uid));
    }
    const auto mode = probe.value("account_mode");
    if (!mode.empty() && mode != "4") {
        findings.errors.push_back(fmt::format(
            "account {} is in mode {}, and mass-cancel needs portfolio margin (4): change it at "
            "OKX",
            probe.uid, mode));
    }
    if (probe.value("key_bound") == "no" && !probe.demo) {
        findings.warnings.push_back(fmt::format(
            "the key of account {} is bound to no address: OKX ends it after 14 days without an "
            "authenticated call",
            probe.uid));
    }
}

void compare_mass_cancel(const ProbeResult& probe, ConfigFindings& findings) {
    if (probe.value("mass_cancel") == "missing") {
        findings.errors.push_back(
            fmt::format("OKX has no mass-cancel in {} ({}): scramd can cancel nothing there",
                        market(probe.demo), explained(probe.value("refusal_code"))));
    } else if (probe.value("mass_cancel") == "refused") {
        findings.errors.push_back(fmt::format("OKX refused to mass-cancel for account {} ({})",
                                              probe.uid, explained(probe.value("refusal_code"))));
    }
    const auto empty = probe.value("empty_family");
    if (empty == "false" || (!empty.empty() && empty != "true" &&
                             !is_of_class(number(empty, no_code), AnswerClass::nothing_left))) {
        findings.warnings.push_back(fmt::format(
            "a family without orders is answered with {}: scramd would try its cancel again and "
            "again",
            empty == "false" ? "result false" : explained(empty)));
    }
    if (probe.value("plain_left") == "no") {
        findings.warnings.push_back(
            "a mass-cancel also cancels orders that are no MMP orders: a family's hedges go with "
            "its quotes");
    }
}

void compare_budget(const Config& config, const ProbeResult& probe, ConfigFindings& findings) {
    const std::uint32_t slots = number(probe.value("window_slots"), budget_slots_max);
    for (const AccountSpec& account : config.plan.accounts) {
        if (account.budget.slots <= slots) continue;
        findings.warnings.push_back(fmt::format(
            "budget of {}: share = {}, and OKX took {} mass-cancels in 2 s (was another client at "
            "work?)",
            account.name, account.budget.slots, slots));
    }
    const auto code = probe.value("limit_code");
    if (!code.empty() && !is_of_class(number(code, no_code), AnswerClass::throttled)) {
        findings.warnings.push_back(fmt::format(
            "one mass-cancel too many is answered with {}, which scramd does not read as the rate "
            "limit",
            explained(code)));
    }
}

// What asks for a lock, as "mm-1/BTC-USD, rule delta"; or empty.
std::string lockers(const Plan& plan) {
    std::vector<std::string> names;
    for (const FamilySpec& family : plan.families) {
        if (family.lock > family.lock.zero()) names.push_back(family.name);
    }
    for (const RuleSpec& rule : plan.rules) {
        if (rule.lock && *rule.lock > rule.lock->zero()) names.push_back("rule " + rule.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

void compare_locks(const Config& config, const ProbeResult& probe, ConfigFindings& findings) {
    const std::string who = lockers(config.plan);
    if (who.empty()) return;
    if (probe.value("lock") == "refused") {
        findings.errors.push_back(
            fmt::format("lock_ms is above 0 for {}, and OKX refuses a cancel with a lock: set "
                        "lock_ms = 0, or these are not cancelled",
                        who));
    } else if (probe.value("lock") == "absent") {
        findings.warnings.push_back(
            fmt::format("lock_ms is above 0 for {}, and OKX takes new orders all the same", who));
    }
    if (probe.value("lock_scope") == "mmp") {
        findings.warnings.push_back(
            "a lock refuses new MMP orders alone: OKX takes a family's other orders while it "
            "lasts");
    }
    if (probe.value("lock_amend") == "free") {
        findings.warnings.push_back("orders can be amended under a lock");
    }
    if (probe.value("lock_release") == "no") {
        findings.warnings.push_back(
            "lockInterval 0 does not end a lock: after a re-arming, orders are taken only once "
            "lock_ms is over");
    }
}

std::string holders(const Plan& plan) {
    std::vector<std::string> names;
    for (const FamilySpec& family : plan.families) {
        if (family.hold) names.push_back(family.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

void compare_hold(const Config& config, const ProbeResult& probe, ConfigFindings& findings) {
    const std::string who = holders(config.plan);
    if (who.empty() || probe.value("lock_renewal") != "ignored") return;
    findings.warnings.push_back(
        fmt::format("hold is set for {}, and a lock while one holds changes nothing: OKX takes "
                    "orders between two locks",
                    who));
}

void compare_dead_man(const Config& config, const ProbeResult& probe, ConfigFindings& findings) {
    if (probe.value("cancel_all_after") != "missing") return;
    for (const AccountSpec& account : config.plan.accounts) {
        if (!account.dead_man) continue;
        findings.errors.push_back(
            fmt::format("dead_man is set for {}, and OKX has no cancel-all-after in {}",
                        account.name, market(probe.demo)));
    }
}

void compare_verification(const Config& config, const ProbeResult& probe,
                          ConfigFindings& findings) {
    const milliseconds gone(number(probe.value("gone_ms"), 0));
    const auto patience =
        std::chrono::duration_cast<milliseconds>(config.plan.timings.unverified_after);
    if (gone <= patience) return;
    findings.warnings.push_back(
        fmt::format("OKX lists a cancelled order for {} ms, and unverified_after is {} ms: each "
                    "trip would be alarmed",
                    gone.count(), patience.count()));
}

// Points with the same reason in one line. No config relies on the code of a refusal.
void list_open(const ProbeResult& probe, ConfigFindings& findings) {
    std::map<std::string, std::vector<std::string>> by_reason;
    for (const auto& [name, point] : probe.points) {
        if (point.open && name != "refusal_code") by_reason[point.detail].push_back(name);
    }
    for (const auto& [reason, names] : by_reason) {
        findings.not_checked.push_back(
            fmt::format("open points of scram-probe: {}: {}", fmt::join(names, ", "), reason));
    }
}

}  // namespace

ConfigFindings compare(const Config& config, const ProbeResult& probe) {
    ConfigFindings findings;
    compare_exchange(config, probe, findings);
    compare_account(probe, findings);
    compare_mass_cancel(probe, findings);
    compare_budget(config, probe, findings);
    compare_locks(config, probe, findings);
    compare_hold(config, probe, findings);
    compare_dead_man(config, probe, findings);
    compare_verification(config, probe, findings);
    list_open(probe, findings);
    return findings;
}

}  // namespace scram
