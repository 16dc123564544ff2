// What the exchange's own book says of a trip. That OKX took a mass-cancel is no proof that nothing
// rests: an order may have been on its way, and of its cancels OKX says that taking is not doing.
// So the open orders of each family are read once its cancel was accepted, and the trip is verified
// by two reads in a row that show none: begun at least `verify_gap` apart, on two links where the
// account has two, both after the acceptance, since a page may be stale for moments. A read that
// shows orders has them cancelled again, as often as need be.
// What a mass-cancel leaves is counted then; and where the plan says so, cancelled as well, by the
// ids that such a read has shown, until two reads show none of it either, likewise on two links.
// https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-list
// https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-cancel-multiple-orders
#pragma once

#include <span>
#include <vector>

#include "core/base/family_set.h"
#include "core/engine/accounts.h"
#include "core/engine/calls.h"
#include "core/engine/cancels.h"
#include "core/engine/kill_switch.h"
#include "core/engine/links.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/okx/account_answers.h"

namespace scram {

// From an acceptance to the first read: other breaches of the same moment have the loop and the
// links for themselves, and what was in flight to the exchange has arrived.
inline constexpr Duration verify_after = 30ms;
// From the reading of the first read's answer to the sending of the second.
inline constexpr Duration verify_gap = 200ms;
// Pages of other orders that are counted: more than an account may have.
inline constexpr std::uint32_t rest_pages_max = 50;

// What the reads of a family have shown since its trip.
struct FamilyReads {
    std::uint32_t empty = 0;   // in a row, since its cancel was accepted
    std::uint32_t found = 0;   // those that showed MMP orders, and had them cancelled again
    std::uint32_t failed = 0;  // in a row, without a usable answer
    bool rest_known = false;
    std::uint32_t rest = 0;  // orders that a mass-cancel does not reach, counted once verified
    std::uint32_t rest_cancelled = 0;  // of those that OKX took to be cancelled
};

class Verification {
  public:
    Verification(const Plan& plan, std::vector<KillSwitch>& switches, Accounts& accounts,
                 Links& links, Cancels& cancels, ExchangeCalls& calls);

    // Its cancel was accepted, now or before this start.
    void accepted(FamilyId id, Time now);
    void begin_due(Time now, Step& step);
    void told(LinkId id, const Told<OrdersPage>& told, Time now, Step& step);
    void told(LinkId id, const Told<BatchFacts>& told, Time now, Step& step);
    // Of the link's call there is no answer.
    void no_answer(LinkId id, Time now, Step& step);
    // Raises and ends the alarm of what is not verified for long.
    void look_at_age(Time now, Step& step);
    Time next_deadline(Time now) const;
    // Reads of it are made, or are to be: not once a person arms it, nor while it is cancelled.
    bool is_wanted(FamilyId id) const;

    // Those that the call cancel_orders of the family, which was just begun, is to cancel.
    std::span<const OrderRef> to_cancel(FamilyId id) const { return families_[index(id)].rest; }
    const FamilyReads& reads(FamilyId id) const { return families_[index(id)].reads; }

  private:
    struct Family {
        FamilyReads reads;
        TripId trip{};                   // that they are of
        Time next = never;               // when it is read next
        bool asked = false;              // a read of it is in flight
        bool outdated = false;           // that began before the last acceptance
        LinkId first = none<LinkId>();   // the link of the first read that showed nothing
        bool counts_rest = false;        // verified: its other orders are counted
        std::uint32_t rest_refused = 0;  // calls in a row by which OKX cancelled not all
        std::uint32_t rest_empty = 0;    // reads in a row that showed none of those to be cancelled
        std::vector<OrderRef> rest;      // to be cancelled next
        std::uint32_t pages = 0;
        std::uint64_t after = 0;
    };
    // Its call in flight has ended. False: what that said is of no use any more.
    bool take_back(FamilyId id, Time now);
    void begin(FamilyId id, Time now, Step& step);
    LinkId link_for(FamilyId id, Time now) const;
    void failed(FamilyId id, LinkId link, const Answer& answer, Time now, Step& step);
    void empty(FamilyId id, LinkId link, Time now, Step& step);
    void found(FamilyId id, Time now);
    void count_rest(FamilyId id, LinkId link, const OrdersPage& page, Time now, Step& step);
    void cancel_rest(FamilyId id, LinkId link, const OrdersPage& page, Time now, Step& step);
    void end_count(FamilyId id, Time now, Step& step);
    PrivateRequest next_call(const Family& family) const;
    FamilyId first_overdue(AccountId id, Time now, Time& next) const;

    const Plan& plan_;
    std::vector<KillSwitch>& switches_;
    Accounts& accounts_;
    Links& links_;
    Cancels& cancels_;
    ExchangeCalls& calls_;
    std::vector<Family> families_;
    std::vector<FamilySet> reading_;  // by account: those with a read due or in flight
    Time next_ = never;               // of any, not before
    Time overdue_at_ = never;         // when one that is not verified is so for long
};

}  // namespace scram
