#include "core/rules/health.h"

#include <algorithm>

#include "core/base/store_order.h"

namespace scram {

HealthRules::HealthRules(const Plan& plan, std::span<const RuleSpec> rules, const Kills& kills,
                         StateMemory& memory)
    : rules_(rules),
      sources_(memory.sources),
      gone_(memory.health.first(memory.health_counts[0])),
      bad_(memory.health.subspan(gone_.size(), memory.health_counts[1])),
      gone_kills_(plan.sources.size(), std::vector<bool>(plan.families.size())) {
    for (const HealthWatch& watch : gone_) {
        if (rules_[index(watch.rule)].shadow) continue;  // a shadow kills nothing
        for (const FamilyId family : kills.of(watch.rule, watch.family, watch.source))
            gone_kills_[index(watch.source)][index(family)] = true;
    }
    for (std::size_t s = 0; s < plan.sources.size(); ++s)
        gone_kills_all_.push_back(gone_kills(id_at<SourceId>(s), plan.sources[s].families));
}

bool HealthRules::gone_kills(SourceId source, std::span<const FamilyId> families) const {
    return std::ranges::all_of(
        families, [&](FamilyId family) { return gone_kills_[index(source)][index(family)]; });
}

void HealthRules::on_bad(SourceId source, FamilyId family, MetricId metric, BadReason bad,
                         double value, Breaches& out) {
    for (HealthWatch& watch : bad_) {
        if (watch.source != source || watch.holds) continue;
        watch.holds = true;
        out.push_back({.kind = trip_kind(rules_[index(watch.rule)]),
                       .rule = watch.rule,
                       .family = family,
                       .source = source,
                       .metric = metric,
                       .bad = bad,
                       .value = value});
    }
}

// What rules of kind `gone` have cancelled is no quote of the one that comes back.
void HealthRules::on_joined(SourceId source, Time now) {
    SourceHealth& its = sources_[index(source)];
    const bool cancelled = its.vanished && gone_kills_all_[index(source)];
    its = {true, false, its.may_quote && !cancelled, now, now};
    for (HealthWatch& watch : gone_) {
        if (watch.source == source) watch.holds = false;
    }
    for (HealthWatch& watch : bad_) {
        // Nobody re-arms what a shadow did not latch.
        if (watch.source == source && rules_[index(watch.rule)].shadow) watch.holds = false;
    }
}

void HealthRules::on_left(SourceId source) {
    sources_[index(source)].owes_signs = sources_[index(source)].may_quote = false;
}

void HealthRules::on_vanished(SourceId source, Breaches& out) {
    sources_[index(source)].vanished = true;
    look_for_gone(out);
}

void HealthRules::look_for_gone(Breaches& out) {
    for (HealthWatch& watch : gone_) {
        const SourceHealth& source = sources_[index(watch.source)];
        if (!source.vanished || !source.may_quote || watch.holds) continue;
        watch.excused = false;
        in_order();
        watch.holds = true;
        out.push_back({.kind = trip_kind(rules_[index(watch.rule)]),
                       .rule = watch.rule,
                       .source = watch.source});
    }
}

// ---- A start, an arming, a reload ---------------------------------------------------------------

void HealthRules::go_on(SourceId id, bool was_silent, Time now) {
    SourceHealth& source = sources_[index(id)];
    if (!source.owes_signs || source.vanished) return;
    if (!was_silent) source.joined = source.seen = now;
    source.may_quote = true;  // what it sent last may have been lost with the process
}

// Who is still gone is found so again; what was bad is known to nobody any more.
void HealthRules::tell_undone(const Kills& kills, Breaches& out) {
    for (HealthWatch& watch : gone_) {
        if (is_undone(watch, rules_, kills)) watch.holds = false;
    }
    for (const HealthWatch& watch : bad_) {
        if (is_undone(watch, rules_, kills))
            out.push_back({.kind = BreachKind::trip, .rule = watch.rule, .source = watch.source});
    }
}

void HealthRules::on_looked_at(const Kills& kills, FamilyId family) {
    for (HealthWatch& watch : bad_) {
        if (kills.includes(watch.rule, none<FamilyId>(), watch.source, family)) watch.holds = false;
    }
}

void HealthRules::carry_over(const HealthRules& old, std::span<const RulePair> pairs) {
    std::ranges::copy(old.sources_, sources_.begin());
    scram::carry_over(gone_, old.gone_, pairs);
    scram::carry_over(bad_, old.bad_, pairs);
}

}  // namespace scram
