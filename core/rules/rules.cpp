#include "core/rules/rules.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace scram {

RuleSet::RuleSet(const Plan& plan) : RuleSet(plan, std::make_unique<StateMemory>(plan), nullptr) {}

RuleSet::RuleSet(const Plan& plan, StateMemory& memory) : RuleSet(plan, nullptr, &memory) {}

RuleSet::RuleSet(const Plan& plan, std::unique_ptr<StateMemory> own, StateMemory* memory)
    : own_(std::move(own)),
      rules_(plan.rules),
      kills_(plan, rules_),
      values_(plan, rules_, own_ ? *own_ : *memory),
      health_(plan, rules_, kills_, own_ ? *own_ : *memory),
      silence_(plan, rules_, kills_, health_, own_ ? *own_ : *memory),
      unknown_(plan),
      holding_{std::vector<RuleId>(plan.families.size()), none<RuleId>()} {
    std::size_t warnings = 0;
    for (const RuleSpec& rule : rules_)
        warnings += condition_count(rule, plan.sources.size()) * rule.warn.size();
    breaches_max_ =
        values_.conditions().count() + 2 * warnings + health_.count() + silence_.count();
}

// ---- Sources and time ---------------------------------------------------------------------------

void RuleSet::on_joined(SourceId source, Time now) {
    health_.on_joined(source, now);
    silence_.on_joined(source, now);
}

void RuleSet::on_left(SourceId source) {
    health_.on_left(source);
    silence_.on_left(source);
}

void RuleSet::on_vanished(SourceId source, Breaches& out) {
    health_.on_vanished(source, out);
    silence_.on_vanished(source);
}

void RuleSet::on_time(const MetricTable& table, Time now, Breaches& out) {
    values_.on_time(table, now, out);
    silence_.on_time(table, now, out);
}

void RuleSet::due_sources(const MetricTable& table, Time now, std::vector<SourceId>& out) const {
    const bool is_late = values_.next_deadline() <= now - late_after;
    for (std::size_t s = 0; s < health_.sources().size(); ++s) {
        const auto source = id_at<SourceId>(s);
        if (is_late || silence_.may_end(table, source, now)) out.push_back(source);
    }
}

// ---- A start and a reload -----------------------------------------------------------------------

void RuleSet::on_restart(const MetricTable& table, Time now, Breaches& out) {
    for (std::size_t s = 0; s < health_.sources().size(); ++s) {
        const auto source = id_at<SourceId>(s);
        health_.go_on(source, silence_.goes_on(table, source), now);
    }
    values_.on_restart(table, kills_, now, out);
    health_.tell_undone(kills_, out);
    silence_.tell_undone(table, kills_, out);
    health_.look_for_gone(out);
    silence_.look_soon();
}

void RuleSet::carry_over(const RuleSet& old) {
    const std::vector<RulePair> pairs = pairs_by_name(old);
    kills_.carry_over(old.kills_);
    values_.carry_over(old.values_, pairs);
    health_.carry_over(old.health_, pairs);
    silence_.carry_over(old.silence_, pairs);
}

std::vector<RulePair> RuleSet::pairs_by_name(const RuleSet& old) const {
    std::map<std::string_view, RuleId> names;
    for (std::size_t r = 0; r < old.rules_.size(); ++r) {
        names.emplace(old.rules_[r].name, id_at<RuleId>(r));
    }
    std::vector<RulePair> pairs;
    for (std::size_t r = 0; r < rules_.size(); ++r) {
        const auto found = names.find(rules_[r].name);
        if (found == names.end()) continue;
        const RuleSpec& before = old.rules_[index(found->second)];
        pairs.push_back({rules_[r], id_at<RuleId>(r), before, found->second});
    }
    return pairs;
}

std::size_t RuleSet::on_reload(const MetricTable& table, Time now, Breaches& out) {
    const std::size_t looked_at = values_.on_reload(table, now, out);
    health_.look_for_gone(out);
    silence_.look_soon();
    return looked_at;
}

// ---- Arming -------------------------------------------------------------------------------------

void RuleSet::on_armed_by_force(FamilyId family) {
    values_.on_armed_by_force(kills_, family);
    health_.on_armed_by_force(kills_, family);
    silence_.on_armed_by_force(kills_, family);
}

std::size_t RuleSet::on_rearmed(const MetricTable& table, FamilyId family, Time now,
                                Breaches& out) {
    kills_.set_armed(family, true);
    return values_.on_rearmed(table, kills_, family, now, out);
}

template <class Visit>
void RuleSet::for_each_holding(Visit&& visit) const {
    if (values_.for_each_holding(visit) && health_.for_each_holding(visit))
        silence_.for_each_holding(visit);
}

RuleId RuleSet::holds(FamilyId family) const {
    RuleId found = none<RuleId>();
    for_each_holding([&](RuleId rule, FamilyId watched, SourceId source) {
        if (kills_.includes(rule, watched, source, family)) found = rule;
        return found == none<RuleId>();
    });
    return found;
}

std::span<const RuleId> RuleSet::find_holding() {
    find_holding(holding_);
    return holding_.by_family;
}

std::vector<RuleId> RuleSet::all_holding() const {
    HoldingRules holding{std::vector<RuleId>(kills_.families()), none<RuleId>()};
    find_holding(holding);
    return std::move(holding.by_family);
}

void RuleSet::find_holding(HoldingRules& holding) const {
    std::fill(holding.by_family.begin(), holding.by_family.end(), none<RuleId>());
    holding.told = none<RuleId>();
    for_each_holding([&](RuleId rule, FamilyId watched, SourceId source) {
        kills_.note(rule, watched, source, holding);
        return true;
    });
}

bool RuleSet::find_nearest(NearestSearch& search, const MetricTable& table, Time now,
                           std::size_t looks) const {
    if (!scram::find_nearest(search, values_, kills_, table, now, looks)) return false;
    const auto note = [&](RuleId rule, FamilyId watched, SourceId source) {
        kills_.note(rule, watched, source, search.holding);
        return true;
    };
    health_.for_each_holding(note);
    silence_.for_each_holding(note);
    return true;
}

}  // namespace scram
