// Rules on values: what a sample, a moment and a reload mean for each condition.
#include "core/rules/rules.h"

#include <algorithm>
#include <cmath>

#include "core/base/store_order.h"

namespace scram {
namespace {

// How far a running total went on: a fall is a restart from zero.
double rise(const Sample& sample) {
    if (sample.first || sample.restart) return 0;
    return sample.value >= sample.before ? sample.value - sample.before
                                         : std::max(sample.value, 0.0);
}

}  // namespace

// ---- A sample -----------------------------------------------------------------------------------

void RuleSet::on_value(const MetricTable& table, const Sample& sample, Breaches& out) {
    if (sample.first) [[unlikely]]
        count_first(table, sample);
    const std::size_t cell = table.cell(sample.family, sample.metric);
    const double sum = table.sum(sample.family, sample.metric);
    for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
        const Watch& watch = watches_[watch_list_[i]];
        if (is_far(watch, sample, sum)) [[likely]]
            continue;
        take(watch, table, sample, out);
    }
}

// The usual case, told by one look at what was compiled for it.
bool RuleSet::is_far(const Watch& watch, const Sample& sample, double sum) const {
    const double value = watch.each ? sample.value : sum;
    const std::size_t at = watch.each ? index(sample.source) : 0;
    return value >= watch.far_low && value <= watch.far_high &&
           states_[watch.first_state + at].phase == Phase::clear;
}

void RuleSet::take(const Watch& watch, const MetricTable& table, const Sample& sample,
                   Breaches& out) {
    if (!looks_at(watch, sample.source)) return;
    const Condition condition = condition_of(watch, sample);
    const double value = value_of(condition, table);
    if (sample.first) arrive(condition, sample.value);
    follow(condition, value, sample);
    judge(condition, value, sample.at, true, out);
}

// A divergence of two sources does not look at a third.
bool RuleSet::looks_at(const Watch& watch, SourceId source) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    return !is_of_two_sources(rule) || source == rule.sources[0] || source == rule.sources[1];
}

RuleSet::Condition RuleSet::condition_of(const Watch& watch, const Sample& sample) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    return {rule, watch, is_by_source(rule) ? index(sample.source) : 0, sample.source};
}

// By a first value a sum moves, but does not rise or fall.
void RuleSet::arrive(const Condition& condition, double value) {
    if (!state(condition).begun) return;
    if (has_range(condition.rule)) return range(condition).shift(value);
    if (is_since_arming(condition.rule)) state(condition).peak += value;
}

// Peaks and windows take the sample in.
void RuleSet::follow(const Condition& condition, double value, const Sample& sample) {
    const RuleSpec& rule = condition.rule;
    if (rule.kind == RuleKind::count) return sum(condition).add(rise(sample), sample.at);
    if (rule.kind != RuleKind::drawdown && rule.kind != RuleKind::change) return;
    State& its = state(condition);
    if (!its.begun) return begin(condition, value, sample.at);
    if (!std::isfinite(value)) return;
    if (has_range(rule)) return range(condition).add(value, sample.at);
    its.peak = std::max(its.peak, value);
}

void RuleSet::begin(const Condition& condition, double value, Time now) {
    if (!std::isfinite(value)) return;
    state(condition).peak = value;
    if (has_range(condition.rule)) range(condition).start(value, now);
    in_order();
    state(condition).begun = true;
}

// ---- A batch ------------------------------------------------------------------------------------

void RuleSet::on_first(const MetricTable& table, const Sample& sample) {
    count_first(table, sample);
    const std::size_t cell = table.cell(sample.family, sample.metric);
    for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
        const Watch& watch = watches_[watch_list_[i]];
        if (looks_at(watch, sample.source)) arrive(condition_of(watch, sample), sample.value);
    }
}

void RuleSet::on_series_restart(const MetricTable& table, const Sample& sample) {
    const std::size_t cell = table.cell(sample.family, sample.metric);
    for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
        const Watch& watch = watches_[watch_list_[i]];
        const RuleKind kind = rules_[index(watch.rule)].kind;
        if (kind != RuleKind::drawdown && kind != RuleKind::change) continue;
        const Condition condition = condition_of(watch, sample);
        begin(condition, value_of(condition, table), sample.at);
    }
}

void RuleSet::on_batch(const MetricTable& table, std::span<const Sample> samples, Breaches& out) {
    ++batch_;
    in_batch_.clear();
    for (const Sample& sample : samples) {
        const std::size_t cell = table.cell(sample.family, sample.metric);
        const double sum = table.sum(sample.family, sample.metric);
        for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
            const Watch& watch = watches_[watch_list_[i]];
            if (is_far(watch, sample, sum) || !looks_at(watch, sample.source)) continue;
            const Condition condition = condition_of(watch, sample);
            follow(condition, value_of(condition, table), sample);
            if (std::exchange(judged_in_[watch_list_[i]], batch_) != batch_)
                in_batch_.push_back(watch_list_[i]);
        }
    }
    // In the order of rules, so that the breaches of one stand together.
    std::sort(in_batch_.begin(), in_batch_.end());
    for (const std::uint32_t watch : in_batch_) {
        const Condition condition = condition_of(watches_[watch], samples.back());
        judge(condition, value_of(condition, table), samples.back().at, true, out);
    }
}

// ---- A sum that is not whole yet ----------------------------------------------------------------

void RuleSet::count_first(const MetricTable& table, const Sample& sample) {
    const std::size_t cell = table.cell(sample.family, sample.metric);
    for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
        Watch& watch = watches_[watch_list_[i]];
        if (watch.missing == 0) continue;
        if (expected_[index(sample.source)]) --watch.missing;
        Time& until = wait_until_[watch_list_[i]];
        if (watch.missing == 0 || until != never) continue;
        until = sample.at + sum_wait_;
        deadlines_.set(timed_watch_.size(), std::min(deadlines_.at(timed_watch_.size()), until));
    }
}

// From now on they are judged without those that have not come.
void RuleSet::end_waits(const MetricTable& table, Time now, Breaches& out) {
    Time next = never;
    for (std::size_t w = 0; w < watches_.size(); ++w) {
        Watch& watch = watches_[w];
        if (watch.missing == 0 || wait_until_[w] == never) continue;
        if (wait_until_[w] > now) {
            next = std::min(next, wait_until_[w]);
            continue;
        }
        watch.missing = 0;
        review(condition_of(watch, 0), table, now, out);
    }
    deadlines_.set(timed_watch_.size(), next);
}

bool RuleSet::waits(const Watch& watch) const {
    return watch.missing > 0 &&
           wait_until_[static_cast<std::size_t>(&watch - watches_.data())] != never;
}

// ---- From a value to edges ----------------------------------------------------------------------

void RuleSet::judge(const Condition& condition, double value, Time now, bool is_sample,
                    Breaches& out) {
    advance(condition, now);
    if (condition.watch.missing > 0) return;
    const Reading reading = read(condition, value);
    settle_phase(condition, reading, now, is_sample, out);
    if (!condition.rule.warn.empty()) warn(condition, reading, out);
    if (has_deadline(condition.rule)) set_deadline(condition);
}

void RuleSet::settle_phase(const Condition& condition, const Reading& reading, Time now,
                           bool is_sample, Breaches& out) {
    const RuleSpec& rule = condition.rule;
    State& its = state(condition);
    if (!reading.is_breach()) {
        its.phase = Phase::clear;
        its.excused = false;
        return;
    }
    if (its.phase == Phase::clear) {
        its.since = now;
        its.samples = 1;
        in_order();
        its.phase = Phase::pending;
    } else if (is_sample && its.samples < rule.confirm) {
        ++its.samples;
    }
    const bool is_due = its.samples >= rule.confirm && now - its.since >= rule.hold_for;
    if (its.phase == Phase::tripped || !is_due) return;
    its.excused = false;  // an arming by force was of an earlier breach
    in_order();
    its.phase = Phase::tripped;
    out.push_back(breach_of(condition, reading, trip_kind(condition.watch.rule)));
}

void RuleSet::warn(const Condition& condition, const Reading& reading, Breaches& out) {
    const std::vector<double>& steps = condition.rule.warn;
    const double share = reading.share();
    std::uint8_t& warned = state(condition).warned;
    const auto tell = [&](BreachKind kind, double step) {
        out.push_back(breach_of(condition, reading, kind));
        out[out.size() - 1].share = step;
    };
    const auto over_at = [](double step) { return step - std::min(warn_hysteresis, step / 2); };
    while (warned < steps.size() && share >= steps[warned])
        tell(BreachKind::warning, steps[warned++]);
    while (warned > 0 && share <= over_at(steps[warned - 1]))
        tell(BreachKind::warning_over, steps[--warned]);
}

Breach RuleSet::breach_of(const Condition& condition, const Reading& reading,
                          BreachKind kind) const {
    return {.kind = kind,
            .rule = condition.watch.rule,
            .family = condition.watch.family,
            .source = condition.source,
            .metric = condition.rule.metric,
            .value = reading.value,
            .limit = reading.limit};
}

// ---- Time ---------------------------------------------------------------------------------------

void RuleSet::on_time(const MetricTable& table, Time now, Breaches& out) {
    if (deadlines_.next() <= now) look_at_due(table, now, out);
    if (silence_deadline_ <= now || any_silent_) look_for_silence(table, now, out);
}

// In the order of rules, so that the breaches of one stand together.
void RuleSet::look_at_due(const MetricTable& table, Time now, Breaches& out) {
    while (deadlines_.next() <= now) {
        const std::size_t due = deadlines_.first_due(now);
        if (due == timed_watch_.size()) {
            end_waits(table, now, out);
            continue;
        }
        const Watch& watch = watches_[timed_watch_[due]];
        review(condition_of(watch, due - watch.first_deadline), table, now, out);
    }
}

RuleSet::Condition RuleSet::condition_of(const Watch& watch, std::size_t at) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    return {rule, watch, at, is_by_source(rule) ? id_at<SourceId>(at) : none<SourceId>()};
}

void RuleSet::look_back(const MetricTable& table, SourceId source, FamilyId family, MetricId metric,
                        std::span<const Sample> batch, Time published, Breaches& out) {
    if (deadlines_.next() > published) return;
    const std::size_t cell = table.cell(family, metric);
    for (std::uint32_t i = watch_begin_[cell]; i < watch_begin_[cell + 1]; ++i) {
        const Watch& watch = watches_[watch_list_[i]];
        const RuleSpec& rule = rules_[index(watch.rule)];
        const std::size_t at = is_by_source(rule) ? index(source) : 0;
        const bool is_due =
            has_deadline(rule) && deadlines_.at(watch.first_deadline + at) <= published;
        if (is_due && looks_at(watch, source) && !is_moved_by(watch, batch))
            review(condition_of(watch, at), table, published, out);
    }
}

bool RuleSet::is_moved_by(const Watch& watch, std::span<const Sample> batch) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    return std::any_of(batch.begin(), batch.end(), [&](const Sample& sample) {
        const bool of_family =
            watch.family == sample.family || (watch.family == none<FamilyId>() &&
                                              std::find(rule.families.begin(), rule.families.end(),
                                                        sample.family) != rule.families.end());
        const bool of_metric = sample.metric == rule.metric || sample.metric == rule.other_metric;
        return of_family && of_metric && looks_at(watch, sample.source);
    });
}

// Without a sample a condition can only end. So one that holds at its time has held until then,
// whatever a window forgot between then and now.
void RuleSet::review(const Condition& condition, const MetricTable& table, Time now,
                     Breaches& out) {
    const double value = value_of(condition, table);
    const State& its = state(condition);
    const Time due = its.since + condition.rule.hold_for;
    if (its.phase == Phase::pending && due <= now) judge(condition, value, due, false, out);
    judge(condition, value, now, false, out);
}

void RuleSet::set_deadline(const Condition& condition) {
    const RuleSpec& rule = condition.rule;
    const State& its = state(condition);
    Time at = never;
    if (its.phase == Phase::pending && its.samples >= rule.confirm) at = its.since + rule.hold_for;
    if (its.phase != Phase::clear || its.warned > 0) {
        if (has_range(rule)) at = std::min(at, range(condition).changes_at());
        if (rule.kind == RuleKind::count) at = std::min(at, sum(condition).changes_at());
    }
    deadlines_.set(condition.watch.first_deadline + condition.at, at);
}

void RuleSet::advance(const Condition& condition, Time now) {
    if (has_range(condition.rule)) range(condition).advance(now);
    if (condition.rule.kind == RuleKind::count) sum(condition).advance(now);
}

std::size_t RuleSet::on_reload(const MetricTable& table, Time now, Breaches& out) {
    std::size_t looked_at = 0;
    const auto look = [&](const Condition& condition) {
        ++looked_at;
        if (!is_known(condition, table)) return;
        if (!state(condition).begun) begin(condition, value_of(condition, table), now);
        review(condition, table, now, out);
    };
    for (std::size_t w = 0; w < watches_.size(); ++w) {
        watches_[w].missing = 0;
        if (!goes_on_[w]) for_each_condition(watches_[w], look);
        goes_on_[w] = false;
    }
    look_for_gone(out);
    silence_deadline_ = Time{};  // looked at on the next tick
    return looked_at;
}

}  // namespace scram
