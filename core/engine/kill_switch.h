// One family's kill switch, a state machine: latched from its trip until a person arms it again;
// whether its cancel is done is another matter, and goes on by itself. Everything that changes a
// switch is a transition here, and each checks that it was due and that what comes of it is a state
// that there is. When and on which link a cancel leaves is the engine's.
//
// `now` is the time of the input; nothing here keeps a clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/events.h"

namespace scram {

// What became of an operator's wish to arm a family again.
enum class Release : std::uint8_t {
    none,
    waiting,    // for the answer to an attempt in flight
    unlocking,  // its cancel with lockInterval 0, which ends the exchange's lock, is under way
};

// What a switch looks like from outside.
struct Switch {
    bool latched = false;
    Cancel cancel = Cancel::idle;
    Release release = Release::none;
    bool was_accepted = false;  // in this latch, by an answer of the exchange
    bool repeat = false;        // was accepted, or is an unlocking: yields to first cancels
    bool verified = false;      // accepted, and the exchange's book bears it out
    bool renewing = false;      // its attempt only renews the exchange's lock
    bool after_resync = false;  // waits for the exchange's time, then goes at once
    bool resynced = false;      // has asked for the exchange's time since its trip
    TripId trip{};              // the last that it was cancelled for
    TripId wanted_by{};         // the last that wanted that, maybe while it was under way already
    std::uint64_t breached_in = 0;  // the engine's turn of trips that last wanted it latched
    // What an attempt was sent for: an answer counts only for its own round. A new trip, a
    // confirmation and an unlocking each begin one.
    std::uint32_t round = 0;
    std::uint32_t out = 0;       // attempts of this round in flight
    std::uint32_t failures = 0;  // attempts of this round that were not accepted
    std::uint32_t closed = 0;    // of this round, since the last answer: lost with closed links
    Time tripped_at{};
    Time due_at{};
    Time hedge_at = never;   // in flight: when a second attempt is due
    milliseconds lock{};     // of its next attempt: the longest that a trip in force wants
    bool lock_open = false;  // its cancel is accepted, its lock is not (core/engine/locks.cpp)
    Time locked_until{};     // the exchange may refuse its orders until then
    Time renew_at = never;   // its lock is held: when it is renewed
    // Attempts without an answer that may still arrive: until when (`never`: until a sign of life
    // that begins a guard after `stray_since`; `stray_dead`: of those that somebody else answered),
    // and the shortest of their locks.
    Time stray_until{};
    Time stray_dead{};
    Time stray_since{};
    milliseconds stray_lock{};
    // The latest attempt that was sent or settled, and its link.
    AttemptId attempt{};
    LinkId link = none<LinkId>();
    Answer last_answer;
};

// The one state that those fields make together; "latched" is all but the first two.
enum class SwitchState : std::uint8_t {
    armed,
    finishing,    // armed again, while its cancel goes on until it is accepted
    held,         // by a start, and nothing was cancelled
    tripped,      // its cancel is due: it waits for its time, a link or a slot of the budget
    cancelling,   // in flight
    asking_lock,  // its cancel is accepted, and one with the wanted lock is due or in flight
    accepted,
    verified,   // and no MMP order of it rests at the exchange
    arming,     // a person armed it: waits for attempts in flight, or for the lock to be over
    unlocking,  // a person armed it: the exchange's lock is being released
};
SwitchState state_of(const Switch& family);

// Its cancel is not accepted yet, and is being tried.
bool is_unfinished(const Switch& family);
// For operators: "armed", "tripped", "cancelling", "accepted", "verified", "held" or
// "releasing".
std::string_view state_name(const Switch& family);

class KillSwitch {
  public:
    const Switch& operator*() const { return its_; }
    const Switch* operator->() const { return &its_; }

    // ---- Trips

    // One cancel serves all trips, as long as it is under way.
    bool under_way() const;
    // A breach of the engine's turn `turn` wants it latched.
    void noticed(std::uint64_t turn) { its_.breached_in = turn; }
    struct Latching {
        bool joined = false;       // its cancel was under way: nothing else changes
        bool closes_gate = false;  // it was not latched
        bool repeats = false;      // it was accepted in this latch already
    };
    Latching latch(TripId trip, milliseconds lock, Time now);
    // At a start: latched before it, by a process that has ended: held, or accepted by then. The
    // exchange may hold a lock of it until `locked_until`.
    void restore(TripId trip, milliseconds lock, bool accepted, Time locked_until, Time now);

    // ---- Attempts

    void fired(AttemptId attempt, LinkId link, Time hedge_at);
    // An attempt of its round was answered, or given up; one of the following comes next.
    void settled(AttemptId attempt, LinkId link, const Answer& answer);
    void accept();
    // Accepted by an attempt that does not settle its lock. False: that was so before.
    bool open_lock();
    // The exchange's book shows no order of it; or shows some: it is cancelled once more, at `at`.
    void verify();
    void cancel_again(Time at);
    void hedge(Time at) { its_.hedge_at = at; }
    // Another attempt, at `at`; of one that was not accepted.
    void due(Time at);
    void try_again(Time at);
    // The exchange refused its time. True: for the first time, so the next waits for the
    // exchange's time and not for its pause.
    bool refused_time();
    void time_known(Time now);
    // An attempt died with its connection. Returns how many did since the last answer.
    std::uint32_t closed(AttemptId attempt, LinkId link);

    // ---- The exchange's lock

    void may_be_locked(Time until) { its_.locked_until = std::max(its_.locked_until, until); }
    // An attempt with `lock` that may still be carried out: until `dead`, or if that is `never`
    // until a sign of life.
    void stray(milliseconds lock, Time dead, Time now);
    void stray_dies(Time at) { its_.stray_until = std::max(at, its_.stray_dead); }
    // What was in the way of its lock is over sooner.
    void lock_due(Time at);

    // The lock is held: it is renewed at `at`, by an attempt that changes nothing else.
    void hold(Time at) {
        its_.renew_at = at;
        its_.repeat = true;
    }
    void renew(Time now);
    void renewed();

    // ---- Arming again

    void release();
    // Only its lock was asked for: that is not wanted any more.
    void drop_lock();
    void drop_renewal();
    void begin_unlocking(Time now);
    // The exchange accepted it; a hedge of it may still be in flight.
    void unlocked(Time now);
    // It has run out by itself.
    void lock_expired();
    // Its cancel goes on if it is not accepted.
    void arm();

  private:
    void begin_round();
    void check_state() const;
    void check_reads() const;

    Switch its_;
};

}  // namespace scram
