// Whether scramd is ready to kill, in words: for its status, its log and the service manager.
#pragma once

#include <string>

#include "daemon/loop/driver.h"

namespace scram {

struct Readiness {
    bool ready = true;  // a breach fires at once, and nothing is lacking
    bool fires = true;  // a breach fires
    std::size_t links_warm = 0;
    std::string reason;  // all that is lacking, "; " between; empty: nothing is
    std::string json;    // [{"lack", "account", "reason"}, ...]
};

Readiness readiness(const Driver& driver, Time now);

}  // namespace scram
