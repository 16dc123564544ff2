// An authenticated call that is no mass-cancel, as the engine wants it made: what is read of an
// account, a family, its orders; the dead man's switch.
#pragma once

#include <cstdint>

#include "core/base/ids.h"
#include "core/okx/request.h"

namespace scram {

struct Call {
    PrivateRequest what = PrivateRequest::account_config;
    AccountId account = none<AccountId>();
    FamilyId family = none<FamilyId>();
    LinkId link = none<LinkId>();
    std::uint64_t after = 0;  // orders: those older than this one; 0: from the newest
    int timeout_s = 0;        // cancel_all_after: 0 ends the timer
    bool look = false;        // mmp_orders: an operator asks, no trip is verified
};

}  // namespace scram
