// Arming again, as a checked transaction: the operator names the trip, no rule may hold, and the
// gate opens once the exchange takes orders again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/engine/cancels.h"
#include "core/engine/kill_switch.h"
#include "core/engine/second_person.h"
#include "core/engine/trips.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/rules/rules.h"

namespace scram {

class Rearming {
  public:
    Rearming(const Plan& plan, RuleSet& rules, const MetricTable& metrics, Breaches& breaches,
             std::vector<KillSwitch>& switches, Trips& trips, Cancels& cancels);

    // Arms each of `families` that one of `trips`, those that the operator has looked at, was the
    // last to want latched, and that no rule holds (or even so, if forced). Where its account wants
    // two persons, the first one's wish is kept, and the second one's arms.
    void on_rearm(std::span<const FamilyId> families, std::span<const TripId> trips,
                  const OperatorNote& note, bool force, Time now, Step& step);
    // The exchange accepted the cancel with lockInterval 0.
    void unlocked(FamilyId id, Time now, Step& step);
    // Opens the gates that may open by now; no more in one turn than a signal can wait for.
    void go_on(Time now, Step& step);
    Time next_deadline(Time now) const;
    const RearmWish& wish(FamilyId id) const { return second_person_.wish(id); }

  private:
    // What speaks against arming a family.
    struct Obstacle {
        RuleId held_by = none<RuleId>();
        Unknown unknown;
        bool any() const { return held_by != none<RuleId>() || unknown.rule != none<RuleId>(); }
    };
    Refusal refusal(FamilyId id, const Obstacle& obstacle, std::span<const TripId> trips,
                    bool force, std::uint64_t looked_at) const;
    void tell_wanted(FamilyId id, const OperatorNote& note, Time now, Step& step);
    void release(FamilyId id, Refusal refusal, const Obstacle& obstacle, const OperatorNote& note,
                 Time now, Step& step);
    void go_on(FamilyId id, Time now, Step& step);
    void arm(FamilyId id, Time now, Step& step);

    const Plan& plan_;
    RuleSet& rules_;
    const MetricTable& metrics_;
    Breaches& breaches_;
    std::vector<KillSwitch>& switches_;
    Trips& trips_;
    Cancels& cancels_;
    SecondPerson second_person_;
    bool any_released_ = false;    // switches whose release is not none, maybe
    Time go_on_at_ = never;        // some of them are left for a later turn
    std::uint64_t looked_at_ = 0;  // conditions, for arming
};

}  // namespace scram
