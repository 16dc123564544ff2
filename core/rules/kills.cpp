#include "core/rules/kills.h"

#include <algorithm>

#include "core/rules/shape.h"

namespace scram {
namespace {

bool is_of_source(const RuleSpec& rule) {
    return rule.kind == RuleKind::gone || rule.kind == RuleKind::bad;
}

}  // namespace

Kills::Kills(const Plan& plan, std::span<const RuleSpec> rules)
    : rules_(rules), armed_(plan.families.size(), true) {
    const auto as_bits = [&](const std::vector<FamilyId>& families) {
        std::vector<bool> bits(plan.families.size());
        for (const FamilyId family : families) bits[index(family)] = true;
        return bits;
    };
    for (const SourceSpec& source : plan.sources) {
        source_families_.push_back(source.families);
        by_source_.push_back(as_bits(source.families));
    }
    for (const RuleSpec& rule : rules_) {
        by_rule_.push_back(as_bits(rule.kills.empty() ? rule.families : rule.kills));
    }
    for (std::size_t f = 0; f < armed_.size(); ++f) each_family_.push_back(id_at<FamilyId>(f));
}

std::span<const FamilyId> Kills::of(RuleId id, FamilyId watched, SourceId source) const {
    const RuleSpec& rule = rules_[index(id)];
    if (!rule.kills.empty()) return rule.kills;
    if (!is_of_source(rule) && watched != none<FamilyId>())
        return {&each_family_[index(watched)], 1};
    return is_of_values(rule.kind) ? rule.families : of(source);
}

bool Kills::includes(RuleId id, FamilyId watched, SourceId source, FamilyId family) const {
    const RuleSpec& rule = rules_[index(id)];
    if (rule.kills.empty() && !is_of_source(rule) && watched != none<FamilyId>())
        return watched == family;
    return rule.kills.empty() && !is_of_values(rule.kind) ? includes(source, family)
                                                          : may_include(id, family);
}

bool Kills::any_armed(RuleId id, FamilyId watched, SourceId source) const {
    return std::ranges::any_of(of(id, watched, source),
                               [this](FamilyId family) { return is_armed(family); });
}

std::size_t Kills::note(RuleId id, FamilyId watched, SourceId source, HoldingRules& holding) const {
    if (id == holding.told) return 0;
    const auto families = of(id, watched, source);
    for (const FamilyId family : families) {
        RuleId& its = holding.by_family[index(family)];
        if (its == none<RuleId>()) its = id;
    }
    if (!rules_[index(id)].kills.empty()) holding.told = id;
    return families.size();
}

// Told once for all that the rule watches, where it kills the same families for each.
bool Kills::restarts_peaks(RuleId id, FamilyId family) const {
    const RuleSpec& rule = rules_[index(id)];
    if (!may_include(id, family)) return false;
    if (rule.kills.empty() && rule.per != Per::all) return true;
    return std::ranges::none_of(of(id, none<FamilyId>(), none<SourceId>()),
                                [&](FamilyId other) { return other != family && is_armed(other); });
}

}  // namespace scram
