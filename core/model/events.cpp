#include "core/model/events.h"

namespace scram {

// One input trips each rule at most twice (by time, then by a value), and tells each warning step
// at most twice; latches, fires, settles, reads and arms each family at most twice, ends at most
// two wishes to arm it, and one look at it; touches each link at most four times; and of each
// account's dead man's switch tells at most four things.
Step::Step(const Plan& plan)
    : actions(6 * plan.families.size() + 4 * links_per_account_max * plan.accounts.size() + 16),
      events(2 * rules_max + 2 * warnings_max + 11 * plan.families.size() +
             6 * links_per_account_max * plan.accounts.size() + 4 * plan.accounts.size() + 16),
      calls(2 * links_per_account_max * plan.accounts.size()) {}

}  // namespace scram
