// The second half of a kill: which family's cancel leaves next, on which link, within which budget;
// and what becomes of each attempt.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/family_set.h"
#include "core/engine/accounts.h"
#include "core/engine/kill_switch.h"
#include "core/engine/links.h"
#include "core/engine/locks.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/okx/answer.h"

namespace scram {

class Cancels {
  public:
    Cancels(const Plan& plan, std::vector<KillSwitch>& switches, Accounts& accounts, Links& links);

    // A family whose cancel is due: dispatch() looks at it.
    void queue(FamilyId id) { queue_of(id).unfinished.insert(id); }
    void dispatch(Time now, Step& step);
    // Since the last dispatch(): something is due and finds no idle link.
    bool wants_link() const { return wants_link_; }
    bool in_flight(FamilyId id) const;
    // A lock's renewal counts for none: it waits for as long as the budget has it wait.
    bool any_due(AccountId id, Time now) const;
    // Where a cancel of the family would leave at once; no link: nowhere.
    LinkId next_link(FamilyId id, Time now) const;
    // Before what has failed so often is tried again.
    Duration growing_pause(std::uint32_t failures) const;
    // When an attempt of this account that stays without an answer is hedged.
    Duration hedge_after(AccountId id) const;
    // Families of the account whose cancel is due or in flight, and maybe others.
    const FamilySet& unfinished(AccountId id) const { return queues_[index(id)].unfinished; }
    // When something is due, if nothing else happens.
    Time next_deadline(Time now) const;

    // What follows from an answer beside what happens here.
    enum class Then : std::uint8_t {
        nothing,
        accepted,   // its family's cancel is
        unlocked,   // its family's lock is released
        tell_time,  // the exchange refused its time: a rehearsal is to tell it
    };
    Then answered(LinkId id, const Answer& answer, bool link_stays, Time now, Step& step);
    enum class Lost : std::uint8_t { overdue, closed, not_taken };
    // Its link is down already.
    void lost(LinkId id, Lost how, Time now, Step& step);
    // At `now` the exchange was seen to have read what began at `since` or later.
    void see_alive(AccountId id, Time since, Time now);
    // A rehearsal has told the exchange's time.
    void time_known(AccountId id, Time now, Step& step);

    // At a start: the last attempt of the process before this one, ...
    void restore(AttemptId last) { attempts_ = static_cast<std::uint64_t>(last); }
    // ... and a family of which one may still be carried out.
    void restore(FamilyId id, Time now);

    // At a start and after a reload: locks that are to be held are renewed at once.
    void hold_all(Time now);

    // Reads what a kill reads, of each table one row a turn.
    void touch(std::size_t turn) const;

  private:
    // Of one account.
    struct Queue {
        std::vector<FamilyId> families;  // all of it, in the order of fire
        FamilySet unfinished;            // those whose cancel is due or in flight, and maybe others
        // The exchange refused a signature's time: no other leaves before its time is known again,
        // or so long has passed.
        Time hold_until{};
    };
    Queue& queue_of(FamilyId id) { return queues_[index(plan_.families[index(id)].account)]; }
    void dispatch(AccountId id, Time now, Step& step);
    FamilyId next_due(const Queue& queue, Time now) const;
    void fire(FamilyId id, LinkId link, Budget::Slot slot, Time now, Step& step);

    bool is_late(const Attempt& attempt) const;
    Then settle(const Attempt& attempt, const Answer& answer, LinkId link, Time now, Step& step);
    Then accept(const Attempt& attempt, LinkId link, Time now, Step& step);
    void hold(const Attempt& attempt, Time sent);
    void ask_for_lock(FamilyId id, Time now, Step& step);
    void follow_at_once(const Attempt& attempt, LinkId link, Time now);

    const Plan& plan_;
    std::vector<KillSwitch>& switches_;
    Accounts& accounts_;
    Links& links_;
    Locks locks_;
    std::vector<Queue> queues_;  // by account
    std::uint64_t attempts_ = 0;
    bool wants_link_ = false;
};

}  // namespace scram
