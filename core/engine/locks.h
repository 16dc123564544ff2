// The exchange's lock of a family: which attempt settles how long it is.
//
// The exchange's lock is that of the attempt that it carried out last, and it may carry attempts
// out in any order: each at some moment between its sending and its answer, or, without an answer,
// until `guard` after its connection ended. So the lock that the trips in force want is certain by
// one kind of attempt alone: one that was accepted, whose lock is at least as long, and that was
// sent when each attempt with a shorter lock (an unlocking too) was answered or dead. Attempts that
// are sent later in the same latch are no shorter, since what is wanted only grows. Where another
// attempt is accepted first, the quotes are gone, and the lock is asked for again.
#pragma once

#include <span>
#include <vector>

#include "core/engine/kill_switch.h"
#include "core/engine/links.h"
#include "core/model/plan.h"

namespace scram {

class Locks {
  public:
    Locks(const Plan& plan, std::vector<KillSwitch>& switches, const Links& links)
        : plan_(plan), switches_(switches), links_(links), has_strays_(plan.accounts.size()) {}

    // From when on an attempt with `lock` can be sure of it, as far as is known now.
    Time certain_at(FamilyId family, milliseconds lock, Time now) const;
    // Accepted, it leaves nothing to be asked for.
    bool settles(const Attempt& attempt) const;
    // An attempt in flight will settle it.
    bool is_asked_for(FamilyId family) const;

    // Its attempt with a lock may have begun it at any time until its answer was read, or until its
    // last bytes can have arrived.
    void may_have_begun(const Attempt& attempt, AnswerClass answer, Time until);
    // An attempt that may still be carried out: until `dead`, or if that is `never` until a sign of
    // life.
    void stray(FamilyId family, milliseconds lock, Time dead, Time now);
    // The exchange has read what began at `since` or later. What ends the doubt about a lost slot
    // (core/engine/budget.h) ends that about its lock. It says nothing of what a proxy may still
    // pass on.
    void see_alive(AccountId account, std::span<const FamilyId> families, Time since, Time now);
    // What is in the way of certainty may have ended sooner than it could have.
    void look_again(FamilyId family, Time now);

  private:
    const Plan& plan_;
    std::vector<KillSwitch>& switches_;
    const Links& links_;
    std::vector<bool> has_strays_;  // by account: of some family, maybe
};

}  // namespace scram
