// Authenticated calls that are no cancels: on which link and within which limits they are made.
// They never delay a cancel: none begins while one of its account is due, nor on the last idle link
// of an account that has several.
#pragma once

#include <array>
#include <vector>

#include "core/engine/cancels.h"
#include "core/engine/links.h"
#include "core/engine/read_budget.h"
#include "core/model/events.h"
#include "core/model/plan.h"

namespace scram {

class ExchangeCalls {
  public:
    ExchangeCalls(const Plan& plan, Links& links, const Cancels& cancels);

    // Where a call of the account may begin now, but on `but`; none: nowhere. A link that becomes
    // idle, or the end of a cancel, may change that.
    LinkId link_for(AccountId id, Time now, LinkId but = none<LinkId>()) const;
    // May this link be that.
    bool may_use(LinkId id, Time now) const;
    // When the limits allow such a call.
    Time next_take(AccountId id, PrivateRequest what, Time now) const;
    // The same of a look, which takes nothing from the reads that verify.
    Time next_look(AccountId id, Time now) const { return limits_[index(id)].looks.next_take(now); }
    // On a link and within limits that allow it.
    void begin(const Call& call, Time now, Step& step);

    // Its answer was read; it was lost with its link, which is down already; it was never sent.
    void answered(LinkId id, bool link_stays, Time now);
    void lost(LinkId id, Time now);
    void not_sent(LinkId id, Time now);
    // At `now` the exchange was seen to have read what began at `since` or later.
    void see_alive(AccountId id, Time since, Time now);

  private:
    // What OKX grants in 2 s (of the timer: in 1 s) for each User ID is the account's and not ours
    // alone; and a start begins with all of it. Less than half of it does for us.
    struct Limits {
        ReadBudget config{2};         // of 5: account/config
        ReadBudget mmp{2};            // of 5: account/mmp-config
        ReadBudget batch{7};          // of 15, with 20 orders each: trade/cancel-batch-orders
        ReadBudget orders{20};        // of 60: trade/orders-pending ...
        ReadBudget looks{8};          // ... and of the same
        ReadBudget timer{1, 1005ms};  // of 1 in 1 s: trade/cancel-all-after
    };
    static ReadBudget Limits::*of(PrivateRequest what);
    ReadBudget& limit_of(const Call& call) {
        Limits& its = limits_[index(call.account)];
        return call.look ? its.looks : its.*of(call.what);
    }

    const Plan& plan_;
    Links& links_;
    const Cancels& cancels_;
    std::vector<Limits> limits_;  // by account
};

}  // namespace scram
