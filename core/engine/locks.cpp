// The exchange's lock of a family: which attempt settles how long it is.
//
// The exchange's lock is that of the attempt that it carried out last, and it may carry attempts
// out in any order: each at some moment between its sending and its answer, or, without an answer,
// until `guard` after its connection ended. So the lock that the trips in force want is certain by
// one kind of attempt alone: one that was confirmed, whose lock is at least as long, and that was
// sent when each attempt with a shorter lock (an unlocking too) was answered or dead. Attempts that
// are sent later in the same latch are no shorter, since what is wanted only grows. Where another
// attempt is confirmed first, the quotes are gone, and the lock is asked for again.
#include <algorithm>
#include <utility>

#include "core/engine/engine.h"

namespace scram {

// From when on an attempt with `lock` can be sure of it, as far as is known now.
Time Engine::certain_at(FamilyId id, milliseconds lock, Time now) const {
    const Switch& family = *switches_[index(id)];
    if (lock == 0ms) return now;
    Time at = now;
    if (family.stray_lock < lock) at = std::max(at, family.stray_until);
    const AccountId account = plan_.families[index(id)].account;
    for (const LinkId link_id : accounts_[index(account)].links) {
        const LinkState& link = links_[index(link_id)];
        if (link.phase != LinkPhase::firing || link.family != id || link.lock >= lock) continue;
        at = std::max(at, link.deadline + plan_.accounts[index(account)].budget.guard);
    }
    return at;
}

bool Engine::settles(const LinkState& link) const {
    const Switch& family = *switches_[index(link.family)];
    if (family.release != Release::none) return true;  // what comes next is to end the lock
    return link.certain && link.lock >= family.lock;
}

// The cancel of `family` is confirmed by an attempt that does not settle its lock.
void Engine::ask_for_lock(FamilyId id, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    if (family.open_lock()) {
        step.events.push_back({.kind = EventKind::lock_unconfirmed,
                               .at = now,
                               .trip = family->trip,
                               .attempt = family->attempt,
                               .family = id,
                               .lock = family->lock,
                               .answer = family->last_answer});
    }
    const AccountId account_id = plan_.families[index(id)].account;
    const Account& account = accounts_[index(account_id)];
    const bool is_asked = std::any_of(account.links.begin(), account.links.end(), [&](LinkId its) {
        const LinkState& link = links_[index(its)];
        return link.phase == LinkPhase::firing && link.family == id && !is_late(link) &&
               settles(link);
    });
    if (is_asked && family->out == 1) family.hedge(now + hedge_after(account_id));
    if (!is_asked) family.due(certain_at(id, family->lock, now));
}

// What is in the way of certainty may have ended sooner than it could have.
void Engine::look_at_lock(FamilyId id, Time now) {
    KillSwitch& family = switches_[index(id)];
    if (!family->lock_open || family->cancel != Cancel::due || family->failures > 0) return;
    family.lock_due(certain_at(id, family->lock, now));
}

// An attempt that may still be carried out: until `dead`, or if that is `never` until a sign of
// life.
void Engine::remember_stray(FamilyId id, milliseconds lock, Time dead, Time now) {
    switches_[index(id)].stray(lock, dead, now);
    if (dead != never) return;
    accounts_[index(plan_.families[index(id)].account)].has_strays = true;
}

// What ends the doubt about a lost slot (core/engine/budget.h) ends that about its lock. It says
// nothing of what a proxy may still pass on.
void Engine::see_alive(AccountId id, Time since, Time now) {
    Account& account = accounts_[index(id)];
    account.budget.alive(since, now);
    if (!account.has_strays) return;
    account.has_strays = false;
    const Duration guard = plan_.accounts[index(id)].budget.guard;
    for (const FamilyId family_id : account.families) {
        KillSwitch& family = switches_[index(family_id)];
        if (family->stray_until != never) continue;
        if (family->stray_since + guard > since) {
            account.has_strays = true;
            continue;
        }
        family.stray_dies(now + Budget::round);
        look_at_lock(family_id, now);
    }
}

}  // namespace scram
