// What a breach, or an operator, makes of the families that it kills.
//
// One cause is one trip: what one input breaches, of however many rules, shares a number, and each
// rule is told once.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/engine/cancels.h"
#include "core/engine/kill_switch.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/rules/rules.h"

namespace scram {

struct OperatorNote {
    std::string_view by;      // who: "uid 1000 (desk)"
    std::string_view reason;  // why, in their words
    std::uint32_t uid = 0;    // the user, where two persons must differ
};

class Trips {
  public:
    Trips(const Plan& plan, RuleSet& rules, Breaches& breaches, std::vector<KillSwitch>& switches,
          Cancels& cancels);

    // Takes what the rules found since the last turn.
    void on_breaches(Time published, Time now, Step& step);
    void on_operator(std::span<const FamilyId> families, const OperatorNote& note, Time now,
                     Step& step);
    // A trip of its own, of what a start latches for no other.
    TripId on_start(std::string_view why, Time now, Step& step);

    // Of breaches: goes up with each call of on_breaches().
    std::uint64_t turn() const { return turn_; }
    // Breaches that changed nothing and were not told, since their rule had been told just before.
    std::uint64_t suppressed() const { return suppressed_; }

    // At a start: the last of the process before this one.
    void restore(TripId last) { trips_ = static_cast<std::uint64_t>(last); }
    // A reload: rules have other numbers.
    void restart() { told_.assign(plan_.rules.size(), {}); }

    // Reads what a kill reads, of each table one row a turn.
    void touch(std::size_t turn) const;

  private:
    // What was told of a rule.
    struct Told {
        std::uint64_t trip_turn = 0;    // the last turn with a trip of it
        std::uint64_t shadow_turn = 0;  // ... with a trip that it would have made
        TripId trip{};
        Time tripped_at{};
    };
    void trip(const Breach& breach, Time published, Time now, Step& step);
    void tell_beside(const Breach& breach, Time published, Time now, Step& step);
    bool changes_nothing(const Breach& breach, Time now) const;
    milliseconds lock_of(RuleId rule, FamilyId family) const;
    void latch(FamilyId family, TripId trip, milliseconds lock, Time now, Step& step);

    const Plan& plan_;
    RuleSet& rules_;
    Breaches& breaches_;
    std::vector<KillSwitch>& switches_;
    Cancels& cancels_;
    std::vector<Told> told_;  // by rule
    std::uint64_t turn_ = 0;
    TripId turn_trip_{};  // that its breaches share; none: they have made none yet
    std::uint64_t trips_ = 0;
    std::uint64_t suppressed_ = 0;
};

}  // namespace scram
