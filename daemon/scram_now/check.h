// scram-now's rehearsal: everything but the cancel.
#pragma once

#include <vector>

#include "daemon/scram_now/lane.h"

namespace scram {

// Connects to each address of the exchange, verifies it, asks for the time, and says what would be
// cancelled when. True if at least one address would do.
bool rehearse_now(NowContext& context, const std::vector<FamilySpec>& families);

}  // namespace scram
