#include "config/toml/validate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "config/toml/words.h"
#include "core/rules/shape.h"

namespace scram::config {
namespace {

double ms(Duration duration) {
    return std::chrono::duration<double, std::milli>{duration}.count();
}

bool publishes(const SourceSpec& source, const std::vector<FamilyId>& families) {
    return std::find_first_of(source.families.begin(), source.families.end(), families.begin(),
                              families.end()) != source.families.end();
}

bool may_publish(const SourceSpec& source, FamilyId family) {
    return std::binary_search(source.families.begin(), source.families.end(), family);
}

void check_both_publish(Section& rule, const RuleSpec& spec, const Plan& plan) {
    if (spec.sources.size() != 2) return;
    const auto& one = plan.sources[index(spec.sources[0])];
    const auto& other = plan.sources[index(spec.sources[1])];
    const auto both = [&](FamilyId family) {
        return may_publish(one, family) && may_publish(other, family);
    };
    if (std::any_of(spec.families.begin(), spec.families.end(), both)) return;
    rule.error("sources",
               fmt::format("{} can never trip: expected two sources that may publish for a watched "
                           "family in common, got {} and {}",
                           rule.title(), in_quotes(one.name), in_quotes(other.name)));
}

}  // namespace

void check_reserve_below_share(Section& budget, const BudgetSpec& spec) {
    if (!budget.sound({"share", "reserve"}) || spec.reserve < spec.slots) return;
    budget.error("reserve", fmt::format("reserve: expected 0 to {} (below share, or lock renewals "
                                        "would never get a slot), got {}",
                                        spec.slots - 1, spec.reserve));
}

void check_reconnect_order(Section& exchange, const ExchangeConfig& config) {
    if (!exchange.sound({"reconnect_first_ms", "reconnect_max_ms"})) return;
    if (config.reconnect_first <= config.reconnect_max) return;
    exchange.error("reconnect_first_ms",
                   fmt::format("reconnect_first_ms: expected at most reconnect_max_ms = {}, got {}",
                               ms(config.reconnect_max), ms(config.reconnect_first)));
}

void check_hosts_have_links(Section& top, const Config& config) {
    std::size_t links = 0;
    for (const AccountSpec& account : config.plan.accounts)
        links = std::max<std::size_t>(links, account.links);
    const std::size_t names = config.exchange.hosts.size();
    if (links == 0 || names <= links || names > hosts_max || !top.sound({"exchange"})) return;
    auto exchange = top.table("exchange");
    if (!exchange || !exchange->has("hosts")) return;
    exchange->document().refuse_unless_for_a_kill(
        exchange->place(),
        fmt::format("hosts: expected at most {} (no account has more links, and each link speaks "
                    "to one name), got {}: raise links of [[account]], or take a name out",
                    links, names));
}

void check_retry_order(Section& timings, const Timings& spec) {
    if (!timings.sound({"retry_first_ms", "retry_max_ms"}) || spec.retry_first <= spec.retry_max)
        return;
    timings.error("retry_first_ms",
                  fmt::format("retry_first_ms: expected at most retry_max_ms = {}, got {}",
                              ms(spec.retry_max), ms(spec.retry_first)));
}

void check_frames(Section& wire, const WireConfig& config) {
    if (!config.frames || !config.device.empty() || !wire.sound({"frames", "device"})) return;
    wire.document().refuse_unless_for_a_kill(
        wire.place(),
        "frames: expected `device` beside it, the network device by which the "
        "exchange is reached: see `ip route get ADDRESS`");
}

void check_paths_differ(Section& paths, const Paths& config) {
    if (config.signals != config.control) return;
    paths.error("control",
                fmt::format("control: expected another path than that of signals, got {}",
                            in_quotes(config.control)));
}

void check_one_bound(Section& rule, int bounds) {
    if (bounds == 1) return;
    rule.error("limit", fmt::format("{}: expected exactly one of above, below, beyond, got {}",
                                    rule.title(), bounds == 0 ? "none" : std::to_string(bounds)));
}

void check_beyond_positive(Section& rule, const RuleSpec& spec) {
    if (!rule.has("beyond") || !rule.sound({"beyond"}) || spec.limit > 0) return;
    rule.error("beyond", fmt::format("beyond: expected a number above 0 (the rule trips when the "
                                     "value's magnitude is larger), got {}",
                                     spec.limit));
}

void check_warn_steps(Section& rule, const RuleSpec& spec) {
    if (!rule.sound({"warn"})) return;
    const auto& steps = spec.warn;
    const auto is_share = [](double step) { return step > 0 && step < 1; };
    const bool ascend =
        std::adjacent_find(steps.begin(), steps.end(), std::greater_equal<>{}) == steps.end();
    if (ascend && steps.size() <= warn_steps_max &&
        std::all_of(steps.begin(), steps.end(), is_share))
        return;
    rule.error("warn",
               fmt::format("warn: expected at most {} shares of the limit, each above 0 and below "
                           "1, ascending, as in [0.5, 0.8], got [{}]",
                           warn_steps_max, fmt::join(steps, ", ")));
}

void check_warn_has_share(Section& rule, const RuleSpec& spec) {
    if (spec.warn.empty() || !rule.sound({"warn", "limit", "above", "below", "beyond"})) return;
    if (spec.bound == Bound::below ? spec.limit < 0 : spec.limit > 0) return;
    rule.error("warn",
               fmt::format("warn: expected a limit that has shares (above or beyond a number above "
                           "0, or below a number below 0), got {} = {}",
                           word(bound_words, spec.bound), spec.limit));
}

void check_two_sides(Section& rule, const RuleSpec& spec, const Plan& plan) {
    if (!rule.sound({"metric", "from", "sources"})) return;
    if (rule.has("from") == rule.has("sources")) {
        return rule.error(
            "from", fmt::format("{}: expected exactly one of from (another metric) and sources "
                                "(two of them, compared by metric), got {}",
                                rule.title(), rule.has("from") ? "both" : "none"));
    }
    if (rule.has("from") && spec.metric == spec.other_metric && spec.metric != none<MetricId>()) {
        rule.error("from", fmt::format("from: expected another metric than the rule's own, got {}",
                                       in_quotes(plan.metrics[index(spec.metric)])));
    }
    if (rule.has("sources") && !spec.sources.empty() && spec.sources.size() != 2) {
        rule.error("sources",
                   fmt::format("sources: expected exactly two, whose values are compared, got {}",
                               spec.sources.size()));
    }
}

void check_families_have_metric(Section& rule) {
    if (!rule.has("families") || rule.has("metric")) return;
    rule.error(
        "families",
        "families: expected the key metric beside it, or sources alone (a stale rule without "
        "a metric watches whole sources)");
}

// A rule that waits for a value which nobody may publish would be a hole that looks like a guard.
void check_can_trip(Section& rule, const RuleSpec& spec, const Plan& plan) {
    if (!rule.sound({"families", "sources", "metric", "from"}) || spec.families.empty()) return;
    if (is_of_two_sources(spec)) return check_both_publish(rule, spec, plan);
    const bool any_source = spec.kind != RuleKind::stale;
    for (std::size_t i = 0; i < plan.sources.size(); ++i) {
        const auto& watched = spec.sources;
        const bool is_watched = any_source || std::find(watched.begin(), watched.end(),
                                                        id_at<SourceId>(i)) != watched.end();
        if (is_watched && publishes(plan.sources[i], spec.families)) return;
    }
    rule.error("families",
               fmt::format("{} can never trip: expected families that a watched [[source]] may "
                           "publish for, got none",
                           rule.title()));
}

void check_name_is_new(Document& document, const Text& name, std::string_view what,
                       const std::vector<std::string_view>& earlier) {
    if (std::find(earlier.begin(), earlier.end(), name.value) == earlier.end()) return;
    document.error(name.place, fmt::format("{}: expected each name once, got {} again", what,
                                           in_quotes(name.value)));
}

// Two accounts with one key would each count the same five requests as their own.
void check_credentials_differ(Section& account, const Config& config) {
    if (!account.sound({"credentials"})) return;
    const auto& files = config.credentials;
    if (std::find(files.begin(), files.end() - 1, files.back()) == files.end() - 1) return;
    account.error("credentials",
                  "credentials: expected a file of its own for each account (one key is one User "
                  "ID, and one budget), got another account's");
}

void check_account_has_family(Section& account, AccountId id, const Plan& plan) {
    const auto is_its = [id](const FamilySpec& family) { return family.account == id; };
    if (std::any_of(plan.families.begin(), plan.families.end(), is_its)) return;
    account.error("", fmt::format("{}: expected at least one [[family]] of this account, got none: "
                                  "there is nothing that it could cancel",
                                  account.title()));
}

void check_samples(Section& top, const Plan& plan) {
    const auto samples = plan.sources.size() * plan.families.size() * plan.metrics.size();
    if (samples <= samples_max) return;
    top.error("", fmt::format(
                      "expected at most {} values, got {} ({} sources x {} families x {} metrics)",
                      samples_max, samples, plan.sources.size(), plan.families.size(),
                      plan.metrics.size()));
}

// What a rule looks at: a family or all of them, by source or in sum; a source, or a source's
// family.
void check_conditions(Section& top, const Plan& plan) {
    std::size_t conditions = 0;
    for (const RuleSpec& rule : plan.rules) {
        conditions += is_of_values(rule.kind)
                          ? condition_count(rule, plan.sources.size())
                          : std::max<std::size_t>(1, rule.families.size()) * rule.sources.size();
    }
    if (conditions <= conditions_max) return;
    top.error(
        "", fmt::format("expected rules that look at {} values and sources at most, got {} (over = "
                        "\"each\" counts once for each source)",
                        conditions_max, conditions));
}

void check_windows(Section& top, const Plan& plan) {
    std::size_t windows = 0;
    for (const RuleSpec& rule : plan.rules) {
        if (has_window(rule)) windows += condition_count(rule, plan.sources.size());
    }
    if (windows <= windows_max) return;
    top.error("", fmt::format(
                      "expected rules with within_ms that look at {} values at most, got {} (over "
                      "= \"each\" counts once for each source)",
                      windows_max, windows));
}

void check_warnings(Section& top, const Plan& plan) {
    std::size_t warnings = 0;
    for (const RuleSpec& rule : plan.rules) {
        if (is_of_values(rule.kind))
            warnings += condition_count(rule, plan.sources.size()) * rule.warn.size();
    }
    if (warnings <= warnings_max) return;
    top.error(
        "", fmt::format("expected at most {} steps of warn, one for each value that its rule looks "
                        "at, got {} (over = \"each\" counts once for each source)",
                        warnings_max, warnings));
}

}  // namespace scram::config
