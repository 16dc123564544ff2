#include "daemon/control/status_rules.h"

#include <algorithm>
#include <cmath>

#include "config/toml/words.h"
#include "core/rules/shape.h"
#include "daemon/common/json.h"

namespace scram {
namespace {

// One without a share, as a value that may not be below 0, is as near as it is over or not.
double nearness(const Distance& distance) {
    if (!distance.known) return -1;
    if (std::isnan(distance.share)) return distance.holds ? 1 : 0;
    return distance.share;
}

}  // namespace

std::string rule_json(const Distance& distance, const Plan& plan) {
    const RuleSpec& rule = plan.rules[index(distance.rule)];
    JsonObject out;
    out.add("rule", rule.name).add("kind", config::word(config::kind_words, rule.kind));
    if (distance.family != none<FamilyId>())
        out.add("family", plan.families[index(distance.family)].name);
    if (distance.source != none<SourceId>())
        out.add("source", plan.sources[index(distance.source)].name);
    if (distance.known) out.add("value", distance.value).add("limit", distance.limit);
    if (distance.known && std::isfinite(distance.share)) out.add("share", distance.share);
    if (distance.missing > 0) out.add("waits_for_values", distance.missing);
    return out.add("holds", distance.holds).add("shadow", rule.shadow).text();
}

namespace {

constexpr std::size_t asked_max = 4096;  // conditions

std::size_t conditions_of(const Plan& plan) {
    std::size_t count = 0;
    for (const RuleSpec& rule : plan.rules) {
        if (is_of_values(rule.kind)) count += condition_count(rule, plan.sources.size());
    }
    return count;
}

std::string value_json(const Distance& distance, const Plan& plan) {
    JsonObject out;
    out.add("rule", plan.rules[index(distance.rule)].name);
    out.add("value", distance.value).add("limit", distance.limit);
    if (std::isfinite(distance.share)) out.add("share", distance.share);
    return out.text();
}

}  // namespace

std::vector<std::string> nearest_json(const Engine& engine, Time now) {
    const Plan& plan = engine.plan();
    std::vector<std::string> out(plan.families.size());
    if (conditions_of(plan) > asked_max) return out;
    std::vector<double> best(out.size(), -1);
    const auto take = [&](FamilyId family, const Distance& distance) {
        if (nearness(distance) <= best[index(family)]) return;
        best[index(family)] = nearness(distance);
        out[index(family)] = value_json(distance, plan);
    };
    for (const Distance& distance : engine.rules().distances(engine.metrics(), now)) {
        if (!distance.known || plan.rules[index(distance.rule)].shadow) continue;
        if (distance.family != none<FamilyId>()) {
            take(distance.family, distance);
            continue;
        }
        for (const FamilyId family : plan.rules[index(distance.rule)].families)
            take(family, distance);
    }
    return out;
}

void sort_by_share(std::vector<Distance>& nearest) {
    std::sort(nearest.begin(), nearest.end(), [](const Distance& a, const Distance& b) {
        return nearness(a) != nearness(b) ? nearness(a) > nearness(b) : a.rule < b.rule;
    });
}

}  // namespace scram
