#include "core/rules/judge.h"

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

Breach breach_of(const Condition& condition, const Reading& reading, BreachKind kind) {
    return {.kind = kind,
            .rule = condition.watch.rule,
            .family = condition.watch.family,
            .source = condition.source,
            .metric = condition.rule.metric,
            .value = reading.value,
            .limit = reading.limit};
}

}  // namespace

void Judge::arrive(const Condition& condition, double value) {
    ConditionState& its = conditions_.state(condition);
    if (!its.begun) return;
    if (has_range(condition.rule)) return conditions_.range(condition).shift(value);
    if (is_since_arming(condition.rule)) its.peak += value;
}

void Judge::follow(const Condition& condition, double value, const Sample& sample) {
    const RuleSpec& rule = condition.rule;
    if (rule.kind == RuleKind::count)
        return conditions_.sum(condition).add(rise(sample), sample.at);
    if (rule.kind != RuleKind::drawdown && rule.kind != RuleKind::change) return;
    ConditionState& its = conditions_.state(condition);
    if (!its.begun) return begin(condition, value, sample.at);
    if (!std::isfinite(value)) return;
    if (has_range(rule)) return conditions_.range(condition).add(value, sample.at);
    its.peak = std::max(its.peak, value);
}

void Judge::begin(const Condition& condition, double value, Time now) {
    if (!std::isfinite(value)) return;
    ConditionState& its = conditions_.state(condition);
    its.peak = value;
    if (has_range(condition.rule)) conditions_.range(condition).start(value, now);
    in_order();
    its.begun = true;
}

void Judge::judge(const Condition& condition, double value, Time now, bool is_sample,
                  Breaches& out) {
    if (has_range(condition.rule)) conditions_.range(condition).advance(now);
    if (condition.rule.kind == RuleKind::count) conditions_.sum(condition).advance(now);
    if (condition.watch.missing > 0) return;
    const Reading reading = conditions_.read(condition, value);
    settle_phase(condition, reading, now, is_sample, out);
    if (!condition.rule.warn.empty()) warn(condition, reading, out);
    if (has_deadline(condition.rule)) set_deadline(condition);
}

void Judge::settle_phase(const Condition& condition, const Reading& reading, Time now,
                         bool is_sample, Breaches& out) {
    const RuleSpec& rule = condition.rule;
    ConditionState& its = conditions_.state(condition);
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
    out.push_back(breach_of(condition, reading, trip_kind(rule)));
}

void Judge::warn(const Condition& condition, const Reading& reading, Breaches& out) {
    const std::vector<double>& steps = condition.rule.warn;
    const double share = reading.share();
    std::uint8_t& warned = conditions_.state(condition).warned;
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

void Judge::set_deadline(const Condition& condition) {
    const RuleSpec& rule = condition.rule;
    const ConditionState& its = conditions_.state(condition);
    Time at = never;
    if (its.phase == Phase::pending && its.samples >= rule.confirm) at = its.since + rule.hold_for;
    if (its.phase != Phase::clear || its.warned > 0) {
        if (has_range(rule)) at = std::min(at, conditions_.range(condition).changes_at());
        if (rule.kind == RuleKind::count)
            at = std::min(at, conditions_.sum(condition).changes_at());
    }
    deadlines_.set(condition.watch.first_deadline + condition.at, at);
}

// Without a sample a condition can only end. So one that holds at its time has held until then,
// whatever a window forgot between then and now.
void Judge::review(const Condition& condition, double value, Time now, Breaches& out) {
    const ConditionState& its = conditions_.state(condition);
    const Time due = its.since + condition.rule.hold_for;
    if (its.phase == Phase::pending && due <= now) judge(condition, value, due, false, out);
    judge(condition, value, now, false, out);
}

void Judge::resume(const Condition& condition, double value, Time stored_at, bool is_undone,
                   Time now, Breaches& out) {
    ConditionState& its = conditions_.state(condition);
    if (!its.begun) {
        begin(condition, value, now);
    } else if (std::isfinite(value)) {
        its.peak = std::max(its.peak, value);
        // What was in force until then is in the window until then.
        if (has_range(condition.rule)) conditions_.range(condition).add(value, stored_at);
    }
    // Whatever has become of its value since.
    if (its.phase == Phase::tripped && is_undone)
        out.push_back(
            breach_of(condition, conditions_.read(condition, value), trip_kind(condition.rule)));
    review(condition, value, now, out);
}

std::optional<Condition> Judge::first_due(Time now) const {
    const std::size_t due = deadlines_.first_due(now);
    if (due == conditions_.timed_watches().size()) return std::nullopt;
    const Watch& watch = conditions_.watches()[conditions_.timed_watches()[due]];
    return conditions_.of(watch, due - watch.first_deadline);
}

}  // namespace scram
