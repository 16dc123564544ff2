#include "core/engine/kill_switch.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace scram {
namespace {

bool is_tried(const Switch& its) {
    return its.cancel == Cancel::due || its.cancel == Cancel::in_flight;
}

}  // namespace

SwitchState state_of(const Switch& its) {
    if (!its.latched) return is_tried(its) ? SwitchState::finishing : SwitchState::armed;
    if (its.release == Release::unlocking) return SwitchState::unlocking;
    if (its.release == Release::waiting) return SwitchState::arming;
    if (its.lock_open) return SwitchState::asking_lock;
    if (its.renewing) return its.verified ? SwitchState::verified : SwitchState::accepted;
    switch (its.cancel) {
        case Cancel::due:
            return SwitchState::tripped;
        case Cancel::in_flight:
            return SwitchState::cancelling;
        case Cancel::accepted:
            return its.verified ? SwitchState::verified : SwitchState::accepted;
        case Cancel::held:
            return SwitchState::held;
        case Cancel::idle:
            break;
    }
    check(false, "what is latched has a cancel, or was held");
    return SwitchState::held;
}

bool is_unfinished(const Switch& its) {
    return is_tried(its) && its.release != Release::unlocking && !its.renewing;
}

std::string_view state_name(const Switch& its) {
    switch (state_of(its)) {
        case SwitchState::armed:
        case SwitchState::finishing:
            return "armed";
        case SwitchState::held:
            return "held";
        case SwitchState::tripped:
            return "tripped";
        case SwitchState::cancelling:
            return "cancelling";
        case SwitchState::asking_lock:
            return its.cancel == Cancel::due ? "tripped" : "cancelling";
        case SwitchState::accepted:
            return "accepted";
        case SwitchState::verified:
            return "verified";
        case SwitchState::arming:
        case SwitchState::unlocking:
            return "releasing";
    }
    return "?";
}

void KillSwitch::check_state() const {
    const Switch& its = its_;
    check(its.latched || its.release == Release::none, "only what is latched is released");
    check(its.latched || its.cancel != Cancel::accepted, "armed: nothing to be accepted");
    check(its.latched || its.cancel != Cancel::held, "armed: nothing is held");
    check(!its.latched || its.cancel != Cancel::idle || its.release == Release::waiting,
          "latched: there is a cancel, or it was held");
    check(its.out == 0 || is_tried(its), "an attempt in flight belongs to a cancel");
    check(its.cancel != Cancel::in_flight || its.out > 0, "in flight: an attempt is");
    check(its.release != Release::unlocking || is_tried(its), "an unlocking is a cancel");
    check(!its.lock_open || is_tried(its), "a lock is asked for by a cancel");
}

// Of what no trip comes by.
void KillSwitch::check_reads() const {
    const Switch& its = its_;
    check(!its.verified || its.cancel == Cancel::accepted || its.renewing,
          "what is verified was accepted");
    check(!its.renewing || (its.latched && is_tried(its)), "a renewal is an attempt of a latch");
}

void KillSwitch::begin_round() {
    ++its_.round;
    its_.out = 0;
    its_.failures = 0;
    its_.closed = 0;
    its_.resynced = false;
    its_.after_resync = false;
    its_.hedge_at = never;
    its_.verified = false;
    its_.renewing = false;
}

// ---- Trips --------------------------------------------------------------------------------------

bool KillSwitch::under_way() const {
    return its_.latched && its_.release == Release::none && is_tried(its_) && !its_.lock_open &&
           !its_.renewing;
}

KillSwitch::Latching KillSwitch::latch(TripId trip, milliseconds lock, Time now) {
    its_.wanted_by = trip;
    if (under_way()) {
        its_.lock = std::max(its_.lock, lock);
        return {.joined = true};
    }
    const bool was_latched = its_.latched;
    // In the same latch; one that is armed again or was held is cancelled as for the first time.
    const bool again = was_latched && its_.release == Release::none &&
                       (its_.cancel == Cancel::accepted || its_.lock_open || its_.renewing);
    its_.lock = again ? std::max(its_.lock, lock) : lock;
    its_.latched = true;
    its_.trip = trip;
    its_.tripped_at = now;
    its_.repeat = again;
    its_.lock_open = false;
    its_.was_accepted = again;
    its_.release = Release::none;
    begin_round();
    due(now);
    return {.closes_gate = !was_latched, .repeats = again};
}

void KillSwitch::restore(TripId trip, milliseconds lock, bool accepted, Time locked_until,
                         Time now) {
    check(state_of(its_) == SwitchState::armed, "a start restores what nothing has happened to");
    its_.latched = true;
    its_.trip = trip;
    its_.wanted_by = trip;
    its_.tripped_at = now;
    its_.lock = lock;
    its_.locked_until = locked_until;
    its_.was_accepted = accepted;
    its_.cancel = accepted ? Cancel::accepted : Cancel::held;
    check_state();
}

// ---- Attempts -----------------------------------------------------------------------------------

void KillSwitch::fired(AttemptId attempt, LinkId link, Time hedge_at) {
    check(is_tried(its_), "what is fired is due, or hedges what is in flight");
    ++its_.out;
    its_.cancel = Cancel::in_flight;
    its_.after_resync = false;
    its_.attempt = attempt;
    its_.link = link;
    its_.hedge_at = hedge_at;
}

void KillSwitch::settled(AttemptId attempt, LinkId link, const Answer& answer) {
    check(its_.out > 0, "what is settled was in flight");
    its_.attempt = attempt;
    its_.link = link;
    its_.last_answer = answer;
    its_.closed = 0;
    --its_.out;
    its_.hedge_at = never;
}

void KillSwitch::accept() {
    check(is_tried(its_) && its_.release != Release::unlocking, "a cancel is accepted");
    begin_round();
    its_.lock_open = false;
    its_.renew_at = never;
    its_.was_accepted = its_.latched;
    its_.cancel = its_.latched ? Cancel::accepted : Cancel::idle;
    check_state();
}

bool KillSwitch::open_lock() {
    check(is_tried(its_) && its_.release == Release::none, "a cancel is accepted");
    its_.was_accepted = its_.latched;
    its_.repeat = true;
    its_.failures = 0;
    return !std::exchange(its_.lock_open, true);
}

void KillSwitch::verify() {
    check(state_of(its_) == SwitchState::accepted, "what is verified was accepted");
    its_.verified = true;
    check_reads();
}

// As one that has failed before: it leaves the first cancels of others their slots.
void KillSwitch::cancel_again(Time at) {
    const bool was_accepted = its_.cancel == Cancel::accepted || its_.renewing;
    check(its_.latched && its_.release == Release::none && was_accepted,
          "what is cancelled again was accepted");
    begin_round();
    its_.repeat = false;
    its_.failures = 2;
    due(at);
}

void KillSwitch::due(Time at) {
    its_.cancel = Cancel::due;
    its_.due_at = at;
    check_state();
}

void KillSwitch::try_again(Time at) {
    check(is_tried(its_), "only what was tried is tried again");
    due(at);
    ++its_.failures;
}

bool KillSwitch::refused_time() {
    its_.after_resync = !std::exchange(its_.resynced, true);
    return its_.after_resync;
}

void KillSwitch::time_known(Time now) {
    check(its_.after_resync && its_.cancel == Cancel::due, "it waits for the time");
    its_.after_resync = false;
    its_.due_at = now;
}

std::uint32_t KillSwitch::closed(AttemptId attempt, LinkId link) {
    check(its_.out > 0, "what was lost was in flight");
    its_.attempt = attempt;
    its_.link = link;
    --its_.out;
    its_.hedge_at = never;
    return ++its_.closed;
}

// ---- The exchange's lock ------------------------------------------------------------------------

void KillSwitch::stray(milliseconds lock, Time dead, Time now) {
    its_.stray_lock = its_.stray_until > now ? std::min(its_.stray_lock, lock) : lock;
    its_.stray_until = std::max(its_.stray_until, dead);
    if (dead == never) {
        its_.stray_since = now;
    } else {
        its_.stray_dead = std::max(its_.stray_dead, dead);
    }
}

void KillSwitch::lock_due(Time at) {
    check(its_.lock_open && its_.cancel == Cancel::due, "its lock is asked for");
    its_.due_at = at;
}

void KillSwitch::renew(Time now) {
    check(its_.latched && its_.release == Release::none && its_.cancel == Cancel::accepted,
          "the lock of what was accepted is held");
    const bool verified = its_.verified;
    begin_round();
    its_.renewing = true;
    its_.verified = verified;
    its_.repeat = true;
    its_.renew_at = never;
    due(now);
    check_reads();
}

void KillSwitch::renewed() {
    check(its_.renewing && is_tried(its_), "a renewal was under way");
    const bool verified = its_.verified;
    begin_round();
    its_.verified = verified;
    its_.renewing = false;
    its_.cancel = Cancel::accepted;
    check_state();
    check_reads();
}

// ---- Arming again -------------------------------------------------------------------------------

void KillSwitch::release() {
    check(its_.latched && its_.release == Release::none, "what is latched is armed once");
    its_.release = Release::waiting;
}

void KillSwitch::drop_lock() {
    if (!std::exchange(its_.lock_open, false)) return;
    its_.cancel = Cancel::accepted;
    check_state();
}

void KillSwitch::drop_renewal() {
    its_.renew_at = never;
    if (!std::exchange(its_.renewing, false)) return;
    its_.cancel = Cancel::accepted;
    check_state();
}

void KillSwitch::begin_unlocking(Time now) {
    check(its_.release == Release::waiting && !is_tried(its_), "nothing else is under way");
    its_.release = Release::unlocking;
    begin_round();
    its_.repeat = true;
    its_.lock = 0ms;
    due(now);
}

void KillSwitch::unlocked(Time now) {
    check(its_.release == Release::unlocking, "an unlocking is accepted");
    its_.locked_until = now;
    its_.cancel = Cancel::idle;
    begin_round();
    its_.release = Release::waiting;
    check_state();
}

void KillSwitch::lock_expired() {
    check(its_.release == Release::unlocking, "what runs out was being released");
    its_.cancel = Cancel::idle;
    its_.release = Release::waiting;
    check_state();
}

void KillSwitch::arm() {
    check(its_.latched && its_.release != Release::none, "a person armed it");
    its_.release = Release::none;
    its_.latched = false;
    its_.repeat = false;
    its_.lock = 0ms;
    its_.was_accepted = false;
    its_.verified = false;
    its_.renewing = false;
    its_.renew_at = never;
    if (!is_tried(its_)) its_.cancel = Cancel::idle;
    check_state();
}

}  // namespace scram
