#include "core/engine/locks.h"

#include <algorithm>

namespace scram {

Time Locks::certain_at(FamilyId id, milliseconds lock, Time now) const {
    const Switch& family = *switches_[index(id)];
    if (lock == 0ms) return now;
    Time at = now;
    if (family.stray_lock < lock) at = std::max(at, family.stray_until);
    const AccountId account = plan_.families[index(id)].account;
    links_.for_each_attempt(account, id, [&](const LinkState& link) {
        if (link.attempt().lock >= lock) return;
        at = std::max(at, link.deadline() + plan_.accounts[index(account)].budget.guard);
    });
    return at;
}

bool Locks::settles(const Attempt& attempt) const {
    const Switch& family = *switches_[index(attempt.family)];
    if (family.release != Release::none) return true;  // what comes next is to end the lock
    return attempt.certain && attempt.lock >= family.lock;
}

bool Locks::is_asked_for(FamilyId id) const {
    bool is_asked = false;
    links_.for_each_attempt(plan_.families[index(id)].account, id, [&](const LinkState& link) {
        const bool late = link.attempt().round != switches_[index(id)]->round;
        is_asked = is_asked || (!late && settles(link.attempt()));
    });
    return is_asked;
}

void Locks::may_have_begun(const Attempt& attempt, AnswerClass answer, Time until) {
    const bool not_done = answer == AnswerClass::throttled || answer == AnswerClass::clock ||
                          answer == AnswerClass::refused;
    if (attempt.lock == 0ms || not_done) return;
    switches_[index(attempt.family)].may_be_locked(until + attempt.lock);
}

void Locks::stray(FamilyId id, milliseconds lock, Time dead, Time now) {
    switches_[index(id)].stray(lock, dead, now);
    if (dead == never) has_strays_[index(plan_.families[index(id)].account)] = true;
}

void Locks::see_alive(AccountId account, std::span<const FamilyId> families, Time since, Time now) {
    if (!has_strays_[index(account)]) return;
    has_strays_[index(account)] = false;
    const Duration guard = plan_.accounts[index(account)].budget.guard;
    for (const FamilyId id : families) {
        KillSwitch& family = switches_[index(id)];
        if (family->stray_until != never) continue;
        if (family->stray_since + guard > since) {
            has_strays_[index(account)] = true;
            continue;
        }
        family.stray_dies(now + Budget::round);
        look_again(id, now);
    }
}

void Locks::look_again(FamilyId id, Time now) {
    KillSwitch& family = switches_[index(id)];
    if (!family->lock_open || family->cancel != Cancel::due || family->failures > 0) return;
    family.lock_due(certain_at(id, family->lock, now));
}

}  // namespace scram
