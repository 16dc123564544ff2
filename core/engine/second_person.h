// Four eyes: where an account wants two persons, what one asks to arm waits for another. A wish is
// for the trip that its family was latched by: a new one makes it void, as does time.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/fixed_text.h"
#include "core/engine/kill_switch.h"
#include "core/engine/trips.h"
#include "core/model/events.h"
#include "core/model/plan.h"

namespace scram {

struct RearmWish {
    bool stands = false;
    bool force = false;
    std::uint32_t uid = 0;
    FixedText<32> by;
    TripId trip{};  // that was last to want the family latched
    Time until{};
};

class SecondPerson {
  public:
    enum class Says : std::uint8_t {
        arm,          // one is enough, or this is the second
        wait,         // the wish is kept for a second person
        same_person,  // who has asked already
    };

    SecondPerson(const Plan& plan, const std::vector<KillSwitch>& switches);

    // Of a family that may be armed. `by_force`: only by force, which both must have asked for.
    Says ask(FamilyId id, const OperatorNote& note, bool force, bool by_force, Time now);
    const RearmWish& wish(FamilyId id) const { return wishes_[index(id)]; }
    // Ends and tells what nobody else asked for in time, and what another trip made void.
    void look_at_age(Time now, Step& step);
    Time next_deadline() const;

  private:
    bool is_void(FamilyId id) const;

    const Plan& plan_;
    const std::vector<KillSwitch>& switches_;
    std::vector<RearmWish> wishes_;  // by family
    std::size_t standing_ = 0;
};

}  // namespace scram
