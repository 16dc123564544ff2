// [[rule]]: each kind has its own keys, and refuses those of the others.
#include <fmt/format.h>

#include <algorithm>

#include "config/names.h"
#include "config/sections.h"
#include "config/validate.h"
#include "config/words.h"

namespace scram::config {
namespace {

constexpr double after_ms_max = 24 * 3'600'000.0;

void read_families(Section& rule, std::vector<FamilyId>& ids, std::string_view key,
                   const Plan& plan) {
    ids = match_ids<FamilyId>(rule.document(), read_patterns(rule, key), "family", plan.families);
}

void read_sources(Section& rule, RuleSpec& spec, const Plan& plan) {
    spec.sources = match_ids<SourceId>(rule.document(), read_patterns(rule, "sources"), "source",
                                       plan.sources);
}

void read_metric(Section& rule, RuleSpec& spec, const Plan& plan) {
    const auto name = rule.text("metric");
    if (!name) return;
    const std::vector<std::string_view> metrics{plan.metrics.begin(), plan.metrics.end()};
    if (const auto at = find_name(rule.document(), *name, "metric", metrics))
        spec.metric = id_at<MetricId>(*at);
}

// What limit and drawdown share: a value, and the families and sources that it is made of.
void read_value(Section& rule, RuleSpec& spec, const Plan& plan) {
    rule.need("metric", "one of the metrics at the top of the file");
    read_metric(rule, spec, plan);
    read_families(rule, spec.families, "families", plan);
    rule.read("per", spec.per, per_words);
    rule.read("over", spec.over, over_words);
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
    check_can_trip(rule, spec, plan);
}

void read_drawdown(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_value(rule, spec, plan);
    rule.need("by", "how far the value may fall from its peak, a number above 0");
    rule.read("by", spec.limit);
    if (rule.has("by") && rule.sound({"by"}) && !(spec.limit > 0)) {
        rule.error("by", fmt::format("by: {} stands here; accepted: a number above 0", spec.limit));
    }
    check_can_trip(rule, spec, plan);
}

void read_stale(Section& rule, RuleSpec& spec, const Plan& plan) {
    read_sources(rule, spec, plan);
    read_metric(rule, spec, plan);
    check_families_have_metric(rule);
    if (rule.has("metric")) read_families(rule, spec.families, "families", plan);
    rule.need("after_ms", "the silence that trips");
    rule.read_ms("after_ms", spec.after, {1, after_ms_max});
    check_can_trip(rule, spec, plan);
}

void read_by_kind(Section& rule, RuleSpec& spec, const Plan& plan) {
    switch (spec.kind) {
        case RuleKind::limit:
            return read_limit(rule, spec, plan);
        case RuleKind::drawdown:
            return read_drawdown(rule, spec, plan);
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
        rule.error("name", fmt::format("{} is the name of an implicit rule; accepted: another name",
                                       in_quotes(name->value)));
    }
    check_name_is_new(rule.document(), *name, "rule", names_of(plan.rules));
    spec.name = name->value;
    rule.add_to_title(spec.name);
}

void read_rule(Section& rule, Plan& plan) {
    RuleSpec spec;
    read_rule_name(rule, spec, plan);
    rule.need("kind", "\"limit\", \"drawdown\", \"stale\", \"gone\" or \"bad\"");
    rule.read("kind", spec.kind, kind_words);
    // Without its kind, nobody can say which other keys it may have.
    if (!rule.sound({"kind"})) return;
    rule.add_to_title(fmt::format("(kind {})", word(kind_words, spec.kind)));
    read_by_kind(rule, spec, plan);
    if (rule.has("kills")) read_families(rule, spec.kills, "kills", plan);
    rule.end();
    plan.rules.push_back(std::move(spec));
}

// A maker that died, or sends nonsense, trips also where the operator wrote no rule for it.
void add_implicit(Plan& plan, RuleKind kind, std::string_view name) {
    std::vector<bool> covered(plan.sources.size());
    for (const auto& rule : plan.rules) {
        if (rule.kind != kind) continue;
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

}  // namespace

void read_rules(Section& top, Config& config) {
    for (auto& rule : top.tables("rule", rules_max - 2)) read_rule(rule, config.plan);
    add_implicit(config.plan, RuleKind::gone, implicit_gone);
    add_implicit(config.plan, RuleKind::bad, implicit_bad);
    check_conditions(top, config.plan);
}

}  // namespace scram::config
