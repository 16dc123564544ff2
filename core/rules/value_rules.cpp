#include "core/rules/value_rules.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace scram {

ValueRules::ValueRules(const Plan& plan, std::span<const RuleSpec> rules, StateMemory& memory)
    : judge_(plan, rules, memory),
      waits_(plan, judge_.conditions()),
      judged_in_(conditions().watches().size()),
      goes_on_(conditions().watches().size()) {
    in_batch_.reserve(conditions().watches().size());
    for (std::size_t r = 0; r < rules.size(); ++r) {
        if (is_since_arming(rules[r])) since_arming_.push_back(id_at<RuleId>(r));
    }
}

// ---- A sample -----------------------------------------------------------------------------------

void ValueRules::on_value(const MetricTable& table, const Sample& sample, Breaches& out) {
    const std::size_t cell = table.cell(sample.family, sample.metric);
    if (sample.first) [[unlikely]]
        count_first(cell, sample);
    const double sum = table.sum(sample.family, sample.metric);
    for (const std::uint32_t w : conditions().looking_at(cell)) {
        const Watch& watch = conditions().watches()[w];
        if (is_far(watch, sample, sum)) [[likely]]
            continue;
        take(watch, table, sample, out);
    }
}

void ValueRules::count_first(std::size_t cell, const Sample& sample) {
    waits_.on_first(judge_.conditions(), cell, sample);
    judge_.sums_wait_until(waits_.next_deadline());
}

// The usual case, told by one look at what was compiled for it.
bool ValueRules::is_far(const Watch& watch, const Sample& sample, double sum) const {
    const double value = watch.each ? sample.value : sum;
    const std::size_t at = watch.each ? index(sample.source) : 0;
    return value >= watch.far_low && value <= watch.far_high &&
           conditions().state(watch, at).phase == Phase::clear;
}

void ValueRules::take(const Watch& watch, const MetricTable& table, const Sample& sample,
                      Breaches& out) {
    if (!conditions().looks_at(watch, sample.source)) return;
    const Condition condition = conditions().of(watch, sample);
    const double value = value_of(condition, table);
    if (sample.first) judge_.arrive(condition, sample.value);
    judge_.follow(condition, value, sample);
    judge_.judge(condition, value, sample.at, true, out);
}

// ---- A batch ------------------------------------------------------------------------------------

void ValueRules::on_first(const MetricTable& table, const Sample& sample) {
    const std::size_t cell = table.cell(sample.family, sample.metric);
    count_first(cell, sample);
    for (const std::uint32_t w : conditions().looking_at(cell)) {
        const Watch& watch = conditions().watches()[w];
        if (conditions().looks_at(watch, sample.source))
            judge_.arrive(conditions().of(watch, sample), sample.value);
    }
}

void ValueRules::on_series_restart(const MetricTable& table, const Sample& sample) {
    for (const std::uint32_t w :
         conditions().looking_at(table.cell(sample.family, sample.metric))) {
        const Condition condition = conditions().of(conditions().watches()[w], sample);
        const RuleKind kind = condition.rule.kind;
        if (kind != RuleKind::drawdown && kind != RuleKind::change) continue;
        judge_.begin(condition, value_of(condition, table), sample.at);
    }
}

void ValueRules::on_batch(const MetricTable& table, std::span<const Sample> samples,
                          Breaches& out) {
    ++batch_;
    in_batch_.clear();
    for (const Sample& sample : samples) {
        const double sum = table.sum(sample.family, sample.metric);
        for (const std::uint32_t w :
             conditions().looking_at(table.cell(sample.family, sample.metric))) {
            const Watch& watch = conditions().watches()[w];
            if (is_far(watch, sample, sum) || !conditions().looks_at(watch, sample.source))
                continue;
            const Condition condition = conditions().of(watch, sample);
            judge_.follow(condition, value_of(condition, table), sample);
            if (std::exchange(judged_in_[w], batch_) != batch_) in_batch_.push_back(w);
        }
    }
    // In the order of rules, so that the breaches of one stand together.
    std::sort(in_batch_.begin(), in_batch_.end());
    for (const std::uint32_t w : in_batch_) {
        const Condition condition = conditions().of(conditions().watches()[w], samples.back());
        judge_.judge(condition, value_of(condition, table), samples.back().at, true, out);
    }
}

// ---- Time ---------------------------------------------------------------------------------------

// In the order of rules, so that the breaches of one stand together.
void ValueRules::on_time(const MetricTable& table, Time now, Breaches& out) {
    while (next_deadline() <= now) {
        if (const auto due = judge_.first_due(now)) {
            review(*due, table, now, out);
            continue;
        }
        waits_.end_due(judge_.conditions(), now, [&](const Watch& watch) {
            review(conditions().of(watch, 0), table, now, out);
        });
        judge_.sums_wait_until(waits_.next_deadline());
    }
}

void ValueRules::look_back(const MetricTable& table, SourceId source, FamilyId family,
                           MetricId metric, std::span<const Sample> batch, Time published,
                           Breaches& out) {
    // What those of the batch look at has been looked at, and is half of a sample now.
    const auto is_moved = [&](const Watch& watch) {
        const RuleSpec& rule = conditions().rule(watch);
        return std::any_of(batch.begin(), batch.end(), [&](const Sample& sample) {
            const bool of_family =
                watch.watches(sample.family) &&
                std::ranges::find(rule.families, sample.family) != rule.families.end();
            const bool of_metric =
                sample.metric == rule.metric || sample.metric == rule.other_metric;
            return of_family && of_metric && conditions().looks_at(watch, sample.source);
        });
    };
    if (next_deadline() > published) return;
    for (const std::uint32_t w : conditions().looking_at(table.cell(family, metric))) {
        const Watch& watch = conditions().watches()[w];
        const RuleSpec& rule = conditions().rule(watch);
        const Condition condition = conditions().of(watch, is_by_source(rule) ? index(source) : 0);
        const bool is_due = has_deadline(rule) && judge_.deadline(condition) <= published;
        if (is_due && conditions().looks_at(watch, source) && !is_moved(watch))
            review(condition, table, published, out);
    }
}

// ---- A start ------------------------------------------------------------------------------------

void ValueRules::on_restart(const MetricTable& table, const Kills& kills, Time now, Breaches& out) {
    // Of what was known before, the sum was judged before.
    for (Watch& watch : judge_.conditions().watches()) {
        const RuleSpec& rule = conditions().rule(watch);
        const auto is_known = [&](FamilyId family, MetricId metric) {
            return metric != none<MetricId>() && table.known(family, metric);
        };
        const bool has_value = std::ranges::any_of(rule.families, [&](FamilyId family) {
            return watch.watches(family) &&
                   (is_known(family, rule.metric) || is_known(family, rule.other_metric));
        });
        if (has_value) watch.missing = 0;
    }
    conditions().for_each([&](const Condition& condition) {
        if (is_known(condition, table)) return resume(condition, table, kills, now, out);
        conditions().state(condition) = ConditionState{};
    });
}

void ValueRules::resume(const Condition& condition, const MetricTable& table, const Kills& kills,
                        Time now, Breaches& out) {
    const ConditionState& its = conditions().state(condition);
    const RuleSpec& rule = condition.rule;
    const Time stored = has_range(rule) && its.begun
                            ? last_stored(condition, table, conditions().sources())
                            : Time{};
    const bool is_undone =
        its.phase == Phase::tripped && !its.excused && !rule.shadow &&
        kills.any_armed(condition.watch.rule, condition.watch.family, none<SourceId>());
    judge_.resume(condition, value_of(condition, table), stored, is_undone, now, out);
}

// ---- A reload -----------------------------------------------------------------------------------

std::size_t ValueRules::on_reload(const MetricTable& table, Time now, Breaches& out) {
    std::size_t looked_at = 0;
    const auto look = [&](const Condition& condition) {
        ++looked_at;
        if (!is_known(condition, table)) return;
        const double value = value_of(condition, table);
        if (!conditions().state(condition).begun) judge_.begin(condition, value, now);
        judge_.review(condition, value, now, out);
    };
    const std::span<Watch> watches = judge_.conditions().watches();
    for (std::size_t w = 0; w < watches.size(); ++w) {
        watches[w].missing = 0;
        if (!goes_on_[w]) conditions().for_each(watches[w], look);
        goes_on_[w] = false;
    }
    return looked_at;
}

// Conditions that a rule of the same name had before keep what they know. Where the rule is changed
// in any way, its deadlines come with on_reload().
void ValueRules::carry_over(const ValueRules& old, std::span<const RulePair> pairs) {
    for (const RulePair& pair : pairs) {
        const auto& [rule, id, old_rule, before] = pair;
        if (!is_of_values(rule.kind) || !same_shape(rule, old_rule)) continue;
        judge_.conditions().carry_over(id, old.conditions(), before);
        for (const Watch& watch : conditions().of(id)) {
            for (ConditionState& its : conditions().states(watch)) {
                // It still holds since then, and trips by the new limit, or for the new families,
                // at once.
                if (its.phase == Phase::tripped && !same_trip(rule, old_rule))
                    its.phase = Phase::pending;
                if (rule.warn != old_rule.warn) its.warned = 0;
            }
        }
        if (same_judgement(rule, old_rule)) carry_deadlines(old, pair);
    }
}

// As if there had been no reload; but one that waits for the first values of others is judged now.
void ValueRules::carry_deadlines(const ValueRules& old, const RulePair& pair) {
    const std::span<const Watch> from = old.conditions().of(pair.before);
    const std::span<const Watch> to = conditions().of(pair.id);
    const std::span<const Watch> all = conditions().watches();
    for (std::size_t w = 0; w < to.size(); ++w) {
        if (from[w].missing > 0) continue;
        goes_on_[static_cast<std::size_t>(&to[w] - all.data())] = true;
        if (!has_deadline(pair.rule)) continue;
        conditions().for_each(to[w], [&](const Condition& condition) {
            const Condition then = old.conditions().of(from[w], condition.at);
            judge_.carry_deadline(condition, old.judge_.deadline(then));
        });
    }
}

// ---- Arming -------------------------------------------------------------------------------------

void ValueRules::on_armed_by_force(const Kills& kills, FamilyId family) {
    conditions().for_each([&](const Condition& condition) {
        const Watch& watch = condition.watch;
        ConditionState& its = conditions().state(condition);
        if (its.phase == Phase::tripped &&
            kills.includes(watch.rule, watch.family, none<SourceId>(), family))
            its.excused = true;
    });
}

std::size_t ValueRules::on_rearmed(const MetricTable& table, const Kills& kills, FamilyId family,
                                   Time now, Breaches& out) {
    std::size_t looked_at = since_arming_.size();
    const auto restart = [&](const Condition& condition) {
        ++looked_at;
        ConditionState& its = conditions().state(condition);
        if (!its.begun) return;
        const double value = value_of(condition, table);
        its.phase = Phase::clear;
        if (!std::isfinite(value)) return;  // no peak: the next sample trips
        judge_.begin(condition, value, now);
        judge_.judge(condition, value, now, false, out);
    };
    for (const RuleId rule : since_arming_) {
        if (!kills.restarts_peaks(rule, family)) continue;
        for (const Watch& watch : conditions().of(rule)) {
            ++looked_at;
            if (kills.includes(rule, watch.family, none<SourceId>(), family))
                conditions().for_each(watch, restart);
        }
    }
    return looked_at;
}

// ---- Sight --------------------------------------------------------------------------------------

std::uint32_t ValueRules::missing(const Watch& watch) const {
    const auto number = static_cast<std::size_t>(&watch - conditions().watches().data());
    return waits_.waits(number) ? watch.missing : 0;
}

double ValueRules::touch(const MetricTable& table, const Kills& kills, FamilyId family,
                         MetricId metric) const {
    double seen = 0;
    for (const std::uint32_t w : conditions().looking_at(table.cell(family, metric))) {
        const Condition condition = conditions().of(conditions().watches()[w], 0);
        seen +=
            value_of(condition, table) + conditions().state(condition).peak + condition.rule.limit;
        for (const FamilyId killed : kills.of(condition.watch.rule, family, none<SourceId>()))
            seen += kills.is_armed(killed) ? 1 : 0;
    }
    return seen;
}

}  // namespace scram
