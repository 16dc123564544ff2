// [[rule]]: each kind has its own keys, and refuses those of the others.
#include <fmt/format.h>

#include <algorithm>

#include "config/toml/names.h"
#include "config/toml/sections.h"
#include "config/toml/validate.h"
#include "config/toml/words.h"
#include "core/okx/request.h"

namespace scram::config {
namespace {

constexpr double day_ms = 24 * 3'600'000.0;
constexpr double within_ms_min = 10;  // below that, a source's own rhythm decides what is seen
constexpr std::uint32_t confirm_max = 1'000'000;

void read_families(Section& rule, std::vector<FamilyId>& ids, std::string_view key,
                   const Plan& plan) {
    ids = match_ids<FamilyId>(rule.document(), read_patterns(rule, key), "family", plan.families);
}

void read_sources(Section& rule, RuleSpec& spec, const Plan& plan) {
    spec.sources = match_ids<SourceId>(rule.document(), read_patterns(rule, "sources"), "source",
                                       plan.sources);
}

void read_metric(Section& rule, std::string_view key, MetricId& out, const Plan& plan) {
    const auto name = rule.text(key);
    if (!name) return;
    const std::vector<std::string_view> metrics{plan.metrics.begin(), plan.metrics.end()};
    if (const auto at = find_name(rule.document(), *name, "metric", metrics))
        out = id_at<MetricId>(*at);
}

// ---- Rules of values ----------------------------------------------------------------------------

// What they all share: a metric and its families, when a breach of it counts, and what is told
// before.
void read_value(Section& rule, RuleSpec& spec, const Plan& plan) {
    rule.need("metric", "one of the metrics at the top of the file");
    read_metric(rule, "metric", spec.metric, plan);
    read_families(rule, spec.families, "families", plan);
    rule.read("per", spec.per, per_words);
    rule.read_ms("for_ms", spec.hold_for, {0, day_ms});
    rule.read("confirm", spec.confirm, {1, confirm_max});
    rule.read("warn", spec.warn);
    check_warn_steps(rule, spec);
}

void read_over(Section& rule, RuleSpec& spec) {
    rule.read("over", spec.over, over_words);
}

// A number above 0 that has to be there.
void read_amount(Section& rule, std::string_view key, std::string_view what, double& out) {
    rule.need(key, what);
    rule.read(key, out);
    if (rule.has(key) && rule.sound({key}) && !(out > 0))
        rule.error(key, fmt::format("{}: expected a number above 0, got {}", key, out));
}

void read_within(Section& rule, RuleSpec& spec) {
    rule.read_ms("within_ms", spec.within, {within_ms_min, day_ms});
}

void read_limit(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_value(rule, spec, plan);
    int bounds = 0;
    for (std::size_t i = 0; i < std::size(bound_words); ++i) {
        if (!rule.has(bound_words[i])) continue;
        ++bounds;
        spec.bound = static_cast<Bound>(i);
        rule.read(bound_words[i], spec.limit);
    }
    check_one_bound(rule, bounds);
    check_beyond_positive(rule, spec);
    check_warn_has_share(rule, spec);
    read_over(rule, spec);
}

void read_drawdown(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_value(rule, spec, plan);
    read_over(rule, spec);
    read_amount(rule, "by", "how far the value may fall from its peak, a number above 0",
                spec.limit);
    read_within(rule, spec);
}

void read_change(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_value(rule, spec, plan);
    read_over(rule, spec);
    read_amount(rule, "by", "how far the value may move, up or down, a number above 0", spec.limit);
    rule.need("within_ms", "the window in which it moves");
    read_within(rule, spec);
}

void read_count(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_value(rule, spec, plan);
    read_over(rule, spec);
    read_amount(rule, "more_than", "how many are no breach yet, a number above 0", spec.limit);
    rule.need("within_ms", "the window in which they are counted");
    read_within(rule, spec);
}

void read_divergence(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_value(rule, spec, plan);
    read_amount(rule, "by", "how far the two values may differ, a number above 0", spec.limit);
    read_metric(rule, "from", spec.other_metric, plan);
    if (rule.has("sources")) read_sources(rule, spec, plan);
    check_two_sides(rule, spec, plan);
}

// ---- Rules of a source's health -----------------------------------------------------------------

void read_stale(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_sources(rule, spec, plan);
    read_metric(rule, "metric", spec.metric, plan);
    check_families_have_metric(rule);
    if (rule.has("metric")) read_families(rule, spec.families, "families", plan);
    rule.need("after_ms", "the silence that trips");
    rule.read_ms("after_ms", spec.after, {1, day_ms});
}

// ---- Each rule ----------------------------------------------------------------------------------

void read_by_kind(Section& rule, RuleSpec& spec, const Plan& plan) {
    switch (spec.kind) {
        case RuleKind::limit:
            return read_limit(rule, spec, plan);
        case RuleKind::drawdown:
            return read_drawdown(rule, spec, plan);
        case RuleKind::change:
            return read_change(rule, spec, plan);
        case RuleKind::count:
            return read_count(rule, spec, plan);
        case RuleKind::divergence:
            return read_divergence(rule, spec, plan);
        case RuleKind::stale:
            return read_stale(rule, spec, plan);
        case RuleKind::gone:
        case RuleKind::bad:
            return read_sources(rule, spec, plan);
    }
}

void read_rule_name(Section& rule, RuleSpec& spec, const Plan& plan) {
    rule.need("name", "what reports call it, as in \"delta\"");
    const auto name = rule.text("name");
    if (!name || !check_name(rule.document(), *name)) return;
    if (name->value == implicit_gone || name->value == implicit_bad) {
        rule.error("name",
                   fmt::format("name: expected another name than that of an implicit rule, got {}",
                               in_quotes(name->value)));
    }
    check_name_is_new(rule.document(), *name, "rule", names_of(plan.rules));
    spec.name = name->value;
    rule.add_to_title(spec.name);
}

void read_lock(Section& rule, RuleSpec& spec) {
    if (!rule.has("lock_ms")) return;
    std::int64_t ms = 0;
    rule.read("lock_ms", ms, {0, lock_max.count(), "OKX's bounds"});
    spec.lock = milliseconds{ms};
}

void read_rule(Section& rule, Plan& plan) {
    RuleSpec spec;
    read_rule_name(rule, spec, plan);
    rule.need(
        "kind",
        "\"limit\", \"drawdown\", \"change\", \"count\", \"divergence\", \"stale\", \"gone\" or "
        "\"bad\"");
    rule.read("kind", spec.kind, kind_words);
    // Without its kind, nobody can say which other keys it may have.
    if (!rule.sound({"kind"})) return;
    rule.add_to_title(fmt::format("(kind {})", word(kind_words, spec.kind)));
    read_by_kind(rule, spec, plan);
    check_can_trip(rule, spec, plan);
    if (rule.has("kills")) read_families(rule, spec.kills, "kills", plan);
    rule.read("shadow", spec.shadow);
    read_lock(rule, spec);
    rule.end();
    plan.rules.push_back(std::move(spec));
}

// A maker that died, or sends nonsense, trips also where the operator wrote no rule for it, or one
// that only tells.
void add_implicit(Plan& plan, RuleKind kind, std::string_view name) {
    std::vector<bool> covered(plan.sources.size());
    for (const auto& rule : plan.rules) {
        if (rule.kind != kind || rule.shadow) continue;
        for (const auto source : rule.sources) covered[index(source)] = true;
    }
    RuleSpec implicit;
    implicit.name = name;
    implicit.kind = kind;
    for (std::size_t i = 0; i < covered.size(); ++i) {
        if (!covered[i]) implicit.sources.push_back(id_at<SourceId>(i));
    }
    if (!implicit.sources.empty()) plan.rules.push_back(std::move(implicit));
}

// Who is missed by a rule of the operator's is expected, unless the file says otherwise.
void expect_those_watched(Config& config) {
    for (const RuleSpec& rule : config.plan.rules) {
        const bool misses = rule.kind == RuleKind::stale || rule.kind == RuleKind::gone;
        if (!misses || rule.shadow) continue;
        for (const SourceId source : rule.sources) {
            if (!config.expected_said[index(source)])
                config.plan.sources[index(source)].expected = true;
        }
    }
}

}  // namespace

void read_rules(Section& top, Config& config) {
    for (auto& rule : top.tables("rule", rules_max - 2)) read_rule(rule, config.plan);
    expect_those_watched(config);
    add_implicit(config.plan, RuleKind::gone, implicit_gone);
    add_implicit(config.plan, RuleKind::bad, implicit_bad);
    check_conditions(top, config.plan);
    check_windows(top, config.plan);
    check_warnings(top, config.plan);
}

}  // namespace scram::config
