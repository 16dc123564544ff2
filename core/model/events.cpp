#include "core/model/events.h"

namespace scram {

// One input trips each rule at most twice (by time, then by a value), and tells each warning step
// at most twice; latches, fires, settles and arms each family at most twice; and touches each link
// at most four times.
Step::Step(const Plan& plan)
    : actions(6 * plan.families.size() + 4 * links_per_account_max * plan.accounts.size() + 16),
      events(2 * rules_max + 2 * warnings_max + 6 * plan.families.size() +
             6 * links_per_account_max * plan.accounts.size() + 16) {}

}  // namespace scram
