// What the rules must say, told naively: every sample is kept, and each condition is worked out
// again from them. It shares no code with core/rules, and is slow on purpose.
#pragma once

#include <optional>
#include <vector>

#include "core/model/plan.h"
#include "core/rules/rules.h"
#include "core/signal.h"
#include "tests/sim/coverage.h"

namespace scram::sim {

// Something that the engine must tell in this step; not `sure` where two things fall on the same
// instant, and either order is right.
struct Foretold {
    BreachKind kind = BreachKind::trip;
    RuleId rule{};
    FamilyId family = none<FamilyId>();
    SourceId source = none<SourceId>();
    bool sure = true;
    double share = 0;
};

class Oracle {
  public:
    Oracle(const Plan& plan, Coverage& seen);

    // Each mirrors an input of the engine, before the engine is given it. What it must tell then
    // stands in foretold().
    void signal(SourceId from, const scram_signal& signal, Time now);
    void signals_lost(SourceId source);
    void joined(SourceId source, Time now);
    void left(SourceId source);
    void vanished(SourceId source);
    void time(Time now);
    void reload(const Plan& plan, Time now);
    // scramd ended and started over: all that was said before still counts. `armed`: by family.
    void restart(const std::vector<bool>& armed, Time now);
    // Who was attached then and has not come back.
    void give_up_awaited(Time now);

    // What the step made of it.
    void latched(FamilyId family) { armed_[index(family)] = false; }
    void looked_at(FamilyId family);
    void rearmed(FamilyId family, Time now);
    void clear() {
        foretold_.clear();
        causes_ = 1;
    }

    const std::vector<Foretold>& foretold() const { return foretold_; }
    // Of what is foretold: one for each input, two where a batch ended before the signal's own.
    std::size_t causes() const { return causes_; }
    // Whom a breach kills.
    std::vector<FamilyId> kills(RuleId rule, FamilyId family, SourceId source) const;
    // Does a rule that kills `family` hold? Nothing where rounding decides.
    bool holds(FamilyId family) const;
    // Does such a rule look at something that a source which is expected has not said?
    bool unknown(FamilyId family) const;
    // When a rule trips though nothing else happens; never if none does.
    Time next_trip() const;
    BadReason last_bad() const { return last_bad_; }

  private:
    enum class Phase : std::uint8_t { clear, pending, tripped };
    struct Sample {
        Time at{};
        double value = 0;
    };
    using History = std::vector<Sample>;
    struct Source {
        bool owes_signs = false;
        bool vanished = false;
        bool heard = false;  // since it came, or came back after its quotes were cancelled
        Time joined{};
        Time seen{};
        std::uint64_t expected = 1;
        Time awaited_until = never;
    };
    // One thing that a rule looks at: a family or all, a source or the sum.
    struct Condition {
        RuleId rule{};
        FamilyId family = none<FamilyId>();
        SourceId source = none<SourceId>();
        // of values
        Phase phase = Phase::clear;
        History series;  // the watched value, or what a count rose by
        Time since{};
        Time looked{};
        std::uint32_t samples = 0;
        std::vector<bool> warned;
        Time wait_until = never;  // a sum of which some is missing: it has a first value
        bool waited = false;
        // of health
        bool held = false;
        Time silent_since{};   // the last sign, when it was looked at
        bool excused = false;  // a family was armed by force since it tripped
    };
    struct Reading {
        double used = 0;
        double allowed = 0;
        bool breach = false;
    };

    void add_conditions(RuleId id);
    BadReason judge(SourceId from, const scram_signal& signal) const;
    BadReason follow(SourceId from, const scram_signal& signal);
    void report_bad(SourceId source, FamilyId family);
    bool belongs(SourceId from, const scram_signal& signal) const;
    bool is_moved(const Condition& condition) const;
    void accept(SourceId source, FamilyId family, MetricId metric, double value, bool restart,
                Time now);
    void restart_series(SourceId source, FamilyId family, MetricId metric, Time now);
    void judge_batch(Time now);
    bool looks_at(const Condition& condition, SourceId source, FamilyId family,
                  MetricId metric) const;
    void take(Condition& condition, double rose, Time now);
    void settle(Condition& condition, bool is_sample, Time now);
    void warn(Condition& condition, const Reading& reading);
    enum class Warnings { told, missed };
    void pass_time(Condition& condition, Time now, Warnings warnings = Warnings::told);
    bool waits(const Condition& condition) const;
    bool has_value(const Condition& condition) const;
    bool owed(const RuleSpec& rule, FamilyId family, MetricId metric) const;
    bool has_spoken(SourceId source, FamilyId family) const;
    void end_waits(Time now);
    void look_for_silence(Time now);
    static bool is_in(const std::vector<Foretold>& step, const Condition& condition);
    bool is_undone(const Condition& condition) const;
    void look_for_silence(Condition& condition, Time now);
    void end_silence(SourceId source, FamilyId family, MetricId metric);
    void look_back(SourceId from, const scram_signal& signal, bool is_value, Time now);
    Time last_sign(const Condition& condition) const;
    bool owes_sign(const Condition& condition) const;
    bool death_kills(SourceId source, const std::vector<FamilyId>& families) const;
    void tell(const Condition& condition, BreachKind kind, bool sure = true, double share = 0);
    void trip(Condition& condition, bool sure = true);

    static bool is_of_health(RuleKind kind) {
        return kind == RuleKind::stale || kind == RuleKind::gone || kind == RuleKind::bad;
    }
    static bool is_windowed(const RuleSpec& rule);
    static std::int64_t cell_width(const RuleSpec& rule);
    static std::int64_t cell_of(const RuleSpec& rule, Time at);
    Reading read(const Condition& condition, Time now) const;
    History in_window(const Condition& condition, Time now) const;
    bool known(const Condition& condition) const;
    bool known_of(const Condition& condition, FamilyId family) const;
    double value_of(const Condition& condition) const;
    double of_family(const RuleSpec& rule, FamilyId family, SourceId source) const;
    double sum(FamilyId family, MetricId metric) const;
    double latest(SourceId source, FamilyId family, MetricId metric) const;
    bool published(SourceId source, FamilyId family, MetricId metric) const;
    const History& history(SourceId source, FamilyId family, MetricId metric) const;
    History& history(SourceId source, FamilyId family, MetricId metric);
    const RuleSpec& rule_of(const Condition& condition) const {
        return plan_.rules[index(condition.rule)];
    }
    bool kills_family(const Condition& condition, FamilyId family) const;

    Plan plan_;
    Coverage& seen_;
    std::vector<History> histories_;
    std::vector<Source> sources_;
    std::vector<Condition> conditions_;
    std::vector<bool> armed_;
    std::vector<Foretold> foretold_;
    std::size_t causes_ = 1;
    // Values that belong together, and what each condition makes of those until now.
    struct Arrival {
        SourceId source{};
        FamilyId family{};
        MetricId metric{};
        double rose = 0;
    };
    std::vector<Arrival> batch_;
    BadReason last_bad_ = BadReason::none;
};

}  // namespace scram::sim
