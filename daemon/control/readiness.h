// Whether scramd is ready to kill, in words: for its status, its log and the service manager.
#pragma once

#include <string>

#include "daemon/loop/driver.h"

namespace scram {

struct Readiness {
    bool ready = true;  // a breach fires at once, and nothing is amiss
    bool fires = true;  // a breach fires
    std::size_t links_warm = 0;
    std::string reason;  // all that is amiss, "; " between; empty: nothing is
    std::string json;    // [{"reason_code", "account", "reason"}, ...]
};

Readiness readiness(const Driver& driver, Time now);

}  // namespace scram
