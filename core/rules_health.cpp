// Rules on a source's health: bad, gone and stale.
#include <algorithm>

#include "core/rules.h"

namespace scram {
namespace {

double milliseconds_of(Duration span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

}  // namespace

BreachKind RuleSet::trip_kind(RuleId rule) const {
    return rules_[index(rule)].shadow ? BreachKind::would_trip : BreachKind::trip;
}

// ---- bad ----------------------------------------------------------------------------------------

void RuleSet::on_bad(SourceId source, FamilyId family, MetricId metric, BadReason bad, double value,
                     Breaches& out) {
    for (HealthWatch& watch : bad_) {
        if (watch.source != source || watch.holds) continue;
        watch.holds = true;
        out.push_back({.kind = trip_kind(watch.rule),
                       .rule = watch.rule,
                       .family = family,
                       .source = source,
                       .metric = metric,
                       .bad = bad,
                       .value = value});
    }
}

// ---- gone ---------------------------------------------------------------------------------------

void RuleSet::on_joined(SourceId source, Time now) {
    sources_[index(source)] = {true, false, now, now};
    for (HealthWatch& watch : gone_) {
        if (watch.source == source) watch.holds = false;
    }
    for (HealthWatch& watch : bad_) {
        // Nobody re-arms what a shadow did not latch.
        if (watch.source == source && rules_[index(watch.rule)].shadow) watch.holds = false;
    }
    for (const HealthWatch& watch : stale_) {
        if (watch.source != source) continue;
        silence_deadline_ = std::min(silence_deadline_, now + rules_[index(watch.rule)].after);
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
        out.push_back({.kind = trip_kind(watch.rule), .rule = watch.rule, .source = watch.source});
    }
}

// ---- stale --------------------------------------------------------------------------------------

void RuleSet::on_left(SourceId source) {
    sources_[index(source)].owes_signs = false;
    for (HealthWatch& watch : stale_) {
        if (watch.source == source) watch.holds = false;
    }
}

// A deadline is only ever a lower bound: a sign of life moves nothing, and is found when it is due.
void RuleSet::look_for_silence(const MetricTable& table, Time now, Breaches& out) {
    silence_deadline_ = never;
    any_silent_ = false;
    for (HealthWatch& watch : stale_) {
        if (!sources_[index(watch.source)].owes_signs) continue;
        const RuleSpec& rule = rules_[index(watch.rule)];
        const Time last = last_sign(watch, table);
        const bool holds = now - last >= rule.after;
        // A sign of life that nobody looked at in time ended the silence before all the same.
        if (holds && (!watch.holds || watch.silent_since != last)) {
            out.push_back({.kind = trip_kind(watch.rule),
                           .rule = watch.rule,
                           .family = watch.family,
                           .source = watch.source,
                           .metric = rule.metric,
                           .value = milliseconds_of(now - last),
                           .limit = milliseconds_of(rule.after)});
        }
        watch.holds = holds;
        watch.silent_since = last;
        any_silent_ = any_silent_ || holds;
        silence_deadline_ = std::min(silence_deadline_, (holds ? now : last) + rule.after);
    }
}

Time RuleSet::last_sign(const HealthWatch& watch, const MetricTable& table) const {
    const Source& source = sources_[index(watch.source)];
    const MetricId metric = rules_[index(watch.rule)].metric;
    if (metric == none<MetricId>()) return source.seen;
    return std::max(source.joined, table.stored_at(watch.source, watch.family, metric));
}

}  // namespace scram
