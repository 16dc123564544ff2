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
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/base/prefetch.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/rules/deadlines.h"
#include "core/rules/findings.h"
#include "core/rules/memory.h"
#include "core/rules/metric_table.h"
#include "core/rules/shape.h"
#include "core/rules/state.h"
#include "core/rules/window.h"

namespace scram {

inline constexpr double warn_hysteresis = 0.05;  // of the limit; half a step, if that is less
inline constexpr Duration late_after = 10ms;     // a loop that serves a deadline later was stopped

// An accepted record, as the table has taken it.
struct Sample {
    SourceId source{};
    FamilyId family{};
    MetricId metric{};
    double value = 0;
    double before = 0;   // what stood there
    bool first = false;  // the source had not published it before
    Time at{};
    bool restart = false;  // it begins a new series
};

class RuleSet {
  public:
    // Remembers what it does in memory of its own, or in the caller's, whose parts are the plan's.
    explicit RuleSet(const Plan& plan);
    RuleSet(const Plan& plan, StateMemory& memory);

    // The most breaches that one input can append, which may be a silence, a time and a value.
    std::size_t breaches_max() const { return breaches_max_; }

    void on_value(const MetricTable& table, const Sample& sample, Breaches& out);
    // Several samples of one source that belong together. As each is stored, on_first() if it is
    // the first of its kind, and on_series_restart() if it begins a new series; once all are,
    // on_batch(): each condition takes in all of them, and is judged once, as by one sample.
    void on_first(const MetricTable& table, const Sample& sample);
    void on_series_restart(const MetricTable& table, const Sample& sample);
    void on_batch(const MetricTable& table, std::span<const Sample> samples, Breaches& out);
    // Before a signal, or such a value, counts: what was due when it was published, of what it
    // ends. `batch`: what was stored and waits for this to be judged with it; what those look at
    // has been looked at, and is half of a sample now.
    void look_back(const MetricTable& table, SourceId source, Time published, Breaches& out);
    void look_back(const MetricTable& table, SourceId source, FamilyId family, MetricId metric,
                   std::span<const Sample> batch, Time published, Breaches& out);
    void on_bad(SourceId source, FamilyId family, MetricId metric, BadReason bad, double value,
                Breaches& out);
    void on_seen(SourceId source, Time now) {
        sources_[index(source)].seen = now;
        sources_[index(source)].may_quote = true;
    }
    void on_joined(SourceId source, Time now);
    void on_left(SourceId source);
    void on_vanished(SourceId source, Breaches& out);
    // It has sent a signal since it came or last said goodbye: where it vanishes, its quotes may be
    // orphans. One that never sent any is told, and trips nothing.
    bool may_quote(SourceId source) const { return sources_[index(source)].may_quote; }
    // What has held for long enough, what a window has forgotten, silence that has become too long.
    void on_time(const MetricTable& table, Time now, Breaches& out);
    // After what an earlier process knew was put into the memory, and its latched families were
    // told: conditions go on where they stood; who was attached owes a sign from now on.
    void on_restart(const MetricTable& table, Time now, Breaches& out);
    // After a reload, when limits changed but no value did: looks again at every condition but
    // those that carry_over() took over from a rule which was the same. Returns at how many.
    std::size_t on_reload(const MetricTable& table, Time now, Breaches& out);

    // Whose signals, if there are any unread, may end what is due.
    void due_sources(const MetricTable& table, Time now, std::vector<SourceId>& out) const;

    Time next_deadline() const { return std::min(deadlines_.next(), silence_deadline_); }

    std::span<const FamilyId> kills(const Breach& breach) const;

    void on_latched(FamilyId family) { armed_[index(family)] = false; }
    // An operator has looked at a family's trip and wants it armed: what is bad from now on trips
    // again, also before its gate opens.
    void on_looked_at(FamilyId family);
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

    // By family: the first that a rule that kills it looks at, so that whether it holds cannot be
    // said. Good until the next search.
    std::span<const Unknown> find_unknown(const MetricTable& table);
    // One for each watched family and source, not more than `count_max`. Allocates.
    std::vector<Unknown> unknowns(const MetricTable& table, std::size_t count_max) const;

    // A reload: what conditions know is kept where the rule of that name still looks at the same,
    // over the same window: windows, peaks, since when they hold, steps that were told; and, where
    // all of the rule is the same, what they wait for.
    void carry_over(const RuleSet& old);

    const SourceHealth& health(SourceId source) const { return sources_[index(source)]; }

    // Sight: every condition on values; and of each rule the one that has used most of its limit.
    // Allocate.
    std::vector<Distance> distances(const MetricTable& table, Time now) const;
    std::vector<Distance> nearest(const MetricTable& table, Time now) const;
    // The same, looking at no more than so many in one call. True: all were looked at. Of the same
    // rules from its begin to its end.
    bool find_nearest(NearestSearch& search, const MetricTable& table, Time now,
                      std::size_t conditions) const;
    // By family: holds().
    std::vector<RuleId> all_holding() const;
    // Reads what a sample of this metric would have looked at, to keep it near. What it returns
    // means nothing.
    double touch(const MetricTable& table, FamilyId family, MetricId metric) const;
    // ... and what any sample does, one source a turn.
    void touch(std::size_t turn) const { touch_one(sources_, turn); }

  private:
    using State = ConditionState;
    using Phase = ConditionState::Phase;
    using Source = SourceHealth;
    // What a rule looks at when a metric of a family changes: one condition, or with Over::each one
    // per source. States, windows and deadlines of them stand together, from these on.
    struct Watch {
        RuleId rule{};
        FamilyId family = none<FamilyId>();  // none: all that the rule watches, summed
        std::uint32_t first_state = 0;
        std::uint32_t first_window = 0;
        std::uint32_t first_deadline = 0;
        // A limit of one family's value, without warnings: from low to high it is far from
        // tripping. Others are never far.
        bool each = false;
        std::uint32_t missing = 0;  // a sum: first values that it waits for
        double far_low = 1;
        double far_high = -1;
    };
    // One of them.
    struct Condition {
        const RuleSpec& rule;
        const Watch& watch;
        std::size_t at;   // within the watch
        SourceId source;  // Over::each: whose; else who moved it, or none
    };
    // What a rule makes of a value.
    struct Reading {
        double value = 0;
        double limit = 0;
        double used = 0;  // of what is allowed
        double allowed = 0;
        bool is_breach() const { return !(used <= allowed); }  // a NaN is one
        double share() const;
    };
    // values
    bool is_far(const Watch& watch, const Sample& sample, double sum) const;
    void count_first(const MetricTable& table, const Sample& sample);
    void end_waits(const MetricTable& table, Time now, Breaches& out);
    void count_missing(Watch& watch) const;
    bool has_value(const Watch& watch, const MetricTable& table) const;
    bool waits(const Watch& watch) const;
    void take(const Watch& watch, const MetricTable& table, const Sample& sample, Breaches& out);
    bool looks_at(const Watch& watch, SourceId source) const;
    bool is_moved_by(const Watch& watch, std::span<const Sample> batch) const;
    Condition condition_of(const Watch& watch, const Sample& sample) const;
    void arrive(const Condition& condition, double value);
    void follow(const Condition& condition, double value, const Sample& sample);
    void begin(const Condition& condition, double value, Time now);
    void review(const Condition& condition, const MetricTable& table, Time now, Breaches& out);
    void judge(const Condition& condition, double value, Time now, bool is_sample, Breaches& out);
    void settle_phase(const Condition& condition, const Reading& reading, Time now, bool is_sample,
                      Breaches& out);
    void warn(const Condition& condition, const Reading& reading, Breaches& out);
    void set_deadline(const Condition& condition);
    void look_at_due(const MetricTable& table, Time now, Breaches& out);
    Condition condition_of(const Watch& watch, std::size_t at) const;
    void advance(const Condition& condition, Time now);
    void resume(const Condition& condition, const MetricTable& table, Time now, Breaches& out);
    Time last_stored(const Condition& condition, const MetricTable& table) const;
    void tell_undone(const MetricTable& table, Breaches& out);
    bool is_undone(RuleId rule, FamilyId family, SourceId source, bool excused) const;
    Unknown unknown_in(const MetricTable& table, const Watch& watch) const;
    SourceId who_owes(const MetricTable& table, const RuleSpec& rule, FamilyId family,
                      MetricId metric) const;
    bool has_spoken(const MetricTable& table, SourceId source, FamilyId family) const;
    Reading read(const Condition& condition, double value) const;
    static Reading read_limit(const RuleSpec& rule, double value);
    static Reading read_fall(const RuleSpec& rule, double value, double peak);
    static Reading read_range(const RuleSpec& rule, double value, const RangeWindow& window);
    static Reading read_amount(const RuleSpec& rule, double amount);
    Breach breach_of(const Condition& condition, const Reading& reading, BreachKind kind) const;
    double value_of(const Condition& condition, const MetricTable& table) const;
    static double difference(const RuleSpec& rule, FamilyId family, const MetricTable& table);
    bool is_known(const Condition& condition, const MetricTable& table) const;
    static bool is_known_in(const RuleSpec& rule, FamilyId family, SourceId source,
                            const MetricTable& table);
    Distance distance(const Condition& condition, const MetricTable& table, Time now) const;
    template <class Visit>
    void for_each_condition(Visit&& visit) const;
    template <class Visit>
    void for_each_condition(const Watch& watch, Visit&& visit) const;
    State& state(const Condition& condition) {
        return states_[condition.watch.first_state + condition.at];
    }
    const State& state(const Condition& condition) const {
        return states_[condition.watch.first_state + condition.at];
    }
    RangeWindow& range(const Condition& condition) {
        return ranges_[condition.watch.first_window + condition.at];
    }
    SumWindow& sum(const Condition& condition) {
        return sums_[condition.watch.first_window + condition.at];
    }

    // health
    void look_for_gone(Breaches& out);
    void look_for_silence(const MetricTable& table, Time now, Breaches& out);
    void look_for_silence(std::size_t stale, const MetricTable& table, Time now, Breaches& out);
    bool is_told_by_gone(std::size_t stale) const;
    bool owes_signs(std::size_t stale, const MetricTable& table) const;
    Breach silence_of(const HealthWatch& watch, Duration silence) const;
    bool is_newly_silent(std::size_t stale, const MetricTable& table, Time now) const;
    Time last_sign(const HealthWatch& watch, const MetricTable& table) const;
    BreachKind trip_kind(RuleId rule) const;

    // kills
    std::span<const FamilyId> kills(RuleId rule, FamilyId family, SourceId source) const;
    bool kills_family(RuleId rule, FamilyId watched, SourceId source, FamilyId family) const;
    void mark_holding(std::vector<RuleId>& by_family) const;
    template <class Visit>
    void for_each_holding(Visit&& visit) const;
    bool restarts_by_arming(const RuleSpec& rule, RuleId id, FamilyId family) const;
    bool is_alone_armed(FamilyId family, std::span<const FamilyId> kills) const;
    bool any_tripped(const Watch& watch) const;

    // compiling
    void compile(RuleId id);
    void mark_told_by_gone();
    void index_stale();
    void add_watch(RuleId id, FamilyId family);
    static void mark_far(const RuleSpec& rule, Watch& watch);
    void index_watches();
    std::size_t warnings() const;
    void carry_values(RuleId id, const RuleSet& old, RuleId before);
    void carry_deadlines(RuleId id, const RuleSet& old, RuleId before);
    std::size_t first_watch(RuleId rule) const;
    std::vector<std::pair<RuleId, RuleId>> pairs_by_name(const RuleSet& old) const;
    static void carry_health(std::span<HealthWatch> to, RuleId rule,
                             std::span<const HealthWatch> from, RuleId before);

    RuleSet(const Plan& plan, std::unique_ptr<StateMemory> own, StateMemory* memory);

    std::unique_ptr<StateMemory> own_;
    std::vector<RuleSpec> rules_;
    Duration sum_wait_;
    std::vector<std::vector<FamilyId>> source_families_;
    std::vector<std::vector<bool>> source_kills_;  // by source: source_families_ as bits
    std::vector<std::vector<bool>>
        rule_kills_;              // by rule: its kills, or without any what it watches
    std::vector<bool> expected_;  // by source
    std::size_t metric_count_;
    std::size_t family_count_;
    std::vector<FamilyId>
        each_family_;  // 0, 1, 2 ...: a span of one for "the family that breached"
    // While it is compiled: how many of the memory's parts are in use.
    struct Placed {
        std::uint32_t states = 0, ranges = 0, sums = 0;
    } placed_;
    std::vector<Watch> watches_;
    std::span<State> states_;
    std::span<RangeWindow> ranges_;           // of drawdown and change
    std::span<SumWindow> sums_;               // of count
    std::vector<std::uint32_t> timed_watch_;  // by deadline: whose
    Deadlines deadlines_{0};                  // of conditions that time alone can change
    std::vector<Time> wait_until_;            // by watch: it has a value, and waits for others
    std::vector<std::uint64_t> judged_in_;    // by watch: the last batch that it was judged in
    std::uint64_t batch_ = 0;
    std::vector<bool> goes_on_;               // by watch: a reload has changed nothing of it
    std::vector<std::uint32_t> in_batch_;     // watches that it moved
    std::vector<std::uint32_t> watch_list_;   // indices into watches_, grouped by (family, metric)
    std::vector<std::uint32_t> watch_begin_;  // per (family, metric), and one more
    std::span<HealthWatch> gone_, bad_, stale_;
    // By stale_: where its source vanishes, rules of kind `gone` kill all that it kills.
    std::vector<bool> told_by_gone_;
    std::vector<std::uint32_t> stale_list_;   // indices into stale_, grouped by source
    std::vector<std::uint32_t> stale_begin_;  // per source, and one more
    std::vector<bool> gone_kills_all_;        // by source: ... all that it may publish for
    std::span<Source> sources_;
    std::vector<bool> armed_;  // by family
    // Rules whose peaks start over with arming, and where their watches begin and end.
    struct ArmingRule {
        RuleId rule{};
        std::uint32_t begin = 0, end = 0;
    };
    std::vector<ArmingRule> arming_rules_;
    std::vector<Unknown> unknown_;  // by family, as find_unknown() found it
    std::vector<RuleId> holding_;   // by family, as find_holding() found it
    Time silence_deadline_ = never;
    bool any_silent_ = false;  // a stale rule holds: whether it still does is looked at each time
    std::size_t breaches_max_ = 0;
};

template <class Visit>
void RuleSet::for_each_condition(Visit&& visit) const {
    for (const Watch& watch : watches_) for_each_condition(watch, visit);
}

template <class Visit>
void RuleSet::for_each_condition(const Watch& watch, Visit&& visit) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    const std::size_t count = is_by_source(rule) ? sources_.size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
        const auto source = is_by_source(rule) ? id_at<SourceId>(i) : none<SourceId>();
        visit(Condition{rule, watch, i, source});
    }
}

}  // namespace scram
