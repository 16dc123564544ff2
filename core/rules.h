// The rules, compiled: which condition to look at when a value changes, and whether it holds. A
// rule trips on the edge, when its condition begins to hold; a family that it kills then stays
// latched.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/actions.h"
#include "core/metric_table.h"
#include "core/plan.h"

namespace scram {

// One rule that began to hold, or a step towards it.
enum class BreachKind : std::uint8_t { trip, would_trip, warning, warning_over };
inline constexpr std::size_t breach_kinds = 4;
struct Breach {
    BreachKind kind = BreachKind::trip;
    RuleId rule{};
    FamilyId family = none<FamilyId>();  // that breached; of a bad record: that it named
    SourceId source = none<SourceId>();
    MetricId metric = none<MetricId>();
    BadReason bad = BadReason::none;
    double value = 0;
    double limit = 0;
    double share = 0;  // a warning's step
};
using Breaches = FixedList<Breach>;

class RuleSet {
  public:
    explicit RuleSet(const Plan& plan);

    // The most breaches that one call can append.
    std::size_t breaches_max() const { return breaches_max_; }

    // `first`: the source had not published this value before.
    void on_value(const MetricTable& table, SourceId source, FamilyId family, MetricId metric,
                  bool first, Breaches& out);
    void on_bad(SourceId source, FamilyId family, MetricId metric, BadReason bad, double value,
                Breaches& out);
    void on_seen(SourceId source, Time now) { sources_[index(source)].seen = now; }
    void on_joined(SourceId source, Time now);
    void on_left(SourceId source);
    void on_vanished(SourceId source, Breaches& out);
    // Silence that has become too long.
    void on_time(const MetricTable& table, Time now, Breaches& out);
    // Looks at every condition anew: after a reload, when limits changed but no value did.
    void on_reload(const MetricTable& table, Breaches& out);

    Time next_deadline() const { return next_deadline_; }

    std::span<const FamilyId> kills(const Breach& breach) const;

    void on_latched(FamilyId family) { armed_[index(family)] = false; }
    // A family was armed: its peaks start from the present values, its one-time conditions may trip
    // anew.
    void on_rearmed(const MetricTable& table, FamilyId family);
    // The first rule that kills `family` and would hold at once if it were armed now; none if none.
    RuleId holds(FamilyId family) const;

    // A reload: peaks and held conditions of rules that are the same in both are kept.
    void carry_over(const RuleSet& old);

  private:
    // The state of one condition: of one watched family or set, over the sum or one source.
    struct State {
        bool holds = false;
        bool has_peak = false;
        double peak = 0;
    };
    // A limit or drawdown looked at when a metric of a family changes.
    struct Watch {
        RuleId rule{};
        FamilyId family = none<FamilyId>();  // none: all that the rule watches, summed
        std::uint32_t first_state = 0;       // one state, or with Over::each one per source
    };
    // A source whose health (gone, bad) or silence (stale) a rule watches.
    struct HealthWatch {
        RuleId rule{};
        SourceId source{};
        FamilyId family = none<FamilyId>();  // stale with a metric: of this family
        bool holds = false;
    };
    struct Source {
        bool owes_signs = false;  // attached and did not say goodbye
        bool vanished = false;    // and has not come back
        Time joined{};
        Time seen{};
    };

    void compile(RuleId id);
    void compile_value_rule(RuleId id);
    void compile_health_rule(RuleId id);
    void index_watches(const Plan& plan);
    void look_for_gone(Breaches& out);
    void look(const Watch& watch, const MetricTable& table, SourceId source, double arrived,
              Breaches& out);
    bool is_alone_armed(FamilyId family, std::span<const FamilyId> kills) const;
    bool any_holds(const Watch& watch) const;
    std::size_t state_count(RuleId rule) const;
    std::pair<std::size_t, std::size_t> states_of(RuleId rule) const;
    std::vector<std::pair<RuleId, RuleId>> pairs_by_name(const RuleSet& old) const;
    static void carry_over(std::vector<HealthWatch>& to, RuleId rule,
                           const std::vector<HealthWatch>& from, RuleId before);
    void restart(const Watch& watch, const MetricTable& table);
    bool is_known(const RuleSpec& rule, const Watch& watch, const MetricTable& table,
                  SourceId source) const;
    double value_of(const RuleSpec& rule, const Watch& watch, const MetricTable& table,
                    SourceId source) const;
    Time last_sign(const HealthWatch& watch, const MetricTable& table) const;
    std::span<const FamilyId> kills(RuleId rule, FamilyId family, SourceId source) const;
    bool kills_family(RuleId rule, FamilyId watched, SourceId source, FamilyId family) const;

    std::vector<RuleSpec> rules_;
    std::vector<std::vector<FamilyId>> source_families_;
    std::vector<std::vector<bool>> source_kills_;  // by source: source_families_ as bits
    std::vector<std::vector<bool>>
        rule_kills_;  // by rule: its kills, or without any what it watches
    std::size_t metric_count_;
    std::size_t family_count_;
    std::vector<FamilyId>
        each_family_;  // 0, 1, 2 ...: a span of one for "the family that breached"
    std::vector<Watch> watches_;
    std::vector<State> states_;
    std::vector<std::uint32_t> watch_list_;   // indices into watches_, grouped by (family, metric)
    std::vector<std::uint32_t> watch_begin_;  // per (family, metric), and one more
    std::vector<HealthWatch> gone_, bad_, stale_;
    std::vector<Source> sources_;
    std::vector<bool> armed_;  // by family
    Time next_deadline_ = never;
    std::size_t breaches_max_ = 0;
};

}  // namespace scram
