// Bad records and silences, and when the next rule trips by time alone.
#include <algorithm>

#include "tests/sim/contains.h"
#include "tests/sim/oracle.h"

namespace scram::sim {

void Oracle::report_bad(SourceId source, FamilyId family) {
    for (Condition& condition : conditions_) {
        if (rule_of(condition).kind != RuleKind::bad || condition.source != source) continue;
        if (condition.held) continue;
        condition.held = true;
        condition.excused = false;
        const bool shadow = rule_of(condition).shadow;
        foretold_.push_back({shadow ? BreachKind::would_trip : BreachKind::trip, condition.rule,
                             family, source, true, 0});
    }
}

// A sign ends it, whenever that is looked at. Whether it still stands in the way of arming is asked
// after time() only.
void Oracle::end_silence(SourceId source, FamilyId family, MetricId metric) {
    for (Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        if (rule.kind == RuleKind::stale && condition.source == source &&
            condition.family == family && rule.metric == metric)
            condition.held = false;
    }
}

void Oracle::look_for_silence(Time now) {
    for (Condition& condition : conditions_) {
        if (rule_of(condition).kind == RuleKind::stale) look_for_silence(condition, now);
    }
}

void Oracle::look_for_silence(Condition& condition, Time now) {
    const Duration after = rule_of(condition).after;
    const bool silent = owes_sign(condition) && last_sign(condition) + after <= now;
    const bool begun = !condition.held || condition.silent_since != last_sign(condition);
    if (silent && begun) trip(condition);
    condition.held = silent;
    condition.silent_since = last_sign(condition);
}

// Its death has been told, or it had nothing to cancel; else a value is owed whoever has left.
bool Oracle::owes_sign(const Condition& condition) const {
    const Source& source = sources_[index(condition.source)];
    const bool told =
        !source.heard ||
        death_kills(condition.source, kills(condition.rule, condition.family, condition.source));
    if (source.vanished && told) return false;
    const MetricId metric = rule_of(condition).metric;
    return source.owes_signs ||
           (metric != none<MetricId>() && published(condition.source, condition.family, metric));
}

// Do rules of kind `gone`, all together, kill these where the source vanishes?
bool Oracle::death_kills(SourceId source, const std::vector<FamilyId>& families) const {
    return std::all_of(families.begin(), families.end(), [&](FamilyId family) {
        return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
            const RuleSpec& rule = rule_of(condition);
            return rule.kind == RuleKind::gone && !rule.shadow && condition.source == source &&
                   kills_family(condition, family);
        });
    });
}

Time Oracle::last_sign(const Condition& condition) const {
    const Source& source = sources_[index(condition.source)];
    const MetricId metric = rule_of(condition).metric;
    if (metric == none<MetricId>()) return source.seen;
    const History& all = history(condition.source, condition.family, metric);
    return all.empty() ? source.joined : std::max(source.joined, all.back().at);
}

Time Oracle::next_trip() const {
    Time next = never;
    for (const Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        if (condition.wait_until != never && waits(condition))
            next = std::min(next, condition.wait_until);
        if (rule.kind == RuleKind::stale) {
            if (!condition.held && owes_sign(condition))
                next = std::min(next, last_sign(condition) + rule.after);
        } else if (condition.phase == Phase::pending && condition.samples >= rule.confirm) {
            next = std::min(next, condition.since + rule.hold_for);
        }
    }
    return next;
}

}  // namespace scram::sim
