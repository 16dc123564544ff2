#include "daemon/control/status_rules.h"

#include <algorithm>
#include <cmath>

#include "config/toml/words.h"
#include "daemon/common/json.h"

namespace scram {

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

std::string nearest_json(FamilyId family, const NearestSearch& searched, const Plan& plan) {
    if (index(family) >= searched.of_family.size()) return {};
    const Distance& distance = searched.of_family[index(family)];
    if (!distance.known) return {};
    JsonObject out;
    out.add("rule", plan.rules[index(distance.rule)].name);
    out.add("value", distance.value).add("limit", distance.limit);
    if (std::isfinite(distance.share)) out.add("share", distance.share);
    return out.text();
}

void sort_by_share(std::vector<Distance>& nearest) {
    std::sort(nearest.begin(), nearest.end(), [](const Distance& a, const Distance& b) {
        return nearness(a) != nearness(b) ? nearness(a) > nearness(b) : a.rule < b.rule;
    });
}

}  // namespace scram
