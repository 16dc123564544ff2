#include "core/rules/silence.h"

#include <algorithm>

#include "core/base/store_order.h"

namespace scram {
namespace {

double milliseconds_of(Duration span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

}  // namespace

SilenceRules::SilenceRules(const Plan& plan, std::span<const RuleSpec> rules, const Kills& kills,
                           const HealthRules& health, StateMemory& memory)
    : rules_(rules),
      sources_(memory.sources),
      stale_(memory.health.subspan(memory.health_counts[0] + memory.health_counts[1])),
      list_(stale_.size()),
      begin_(plan.sources.size() + 1) {
    for (const HealthWatch& watch : stale_) {
        told_by_gone_.push_back(
            health.gone_kills(watch.source, kills.of(watch.rule, watch.family, watch.source)));
        ++begin_[index(watch.source) + 1];
    }
    for (std::size_t s = 1; s < begin_.size(); ++s) begin_[s] += begin_[s - 1];
    std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
    for (std::uint32_t i = 0; i < stale_.size(); ++i) list_[next[index(stale_[i].source)]++] = i;
}

std::span<const std::uint32_t> SilenceRules::of(SourceId source) const {
    return {list_.data() + begin_[index(source)], list_.data() + begin_[index(source) + 1]};
}

// ---- What is silent -----------------------------------------------------------------------------

// A deadline is only ever a lower bound: a sign of life moves nothing, and is found when it is due.
void SilenceRules::look(const MetricTable& table, Time now, Breaches& out) {
    deadline_ = never;
    any_silent_ = false;
    for (std::size_t i = 0; i < stale_.size(); ++i) look(i, table, now, out);
}

void SilenceRules::look(std::size_t stale, const MetricTable& table, Time now, Breaches& out) {
    HealthWatch& watch = stale_[stale];
    const Duration after = rule(watch).after;
    const bool owes = owes_signs(stale, table);
    const Time last = last_sign(watch, table);
    const bool holds = owes && now - last >= after;
    if (holds && is_newly_silent(stale, table, now)) {
        watch.excused = false;  // an arming by force was of an earlier silence
        out.push_back(breach_of(watch, now - last));
    }
    in_order();
    watch.holds = holds;
    watch.silent_since = last;
    any_silent_ = any_silent_ || holds;
    if (owes) deadline_ = std::min(deadline_, (holds ? now : last) + after);
}

void SilenceRules::look_back(const MetricTable& table, SourceId source, Time published,
                             Breaches& out) {
    if (deadline_ > published) return;
    for (const std::uint32_t stale : of(source)) {
        if (is_newly_silent(stale, table, published)) look(stale, table, published, out);
    }
}

bool SilenceRules::may_end(const MetricTable& table, SourceId source, Time now) const {
    return std::ranges::any_of(
        of(source), [&](std::uint32_t stale) { return is_newly_silent(stale, table, now); });
}

// A sign of life that nobody looked at in time ended the silence before all the same.
bool SilenceRules::is_newly_silent(std::size_t stale, const MetricTable& table, Time now) const {
    const HealthWatch& watch = stale_[stale];
    const Time last = last_sign(watch, table);
    return now - last >= rule(watch).after && owes_signs(stale, table) &&
           (!watch.holds || watch.silent_since != last);
}

// A value grows old whoever has left, and however.
bool SilenceRules::owes_signs(std::size_t stale, const MetricTable& table) const {
    const HealthWatch& watch = stale_[stale];
    if (is_told_by_gone(stale)) return false;
    const MetricId metric = rule(watch).metric;
    const bool has_value =
        metric != none<MetricId>() && table.stored_at(watch.source, watch.family, metric) != Time{};
    return sources_[index(watch.source)].owes_signs || has_value;
}

// One cause is one trip: who has vanished is not silent as well, where rules of kind `gone` have
// tripped for it, or it had no quotes.
bool SilenceRules::is_told_by_gone(std::size_t stale) const {
    const SourceHealth& source = sources_[index(stale_[stale].source)];
    return source.vanished && (told_by_gone_[stale] || !source.may_quote);
}

Time SilenceRules::last_sign(const HealthWatch& watch, const MetricTable& table) const {
    const SourceHealth& source = sources_[index(watch.source)];
    const MetricId metric = rule(watch).metric;
    if (metric == none<MetricId>()) return source.seen;
    return std::max(source.joined, table.stored_at(watch.source, watch.family, metric));
}

Breach SilenceRules::breach_of(const HealthWatch& watch, Duration silence) const {
    return {.kind = trip_kind(rule(watch)),
            .rule = watch.rule,
            .family = watch.family,
            .source = watch.source,
            .metric = rule(watch).metric,
            .value = milliseconds_of(silence),
            .limit = milliseconds_of(rule(watch).after)};
}

// ---- Sources ------------------------------------------------------------------------------------

void SilenceRules::on_joined(SourceId source, Time now) {
    for (const std::uint32_t stale : of(source))
        deadline_ = std::min(deadline_, now + rule(stale_[stale]).after);
}

void SilenceRules::on_left(SourceId source) {
    for (const std::uint32_t stale : of(source)) {
        if (rule(stale_[stale]).metric == none<MetricId>()) stale_[stale].holds = false;
    }
}

void SilenceRules::on_vanished(SourceId source) {
    for (const std::uint32_t stale : of(source)) {
        if (is_told_by_gone(stale)) stale_[stale].holds = false;
    }
}

// ---- A start ------------------------------------------------------------------------------------

bool SilenceRules::goes_on(const MetricTable& table, SourceId source) const {
    return std::ranges::any_of(of(source), [&](std::uint32_t stale) {
        const HealthWatch& watch = stale_[stale];
        return watch.holds && watch.silent_since == last_sign(watch, table);
    });
}

// Who is still silent is found so again; and a silence may have ended with the signal that brought
// it to light.
void SilenceRules::tell_undone(const MetricTable& table, const Kills& kills, Breaches& out) {
    for (HealthWatch& watch : stale_) {
        if (!is_undone(watch, rules_, kills)) continue;
        if (watch.silent_since == last_sign(watch, table)) {
            watch.holds = false;
        } else {
            out.push_back(breach_of(watch, rule(watch).after));
        }
    }
}

}  // namespace scram
