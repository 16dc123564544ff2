#include "daemon/status_rules.h"

#include <algorithm>
#include <cmath>

#include "config/words.h"
#include "daemon/json.h"

namespace scram {
namespace {

// One without a share, as a value that may not be below 0, is as near as it is over or not.
double nearness(const Distance& distance) {
    if (!distance.known) return -1;
    if (std::isnan(distance.share)) return distance.holds ? 1 : 0;
    return distance.share;
}

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
    return out.add("holds", distance.holds).add("shadow", rule.shadow).text();
}

}  // namespace

std::string rules_json(const Engine& engine, Time now) {
    auto nearest = engine.rules().nearest(engine.metrics(), now);
    std::sort(nearest.begin(), nearest.end(), [](const Distance& a, const Distance& b) {
        return nearness(a) != nearness(b) ? nearness(a) > nearness(b) : a.rule < b.rule;
    });
    JsonArray out;
    for (const Distance& distance : nearest) out.add_raw(rule_json(distance, engine.plan()));
    return out.text();
}

}  // namespace scram
