// What is known of accounts by authenticated calls, made while nothing happens: that key,
// passphrase, address and clock are taken, what the key may do, in which mode the account is, and
// how OKX's own protection of each family stands. So that a kill is not the first to use them.
// https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration
#pragma once

#include <optional>
#include <vector>

#include "core/engine/accounts.h"
#include "core/engine/calls.h"
#include "core/engine/links.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/okx/account_answers.h"

namespace scram {

// Of an account.
struct AccountTruth {
    Answer answer;                      // the last; no code and no HTTP status: there was none
    Time told{};                        // when it was read
    std::optional<AccountFacts> facts;  // of the last that had some ...
    Time proven{};                      // ... and when that was read; Time{}: none yet
};

class AccountChecks {
  public:
    AccountChecks(const Plan& plan, Accounts& accounts, Links& links, ExchangeCalls& calls);

    void link_came_up(LinkId id, Time now);
    void begin_due(Time now, Step& step);
    void told(LinkId id, const Told<AccountFacts>& told, Time now, Step& step);
    void told(LinkId id, const Told<MmpFacts>& told, Time now, Step& step);
    // Of the link's call there is no answer.
    void no_answer(LinkId id, Time now);
    Time next_deadline(Time now) const;

    const AccountTruth& truth(AccountId id) const { return accounts_known_[index(id)].truth; }
    Mmp mmp(FamilyId id) const { return families_[index(id)].mmp; }

  private:
    struct AccountKnown {
        AccountTruth truth;
        Time not_before{};   // the next call of any link
        bool asked = false;  // a call of its is in flight: one at a time
        std::vector<FamilyId> families;
        std::size_t turn = 0;  // of families: whose MMP settings are asked for next
    };
    struct FamilyKnown {
        Mmp mmp = Mmp::unknown;
        Time next{};
    };
    bool check_link(AccountId id, Time now, Step& step);
    void ask_for_mmp(AccountId id, Time now, Step& step);
    void raise(AccountId id, const Told<AccountFacts>& told, Time now, Step& step);

    const Plan& plan_;
    Accounts& accounts_;
    Links& links_;
    ExchangeCalls& calls_;
    std::vector<Time> due_;  // by link: its next account/config
    std::vector<AccountKnown> accounts_known_;
    std::vector<FamilyKnown> families_;
};

}  // namespace scram
