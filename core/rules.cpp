#include "core/rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

namespace scram {
namespace {

// Written so that a sum which is no number (infinity less infinity) is beyond every limit.
bool beyond_limit(const RuleSpec& rule, double value) {
    switch (rule.bound) {
        case Bound::above:
            return !(value <= rule.limit);
        case Bound::below:
            return !(value >= rule.limit);
        case Bound::beyond:
            return !(std::fabs(value) <= rule.limit);
    }
    return true;
}

// The same conditions on the same things, whatever their limits.
bool same_shape(const RuleSpec& a, const RuleSpec& b) {
    return a.name == b.name && a.kind == b.kind && a.metric == b.metric &&
           a.families == b.families && a.sources == b.sources && a.per == b.per && a.over == b.over;
}

}  // namespace

// ---- What each input means ----------------------------------------------------------------------

void RuleSet::on_value(const MetricTable& table, SourceId source, FamilyId family, MetricId metric,
                       bool first, Breaches& out) {
    const std::size_t cell = table.cell(family, metric);
    const double arrived = first ? table.value(source, family, metric) : 0;
    for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
        look(watches_[watch_list_[i]], table, source, arrived, out);
    }
}

// `arrived` is a value that was published for the first time: by it a sum moves, but does not fall.
void RuleSet::look(const Watch& watch, const MetricTable& table, SourceId source, double arrived,
                   Breaches& out) {
    const RuleSpec& rule = rules_[index(watch.rule)];
    State& state = states_[watch.first_state + (rule.over == Over::each ? index(source) : 0)];
    const double value = value_of(rule, watch, table, source);
    double limit = rule.limit;
    bool holds = false;
    if (rule.kind == RuleKind::limit) {
        holds = beyond_limit(rule, value);
    } else {
        state.peak = state.has_peak ? std::max(state.peak + arrived, value) : value;
        state.has_peak = true;
        limit = state.peak - rule.limit;
        holds = !(value >= limit);
    }
    if (holds && !state.holds) {
        out.push_back({BreachKind::trip, watch.rule, watch.family, source, rule.metric,
                       BadReason::none, value, limit});
    }
    state.holds = holds;
}

double RuleSet::value_of(const RuleSpec& rule, const Watch& watch, const MetricTable& table,
                         SourceId source) const {
    const auto of_family = [&](FamilyId family) {
        return rule.over == Over::each ? table.value(source, family, rule.metric)
                                       : table.sum(family, rule.metric);
    };
    if (watch.family != none<FamilyId>()) return of_family(watch.family);
    double sum = 0;
    for (const FamilyId family : rule.families) sum += of_family(family);
    return sum;
}

// Has anybody published what this condition looks at?
bool RuleSet::is_known(const RuleSpec& rule, const Watch& watch, const MetricTable& table,
                       SourceId source) const {
    const auto by = [&](FamilyId family, std::size_t s) {
        return table.stored_at(id_at<SourceId>(s), family, rule.metric) != Time{};
    };
    const auto of_family = [&](FamilyId family) {
        if (rule.over == Over::each) return by(family, index(source));
        for (std::size_t s = 0; s < sources_.size(); ++s) {
            if (by(family, s)) return true;
        }
        return false;
    };
    if (watch.family != none<FamilyId>()) return of_family(watch.family);
    return std::any_of(rule.families.begin(), rule.families.end(), of_family);
}

void RuleSet::on_bad(SourceId source, FamilyId family, MetricId metric, BadReason bad, double value,
                     Breaches& out) {
    for (HealthWatch& watch : bad_) {
        if (watch.source != source || watch.holds) continue;
        watch.holds = true;
        out.push_back({BreachKind::trip, watch.rule, family, source, metric, bad, value, 0});
    }
}

void RuleSet::on_joined(SourceId source, Time now) {
    sources_[index(source)] = {true, false, now, now};
    for (HealthWatch& watch : gone_) {
        if (watch.source == source) watch.holds = false;
    }
    for (const HealthWatch& watch : stale_) {
        if (watch.source != source) continue;
        next_deadline_ = std::min(next_deadline_, now + rules_[index(watch.rule)].after);
    }
}

void RuleSet::on_left(SourceId source) {
    sources_[index(source)].owes_signs = false;
    for (HealthWatch& watch : stale_) {
        if (watch.source == source) watch.holds = false;
    }
}

// It still owes signs of life: its silence is as stale as any.
void RuleSet::on_vanished(SourceId source, Breaches& out) {
    sources_[index(source)].vanished = true;
    look_for_gone(out);
}

void RuleSet::look_for_gone(Breaches& out) {
    for (HealthWatch& watch : gone_) {
        if (!sources_[index(watch.source)].vanished || watch.holds) continue;
        watch.holds = true;
        out.push_back({BreachKind::trip, watch.rule, none<FamilyId>(), watch.source});
    }
}

// A deadline is only ever a lower bound: a sign of life moves nothing, and is found when it is due.
void RuleSet::on_time(const MetricTable& table, Time now, Breaches& out) {
    next_deadline_ = never;
    for (HealthWatch& watch : stale_) {
        if (!sources_[index(watch.source)].owes_signs) continue;
        const RuleSpec& rule = rules_[index(watch.rule)];
        const Time last = last_sign(watch, table);
        const bool holds = now - last >= rule.after;
        if (holds && !watch.holds) {
            const double silent_ms = std::chrono::duration<double, std::milli>(now - last).count();
            const double limit_ms = std::chrono::duration<double, std::milli>(rule.after).count();
            out.push_back({BreachKind::trip, watch.rule, watch.family, watch.source, rule.metric,
                           BadReason::none, silent_ms, limit_ms});
        }
        watch.holds = holds;
        next_deadline_ = std::min(next_deadline_, (holds ? now : last) + rule.after);
    }
}

Time RuleSet::last_sign(const HealthWatch& watch, const MetricTable& table) const {
    const Source& source = sources_[index(watch.source)];
    const MetricId metric = rules_[index(watch.rule)].metric;
    if (metric == none<MetricId>()) return source.seen;
    return std::max(source.joined, table.stored_at(watch.source, watch.family, metric));
}

void RuleSet::on_reload(const MetricTable& table, Breaches& out) {
    for (const Watch& watch : watches_) {
        const RuleSpec& rule = rules_[index(watch.rule)];
        const bool each = rule.over == Over::each;
        const std::size_t sources = each ? sources_.size() : 1;
        for (std::size_t i = 0; i < sources; ++i) {
            const auto source = each ? id_at<SourceId>(i) : none<SourceId>();
            if (is_known(rule, watch, table, source)) look(watch, table, source, 0, out);
        }
    }
    look_for_gone(out);
    next_deadline_ = Time{};  // silence is looked at on the next tick
}

// ---- Whom a rule kills --------------------------------------------------------------------------

std::span<const FamilyId> RuleSet::kills(const Breach& breach) const {
    return kills(breach.rule, breach.family, breach.source);
}

std::span<const FamilyId> RuleSet::kills(RuleId id, FamilyId family, SourceId source) const {
    const RuleSpec& rule = rules_[index(id)];
    if (!rule.kills.empty()) return rule.kills;
    const bool of_source = rule.kind == RuleKind::gone || rule.kind == RuleKind::bad;
    if (!of_source && family != none<FamilyId>()) return {&each_family_[index(family)], 1};
    const bool of_values = rule.kind == RuleKind::limit || rule.kind == RuleKind::drawdown;
    return of_values ? rule.families : source_families_[index(source)];
}

// The same as a look-up: re-arming asks it of every condition and family.
bool RuleSet::kills_family(RuleId id, FamilyId watched, SourceId source, FamilyId family) const {
    const RuleSpec& rule = rules_[index(id)];
    const bool of_source = rule.kind == RuleKind::gone || rule.kind == RuleKind::bad;
    if (rule.kills.empty() && !of_source && watched != none<FamilyId>()) return watched == family;
    const bool of_values = rule.kind == RuleKind::limit || rule.kind == RuleKind::drawdown;
    return rule.kills.empty() && !of_values ? source_kills_[index(source)][index(family)]
                                            : rule_kills_[index(id)][index(family)];
}

// ---- Re-arming ----------------------------------------------------------------------------------

void RuleSet::on_rearmed(const MetricTable& table, FamilyId family) {
    armed_[index(family)] = true;
    for (const Watch& watch : watches_) {
        if (rules_[index(watch.rule)].kind != RuleKind::drawdown) continue;
        if (!kills_family(watch.rule, watch.family, none<SourceId>(), family)) continue;
        if (is_alone_armed(family, kills(watch.rule, watch.family, none<SourceId>()))) {
            restart(watch, table);
        }
    }
    for (HealthWatch& watch : bad_) {
        if (kills_family(watch.rule, none<FamilyId>(), watch.source, family)) watch.holds = false;
    }
}

// A peak that guards another armed family as well is left to it.
bool RuleSet::is_alone_armed(FamilyId family, std::span<const FamilyId> kills) const {
    return std::none_of(kills.begin(), kills.end(),
                        [&](FamilyId other) { return other != family && armed_[index(other)]; });
}

void RuleSet::restart(const Watch& watch, const MetricTable& table) {
    const RuleSpec& rule = rules_[index(watch.rule)];
    for (std::size_t i = 0; i < state_count(watch.rule); ++i) {
        State& state = states_[watch.first_state + i];
        state.holds = false;
        state.peak = value_of(rule, watch, table, id_at<SourceId>(i));
    }
}

RuleId RuleSet::holds(FamilyId family) const {
    for (const Watch& watch : watches_) {
        // A drawdown since arming starts anew with the arming, so it never stands in its way.
        if (rules_[index(watch.rule)].kind != RuleKind::limit || !any_holds(watch)) continue;
        if (kills_family(watch.rule, watch.family, none<SourceId>(), family)) return watch.rule;
    }
    for (const auto* watches : {&gone_, &stale_}) {
        for (const HealthWatch& watch : *watches) {
            if (watch.holds && kills_family(watch.rule, watch.family, watch.source, family)) {
                return watch.rule;
            }
        }
    }
    return none<RuleId>();
}

bool RuleSet::any_holds(const Watch& watch) const {
    const auto first = states_.begin() + watch.first_state;
    return std::any_of(first, first + static_cast<std::ptrdiff_t>(state_count(watch.rule)),
                       [](const State& state) { return state.holds; });
}

std::size_t RuleSet::state_count(RuleId rule) const {
    return rules_[index(rule)].over == Over::each ? sources_.size() : 1;
}

// ---- Compiling ----------------------------------------------------------------------------------

RuleSet::RuleSet(const Plan& plan)
    : rules_(plan.rules),
      metric_count_(plan.metrics.size()),
      family_count_(plan.families.size()),
      sources_(plan.sources.size()),
      armed_(plan.families.size(), true) {
    const auto as_bits = [&](const std::vector<FamilyId>& families) {
        std::vector<bool> bits(family_count_);
        for (const FamilyId family : families) bits[index(family)] = true;
        return bits;
    };
    for (const SourceSpec& source : plan.sources) {
        source_families_.push_back(source.families);
        source_kills_.push_back(as_bits(source.families));
    }
    for (const RuleSpec& rule : rules_) {
        rule_kills_.push_back(as_bits(rule.kills.empty() ? rule.families : rule.kills));
    }
    for (std::size_t f = 0; f < family_count_; ++f) each_family_.push_back(id_at<FamilyId>(f));
    for (std::size_t r = 0; r < rules_.size(); ++r) compile(id_at<RuleId>(r));
    index_watches(plan);
    breaches_max_ = states_.size() + stale_.size() + bad_.size() + gone_.size();
}

void RuleSet::compile(RuleId id) {
    switch (rules_[index(id)].kind) {
        case RuleKind::limit:
        case RuleKind::drawdown:
        case RuleKind::change:
        case RuleKind::count:
        case RuleKind::divergence:
            return compile_value_rule(id);
        case RuleKind::stale:
        case RuleKind::gone:
        case RuleKind::bad:
            return compile_health_rule(id);
    }
}

void RuleSet::compile_value_rule(RuleId id) {
    const RuleSpec& rule = rules_[index(id)];
    const auto add = [&](FamilyId family) {
        watches_.push_back({id, family, static_cast<std::uint32_t>(states_.size())});
        states_.resize(states_.size() + state_count(id));
    };
    if (rule.per == Per::all) return add(none<FamilyId>());
    for (const FamilyId family : rule.families) add(family);
}

void RuleSet::compile_health_rule(RuleId id) {
    const RuleSpec& rule = rules_[index(id)];
    auto& watches = rule.kind == RuleKind::gone  ? gone_
                    : rule.kind == RuleKind::bad ? bad_
                                                 : stale_;
    for (const SourceId source : rule.sources) {
        if (rule.kind != RuleKind::stale || rule.metric == none<MetricId>()) {
            watches.push_back({id, source});
            continue;
        }
        for (const FamilyId family : rule.families) {
            if (source_kills_[index(source)][index(family)])
                watches.push_back({id, source, family});
        }
    }
}

// Two passes of a counting sort: how many watches look at each (family, metric), then which.
void RuleSet::index_watches(const Plan& plan) {
    const auto for_each_cell = [&](auto&& visit) {
        for (std::uint32_t w = 0; w < watches_.size(); ++w) {
            const RuleSpec& rule = plan.rules[index(watches_[w].rule)];
            for (const FamilyId family : rule.families) {
                const bool looks =
                    watches_[w].family == none<FamilyId>() || watches_[w].family == family;
                if (looks) visit(index(family) * metric_count_ + index(rule.metric), w);
            }
        }
    };
    watch_begin_.assign(family_count_ * metric_count_ + 1, 0);
    for_each_cell([&](std::size_t cell, std::uint32_t) { ++watch_begin_[cell + 1]; });
    for (std::size_t c = 1; c < watch_begin_.size(); ++c) watch_begin_[c] += watch_begin_[c - 1];
    watch_list_.resize(watch_begin_.back());
    std::vector<std::uint32_t> next(watch_begin_.begin(), watch_begin_.end() - 1);
    for_each_cell([&](std::size_t cell, std::uint32_t w) { watch_list_[next[cell]++] = w; });
}

// Conditions that a rule of the same name had before keep what they know: the states of one rule
// stand together, in an order that its shape decides.
void RuleSet::carry_over(const RuleSet& old) {
    sources_ = old.sources_;
    armed_ = old.armed_;
    for (const auto& [id, before] : pairs_by_name(old)) {
        const RuleSpec& rule = rules_[index(id)];
        const RuleSpec& old_rule = old.rules_[index(before)];
        if (!same_shape(rule, old_rule)) continue;
        const bool same_trip = rule.limit == old_rule.limit && rule.bound == old_rule.bound &&
                               rule.after == old_rule.after && rule.kills == old_rule.kills;
        const auto [from, until] = old.states_of(before);
        for (std::size_t i = from, to = states_of(id).first; i < until; ++i, ++to) {
            states_[to] = old.states_[i];
            states_[to].holds = states_[to].holds && same_trip;
        }
        if (!same_trip) continue;
        carry_over(gone_, id, old.gone_, before);
        carry_over(bad_, id, old.bad_, before);
        carry_over(stale_, id, old.stale_, before);
    }
}

std::vector<std::pair<RuleId, RuleId>> RuleSet::pairs_by_name(const RuleSet& old) const {
    std::map<std::string_view, RuleId> names;
    for (std::size_t r = 0; r < old.rules_.size(); ++r) {
        names.emplace(old.rules_[r].name, id_at<RuleId>(r));
    }
    std::vector<std::pair<RuleId, RuleId>> pairs;
    for (std::size_t r = 0; r < rules_.size(); ++r) {
        const auto found = names.find(rules_[r].name);
        if (found != names.end()) pairs.emplace_back(id_at<RuleId>(r), found->second);
    }
    return pairs;
}

std::pair<std::size_t, std::size_t> RuleSet::states_of(RuleId rule) const {
    const auto in_order = [](const Watch& a, const Watch& b) { return a.rule < b.rule; };
    const auto [first, last] =
        std::equal_range(watches_.begin(), watches_.end(), Watch{rule}, in_order);
    const auto begin_of = [&](auto watch) {
        return watch == watches_.end() ? states_.size() : watch->first_state;
    };
    return {begin_of(first), begin_of(last)};
}

void RuleSet::carry_over(std::vector<HealthWatch>& to, RuleId rule,
                         const std::vector<HealthWatch>& from, RuleId before) {
    const auto in_order = [](const HealthWatch& a, const HealthWatch& b) {
        return a.rule < b.rule;
    };
    const auto [first, last] = std::equal_range(to.begin(), to.end(), HealthWatch{rule}, in_order);
    auto old = std::lower_bound(from.begin(), from.end(), HealthWatch{before}, in_order);
    for (auto watch = first; watch != last; ++watch, ++old) watch->holds = old->holds;
}

}  // namespace scram
