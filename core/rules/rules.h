// The rules, compiled: which condition to look at when a value changes or time passes, and whether
// it holds. A rule trips on the edge, when its condition begins to hold (or has held for so long,
// and in so many samples, as it asks); a family that it kills then stays latched. It may trip again
// once its condition has ended. A family that is armed by force while a condition holds is thus not
// guarded by that condition until it has ended once.
//
//   limit       the value is above, below or beyond its bound
//   drawdown    it fell from its peak: since arming, or the highest of a rolling window
//   change      it moved, up or down, from the lowest or the highest of a rolling window
//   count       a running total of each source (fills so far) rose within a rolling window, all
//               rises together. A source's first value is where its count begins; a fall is a
//               restart of its counter, and the new value what it counted since
//   divergence  two metrics of a family, or two sources' values of one metric, differ; of all
//               families together, those families count that both are known of
//
// After a start the first of two sources that offset each other must not trip. So a condition on a
// sum over sources is judged once each expected source has published what it may publish of it, and
// at the latest `sum_wait` after the first value: then without those. This waits only once in a
// life; a reload ends it, and where a value was left by an earlier process there is none.
//
// A value that begins a new series (SCRAM_RESTART) is no fall, rise or move: peaks and windows of
// what it moves start over at the sum of that moment, and a count goes on by nothing. What it was
// before and what others had lost until then is forgotten by them.
//
// A value holds until the next. A source's first value moves a sum, and with it the peak and the
// window of that sum, but is no rise and no fall. What is no finite number is beyond every limit,
// and becomes no peak. Windows roll on whatever is armed or disarmed; a peak since arming starts
// again when the families that it guards are armed. See core/rules/window.h for what a window
// costs.
//
// An accepted record that the condition looks at is a sample, whether or not its value is new. A
// condition that held without a break until its time trips, though the loop be late and the next
// sample end it; one that a rolling window ended before does not. Everything that time alone
// changes is asked for by next_deadline().
//
// A loop that was stopped finds signals unread that were published before a deadline passed. So a
// signal is judged by when it was published: what it can end, and was due before that, trips before
// it counts. Whatever else is due waits for on_time(), before which the caller reads the signals of
// due_sources(). When it was published is the source's word, and never taken for later than now; a
// source that lies can only put off what it could as well prevent by a signal in time.
//
// A warning step is told when the share of the limit that is used reaches it, and as over when the
// share is back by `warn_hysteresis` below it; armed or not. One signal tells each step of each
// rule at most once, so a source that jumps up and down makes no more warnings than it sends
// signals.
//
// A shadow rule is looked at like any other; its breach says would_trip, and it never stands in the
// way of re-arming. A shadow rule of kind `bad` tells once for each time that its source joins.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "core/base/prefetch.h"
#include "core/model/plan.h"
#include "core/rules/distance.h"
#include "core/rules/findings.h"
#include "core/rules/health.h"
#include "core/rules/kills.h"
#include "core/rules/memory.h"
#include "core/rules/metric_table.h"
#include "core/rules/silence.h"
#include "core/rules/unknown.h"
#include "core/rules/value_rules.h"

namespace scram {

inline constexpr Duration late_after = 10ms;  // a loop that serves a deadline later was stopped

class RuleSet {
  public:
    // Remembers what it does in memory of its own, or in the caller's, whose parts are the plan's.
    explicit RuleSet(const Plan& plan);
    RuleSet(const Plan& plan, StateMemory& memory);

    // The most breaches that one input can append, which may be a silence, a time and a value.
    std::size_t breaches_max() const { return breaches_max_; }

    void on_value(const MetricTable& table, const Sample& sample, Breaches& out) {
        values_.on_value(table, sample, out);
    }
    // Several samples of one source that belong together. As each is stored, on_first() if it is
    // the first of its kind, and on_series_restart() if it begins a new series; once all are,
    // on_batch(): each condition takes in all of them, and is judged once, as by one sample.
    void on_first(const MetricTable& table, const Sample& sample) {
        values_.on_first(table, sample);
    }
    void on_series_restart(const MetricTable& table, const Sample& sample) {
        values_.on_series_restart(table, sample);
    }
    void on_batch(const MetricTable& table, std::span<const Sample> samples, Breaches& out) {
        values_.on_batch(table, samples, out);
    }
    // Before a signal, or such a value, counts: what was due when it was published, of what it
    // ends. `batch`: what was stored and waits for this to be judged with it; what those look at
    // has been looked at, and is half of a sample now.
    void look_back(const MetricTable& table, SourceId source, Time published, Breaches& out) {
        silence_.look_back(table, source, published, out);
    }
    void look_back(const MetricTable& table, SourceId source, FamilyId family, MetricId metric,
                   std::span<const Sample> batch, Time published, Breaches& out) {
        values_.look_back(table, source, family, metric, batch, published, out);
    }
    void on_bad(SourceId source, FamilyId family, MetricId metric, BadReason bad, double value,
                Breaches& out) {
        health_.on_bad(source, family, metric, bad, value, out);
    }
    void on_seen(SourceId source, Time now) { health_.on_seen(source, now); }
    void on_joined(SourceId source, Time now);
    void on_left(SourceId source);
    void on_vanished(SourceId source, Breaches& out);
    // What has held for long enough, what a window has forgotten, silence that has become too long.
    void on_time(const MetricTable& table, Time now, Breaches& out);
    Time next_deadline() const {
        return std::min(values_.next_deadline(), silence_.next_deadline());
    }
    // Whose signals, if there are any unread, may end what is due.
    void due_sources(const MetricTable& table, Time now, std::vector<SourceId>& out) const;

    // After what an earlier process knew was put into the memory, and its latched families were
    // told: conditions go on where they stood; who was attached owes a sign from now on.
    void on_restart(const MetricTable& table, Time now, Breaches& out);
    // A reload: what conditions know is kept where the rule of that name still looks at the same,
    // over the same window: windows, peaks, since when they hold, steps that were told; and, where
    // all of the rule is the same, what they wait for.
    void carry_over(const RuleSet& old);
    // After it, when limits changed but no value did: looks again at every condition but those that
    // carry_over() took over from a rule which was the same. Returns at how many.
    std::size_t on_reload(const MetricTable& table, Time now, Breaches& out);

    std::span<const FamilyId> kills(const Breach& breach) const {
        return kills_.of(breach.rule, breach.family, breach.source);
    }
    void on_latched(FamilyId family) { kills_.set_armed(family, false); }
    // An operator has looked at a family's trip and wants it armed: what is bad from now on trips
    // again, also before its gate opens.
    void on_looked_at(FamilyId family) { health_.on_looked_at(kills_, family); }
    // It is armed though a rule holds, which does not trip it again before it has ended once.
    void on_armed_by_force(FamilyId family);
    // A family was armed: its peaks start from the present values. Appends only warnings that are
    // over. Returns how much it has looked at.
    std::size_t on_rearmed(const MetricTable& table, FamilyId family, Time now, Breaches& out);

    // The first rule that kills `family` and holds, so that arming it now would be wrong; none if
    // none. Looks at every condition: for many families, of all at once.
    RuleId holds(FamilyId family) const;
    // The same by family, as it is now. Good until the next call.
    std::span<const RuleId> find_holding();
    // The same. Allocates.
    std::vector<RuleId> all_holding() const;
    // What cannot be said (core/rules/unknown.h).
    std::span<const Unknown> find_unknown(const MetricTable& table) {
        return unknown_.find(values_.conditions(), kills_, table);
    }
    std::vector<Unknown> unknowns(const MetricTable& table, std::size_t count_max) const {
        return unknown_.list(values_.conditions(), kills_, table, count_max);
    }

    const SourceHealth& health(SourceId source) const { return health_.sources()[index(source)]; }
    // It has sent a signal since it came or last said goodbye: where it vanishes, its quotes may be
    // orphans. One that never sent any is told, and trips nothing.
    bool may_quote(SourceId source) const { return health(source).may_quote; }

    // Sight: every condition on values; of each rule and family the one that has used most of its
    // limit, and the rules that hold (core/rules/distance.h). Allocate.
    std::vector<Distance> distances(const MetricTable& table, Time now) const {
        return scram::distances(values_, table, now);
    }
    void distances_at(const MetricTable& table, FamilyId family, MetricId metric, Time now,
                      std::vector<Distance>& out) const {
        scram::distances_at(values_, table, family, metric, now, out);
    }
    bool find_nearest(NearestSearch& search, const MetricTable& table, Time now,
                      std::size_t looks) const;
    // Reads what a sample of this metric would have looked at, to keep it near. What it returns
    // means nothing.
    double touch(const MetricTable& table, FamilyId family, MetricId metric) const {
        return values_.touch(table, kills_, family, metric);
    }
    // ... and what any sample does, one source a turn.
    void touch(std::size_t turn) const { touch_one(health_.sources(), turn); }

  private:
    RuleSet(const Plan& plan, std::unique_ptr<StateMemory> own, StateMemory* memory);
    void find_holding(HoldingRules& holding) const;
    // In the order in which a rule is named first, while the visitor says so.
    template <class Visit>
    void for_each_holding(Visit&& visit) const;
    std::vector<RulePair> pairs_by_name(const RuleSet& old) const;

    // Its parts look into these, which stay where they are when it moves.
    std::unique_ptr<StateMemory> own_;
    std::vector<RuleSpec> rules_;

    Kills kills_;
    ValueRules values_;
    HealthRules health_;
    SilenceRules silence_;
    UnknownValues unknown_;
    HoldingRules holding_;  // as find_holding() found them
    std::size_t breaches_max_ = 0;
};

}  // namespace scram
