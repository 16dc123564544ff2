// Rules on a source's health: bad, gone and stale.
#include <algorithm>

#include "core/base/store_order.h"
#include "core/rules/rules.h"

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

// What rules of kind `gone` have cancelled is no quote of the one that comes back.
void RuleSet::on_joined(SourceId source, Time now) {
    Source& its = sources_[index(source)];
    const bool cancelled = its.vanished && gone_kills_all_[index(source)];
    its = {true, false, its.may_quote && !cancelled, now, now};
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

void RuleSet::on_vanished(SourceId source, Breaches& out) {
    sources_[index(source)].vanished = true;
    look_for_gone(out);
    for (std::uint32_t i = stale_begin_[index(source)]; i < stale_begin_[index(source) + 1]; ++i) {
        if (is_told_by_gone(stale_list_[i])) stale_[stale_list_[i]].holds = false;
    }
}

void RuleSet::look_for_gone(Breaches& out) {
    for (HealthWatch& watch : gone_) {
        const Source& source = sources_[index(watch.source)];
        if (!source.vanished || !source.may_quote || watch.holds) continue;
        watch.excused = false;
        in_order();
        watch.holds = true;
        out.push_back({.kind = trip_kind(watch.rule), .rule = watch.rule, .source = watch.source});
    }
}

// ---- stale --------------------------------------------------------------------------------------

void RuleSet::on_left(SourceId source) {
    Source& its = sources_[index(source)];
    its.owes_signs = its.may_quote = false;
    for (HealthWatch& watch : stale_) {
        const bool of_metric = rules_[index(watch.rule)].metric != none<MetricId>();
        if (watch.source == source && !of_metric) watch.holds = false;
    }
}

// One cause is one trip: who has vanished is not silent as well, where rules of kind `gone` have
// tripped for it, or it had no quotes.
bool RuleSet::is_told_by_gone(std::size_t stale) const {
    const Source& source = sources_[index(stale_[stale].source)];
    return source.vanished && (told_by_gone_[stale] || !source.may_quote);
}

// A value grows old whoever has left, and however.
bool RuleSet::owes_signs(std::size_t stale, const MetricTable& table) const {
    const HealthWatch& watch = stale_[stale];
    const Source& source = sources_[index(watch.source)];
    if (is_told_by_gone(stale)) return false;
    const MetricId metric = rules_[index(watch.rule)].metric;
    const bool has_value =
        metric != none<MetricId>() && table.stored_at(watch.source, watch.family, metric) != Time{};
    return source.owes_signs || has_value;
}

// A deadline is only ever a lower bound: a sign of life moves nothing, and is found when it is due.
void RuleSet::look_for_silence(const MetricTable& table, Time now, Breaches& out) {
    silence_deadline_ = never;
    any_silent_ = false;
    for (std::size_t i = 0; i < stale_.size(); ++i) look_for_silence(i, table, now, out);
}

void RuleSet::look_for_silence(std::size_t stale, const MetricTable& table, Time now,
                               Breaches& out) {
    HealthWatch& watch = stale_[stale];
    const RuleSpec& rule = rules_[index(watch.rule)];
    const bool owes = owes_signs(stale, table);
    const Time last = last_sign(watch, table);
    const bool holds = owes && now - last >= rule.after;
    if (holds && is_newly_silent(stale, table, now)) {
        watch.excused = false;  // an arming by force was of an earlier silence
        out.push_back(silence_of(watch, now - last));
    }
    in_order();
    watch.holds = holds;
    watch.silent_since = last;
    any_silent_ = any_silent_ || holds;
    if (owes) silence_deadline_ = std::min(silence_deadline_, (holds ? now : last) + rule.after);
}

Breach RuleSet::silence_of(const HealthWatch& watch, Duration silence) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    return {.kind = trip_kind(watch.rule),
            .rule = watch.rule,
            .family = watch.family,
            .source = watch.source,
            .metric = rule.metric,
            .value = milliseconds_of(silence),
            .limit = milliseconds_of(rule.after)};
}

// A sign of life that nobody looked at in time ended the silence before all the same.
bool RuleSet::is_newly_silent(std::size_t stale, const MetricTable& table, Time now) const {
    const HealthWatch& watch = stale_[stale];
    const Time last = last_sign(watch, table);
    return now - last >= rules_[index(watch.rule)].after && owes_signs(stale, table) &&
           (!watch.holds || watch.silent_since != last);
}

// All that the source published before was read before.
void RuleSet::look_back(const MetricTable& table, SourceId source, Time published, Breaches& out) {
    if (silence_deadline_ > published) return;
    for (std::uint32_t i = stale_begin_[index(source)]; i < stale_begin_[index(source) + 1]; ++i) {
        if (is_newly_silent(stale_list_[i], table, published))
            look_for_silence(stale_list_[i], table, published, out);
    }
}

void RuleSet::due_sources(const MetricTable& table, Time now, std::vector<SourceId>& out) const {
    const bool is_late = deadlines_.next() <= now - late_after;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        const auto first = stale_list_.begin() + stale_begin_[s];
        const auto last = stale_list_.begin() + stale_begin_[s + 1];
        if (is_late || std::any_of(first, last, [&](std::uint32_t stale) {
                return is_newly_silent(stale, table, now);
            }))
            out.push_back(id_at<SourceId>(s));
    }
}

Time RuleSet::last_sign(const HealthWatch& watch, const MetricTable& table) const {
    const Source& source = sources_[index(watch.source)];
    const MetricId metric = rules_[index(watch.rule)].metric;
    if (metric == none<MetricId>()) return source.seen;
    return std::max(source.joined, table.stored_at(watch.source, watch.family, metric));
}

}  // namespace scram
