// What a start makes of what an earlier process left: conditions go on where they stood, and
// whoever was attached owes a sign.
#include <algorithm>
#include <cmath>

#include "core/rules/rules.h"

namespace scram {

void RuleSet::on_restart(const MetricTable& table, Time now, Breaches& out) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        Source& source = sources_[s];
        const bool was_silent = std::any_of(stale_.begin(), stale_.end(), [&](const auto& watch) {
            return watch.holds && index(watch.source) == s &&
                   watch.silent_since == last_sign(watch, table);
        });
        // A silence that began before and was told goes on.
        if (!source.owes_signs || source.vanished) continue;
        if (!was_silent) source.joined = source.seen = now;
        source.may_quote = true;  // what it sent last may have been lost with the process
    }
    // Of what was known before, the sum was judged before.
    for (Watch& watch : watches_) {
        if (has_value(watch, table)) watch.missing = 0;
    }
    for_each_condition([&](const Condition& condition) {
        if (!is_known(condition, table)) {
            state(condition) = State{};
            return;
        }
        resume(condition, table, now, out);
    });
    tell_undone(table, out);
    look_for_gone(out);
    silence_deadline_ = Time{};  // looked at on the next tick
}

// Who is still gone or silent is found so again; what was bad is known to nobody any more, and a
// silence may have ended with the signal that brought it to light.
void RuleSet::tell_undone(const MetricTable& table, Breaches& out) {
    const auto is_to_do = [this](const HealthWatch& watch) {
        return watch.holds && is_undone(watch.rule, watch.family, watch.source, watch.excused);
    };
    for (HealthWatch& watch : gone_) watch.holds = watch.holds && !is_to_do(watch);
    for (const HealthWatch& watch : bad_) {
        if (is_to_do(watch))
            out.push_back(
                {.kind = trip_kind(watch.rule), .rule = watch.rule, .source = watch.source});
    }
    for (HealthWatch& watch : stale_) {
        if (!is_to_do(watch)) continue;
        if (watch.silent_since == last_sign(watch, table)) {
            watch.holds = false;
        } else {
            out.push_back(silence_of(watch, rules_[index(watch.rule)].after));
        }
    }
}

bool RuleSet::has_value(const Watch& watch, const MetricTable& table) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    const auto is_known = [&](FamilyId family, MetricId metric) {
        return metric != none<MetricId>() && table.known(family, metric);
    };
    return std::any_of(rule.families.begin(), rule.families.end(), [&](FamilyId family) {
        return (watch.family == none<FamilyId>() || watch.family == family) &&
               (is_known(family, rule.metric) || is_known(family, rule.other_metric));
    });
}

// The last value may have been stored, and nothing been made of it.
void RuleSet::resume(const Condition& condition, const MetricTable& table, Time now,
                     Breaches& out) {
    State& its = state(condition);
    const double value = value_of(condition, table);
    if (!its.begun) {
        begin(condition, value, now);
    } else if (std::isfinite(value)) {
        its.peak = std::max(its.peak, value);
        if (has_range(condition.rule)) range(condition).add(value, last_stored(condition, table));
    }
    const Watch& watch = condition.watch;
    const auto source = is_by_source(condition.rule) ? condition.source : none<SourceId>();
    // Whatever has become of its value since.
    if (its.phase == Phase::tripped && is_undone(watch.rule, watch.family, source, its.excused))
        out.push_back(breach_of(condition, read(condition, value), trip_kind(watch.rule)));
    review(condition, table, now, out);
}

// When its present value came. What was in force until then is in the window until then.
Time RuleSet::last_stored(const Condition& condition, const MetricTable& table) const {
    const RuleSpec& rule = condition.rule;
    Time last{};
    for (const FamilyId family : rule.families) {
        if (condition.watch.family != none<FamilyId>() && condition.watch.family != family)
            continue;
        for (std::size_t s = 0; s < sources_.size(); ++s) {
            if (is_by_source(rule) && index(condition.source) != s) continue;
            last = std::max(last, table.stored_at(id_at<SourceId>(s), family, rule.metric));
        }
    }
    return last;
}

// It was noticed, and the process ended before its families were latched.
bool RuleSet::is_undone(RuleId rule, FamilyId family, SourceId source, bool excused) const {
    if (excused || rules_[index(rule)].shadow) return false;
    const auto killed = kills(rule, family, source);
    return std::any_of(killed.begin(), killed.end(),
                       [this](FamilyId id) { return armed_[index(id)]; });
}

void RuleSet::on_armed_by_force(FamilyId family) {
    for_each_condition([&](const Condition& condition) {
        const Watch& watch = condition.watch;
        if (state(condition).phase == Phase::tripped &&
            kills_family(watch.rule, watch.family, none<SourceId>(), family))
            state(condition).excused = true;
    });
    for (auto watches : {gone_, stale_}) {
        for (HealthWatch& watch : watches) {
            if (watch.holds && kills_family(watch.rule, watch.family, watch.source, family))
                watch.excused = true;
        }
    }
}

}  // namespace scram
