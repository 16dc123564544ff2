// What the engine hands back: actions, to be carried out in order, and events, to be recorded after
// them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/fixed_list.h"
#include "core/base/fixed_text.h"
#include "core/base/ids.h"
#include "core/base/names.h"
#include "core/base/time.h"
#include "core/model/call.h"
#include "core/model/plan.h"
#include "core/okx/answer.h"

namespace scram {

enum class ActionKind : std::uint8_t {
    close_gate,  // family
    fire,        // family, link, attempt, lock: send the family's armed request with this lock
    rehearse,    // link: send GET public/time
    abort_link,  // link: reset the connection; what is in flight on it is lost
    resign,      // account: sign its armed requests again, now
    open_gate,   // family
};

struct Action {
    ActionKind kind{};
    AccountId account = none<AccountId>();
    FamilyId family = none<FamilyId>();
    LinkId link = none<LinkId>();
    AttemptId attempt{};
    milliseconds lock{};
};

// What is known of a family's cancel.
enum class Cancel : std::uint8_t {
    idle,       // nothing to cancel
    due,        // to be sent at due_at, when budget and link allow
    in_flight,  // sent, its answer awaited
    accepted,   // the exchange took it
    held,       // latched by a start, and not cancelled: its quotes may rest
};
inline constexpr std::array<std::string_view, 5> cancel_names = {"none", "due", "in_flight",
                                                                 "accepted", "held"};
static_assert(names_all<Cancel>(cancel_names));
inline std::string_view name(Cancel cancel) {
    return name_in(cancel_names, cancel);
}

enum class EventKind : std::uint8_t {
    tripped,           // a rule fired or an operator pulled: trip, rule or text, value, limit; once
                       // for each rule that one input breached, with one trip
    latched,           // family: its gate is closed, its cancel is due
    restored,          // family, cancel: latched since before this start, trip or text says why
    fired,             // family, link, attempt, lock, hedge
    answered,          // family, link, attempt, answer, late
    attempt_lost,      // family, link, attempt, late: no answer in time, or the link was lost
    accepted,          // family: the exchange took its cancel
    orders_read,       // family, link, value: so many MMP orders of it rest, as the book says
    read_failed,       // family, link, answer: its orders could not be read
    verified,          // family: two reads showed no MMP order of it
    orders_rest,       // family, value: so many orders of it rest that a mass-cancel leaves
    rest_cancelled,    // family, link, value, answer: so many of those were taken to be cancelled
    mmp_told,          // family, mmp
    lock_unconfirmed,  // family, attempt, lock: nothing is left; this lock is asked for again
    rearmed,           // family, cancel, text; its gate opens now, or with lock_released or
                       // lock_expired
    rearm_refused,     // family, refusal, rule, trip, text
    lock_released,     // family: the exchange said that it takes orders again
    lock_expired,      // family: no such answer, but the lock has run out by itself
    warned,           // rule, family or source, value, limit, share: a step of the limit was passed
    warning_over,     // the same, back under the step
    would_trip,       // a shadow rule's breach: nothing was fired
    alarm_raised,     // account, alarm
    alarm_cleared,    // account, alarm
    source_joined,    // source
    source_left,      // source: said goodbye
    source_vanished,  // source: gone without goodbye
    series_restarted,  // source, family, metric, value, limit (what it was before): its value
                       // begins a new series; suppressed: so many before it are not told
    link_up,           // link
    link_down,         // link
    rehearsal_failed,  // link, answer: an answer without the exchange's time
    rehearsal_lost,    // link: no answer in time
    plan_changed,      // rules and limits were replaced
    dead_man_set,      // account, value: in so many s (0: it is off), limit: at which ms since 1970
                       // of OKX's clock, text: OKX's timer is another
    dead_man_failed,   // account, answer: it could not be set
    dead_man_expired,  // account: it was not fed in time, so OKX cancels what it sweeps
    dead_man_off,      // account: an operator has switched it off: by, text
    dead_man_on,       // account: and on again
    rearm_wanted,      // family, by, text: a second person must ask for it as well
    rearm_lapsed,      // family, by, text: none did in time, or another trip latched it
    orders_told,       // family, link, value: so many MMP orders of it rest, for who asked; or
                       // answer, text: why that is not known
};
inline constexpr std::array<std::string_view, 40> event_kind_names = {
    "tripped",       "latched",          "restored",         "fired",
    "answered",      "attempt_lost",     "accepted",         "orders_read",
    "read_failed",   "verified",         "orders_rest",      "rest_cancelled",
    "mmp_told",      "lock_unconfirmed", "rearmed",          "rearm_refused",
    "lock_released", "lock_expired",     "warned",           "warning_over",
    "would_trip",    "alarm_raised",     "alarm_cleared",    "source_joined",
    "source_left",   "source_vanished",  "series_restarted", "link_up",
    "link_down",     "rehearsal_failed", "rehearsal_lost",   "plan_changed",
    "dead_man_set",  "dead_man_failed",  "dead_man_expired", "dead_man_off",
    "dead_man_on",   "rearm_wanted",     "rearm_lapsed",     "orders_told"};
static_assert(names_all<EventKind>(event_kind_names));
inline std::string_view name(EventKind kind) {
    return name_in(event_kind_names, kind);
}

enum class BadReason : std::uint8_t {
    none,
    not_finite,      // NaN or infinity
    sequence_gap,    // records were lost
    sequence_back,   // a record came twice, or late
    unknown_family,  // no such id
    foreign_family,  // a family that this source may not publish for
    unknown_metric,
    unknown_kind,
    wrong_version,
    wrong_source,  // another source's id
    ring_full,     // signals found no place in the source's ring
};
inline constexpr std::array<std::string_view, 11> bad_reason_names = {
    "none",
    "not a finite number",
    "a gap in its sequence: signals were lost",
    "a step back in its sequence",
    "an unknown family id",
    "a family that it may not publish for",
    "an unknown metric id",
    "an unknown kind of record",
    "a record of another version",
    "another source's id",
    "a full ring: signals were lost"};
static_assert(names_all<BadReason>(bad_reason_names));
inline std::string_view name(BadReason reason) {
    return name_in(bad_reason_names, reason);
}

// What a person must know of and put right; raised once, until it is over.
enum class Alarm : std::uint8_t {
    none,
    budget_shared,  // the exchange refused for its rate limit what we had not spent
    refused,        // key, permission or account mode: OKX does not take our cancels
    key_refused,    // nor any other authenticated call: key, passphrase, address, region, clock
    no_permission,  // the key may not trade
    wrong_mode,     // the account is not in portfolio margin, which mass-cancel wants
    key_unbound,    // the key is bound to no address: it ends 14 days after its last call
    unverified,     // a trip is not borne out by the exchange's book for so long
    dead_man,       // the timer at the exchange is not fed in time, or by somebody else as well
};
inline constexpr std::array<std::string_view, 9> alarm_names = {
    "none",       "budget_shared", "refused",    "key_refused", "no_permission",
    "wrong_mode", "key_unbound",   "unverified", "dead_man"};
static_assert(names_all<Alarm>(alarm_names));
inline constexpr std::size_t alarm_count = alarm_names.size();
inline std::string_view name(Alarm alarm) {
    return name_in(alarm_names, alarm);
}

// OKX's own market maker protection of a family, as its settings say.
enum class Mmp : std::uint8_t { unknown, off, on, frozen };
inline constexpr std::array<std::string_view, 4> mmp_names = {"unknown", "off", "on", "frozen"};
static_assert(names_all<Mmp>(mmp_names));
inline std::string_view name(Mmp mmp) {
    return name_in(mmp_names, mmp);
}

// Why a family was not armed again.
enum class Refusal : std::uint8_t {
    none,
    rule_holds,     // event.rule would trip it at once
    other_trip,     // it was latched by another trip than the operator named: event.trip
    unknown_value,  // whether event.rule holds is not known: event.source has not said event.metric
    same_person,    // a second person must ask for it, and this one has asked already
};

inline constexpr std::array<std::string_view, 5> refusal_names = {
    "none", "rule_holds", "other_trip", "unknown_value", "same_person"};
static_assert(names_all<Refusal>(refusal_names));
inline std::string_view name(Refusal refusal) {
    return name_in(refusal_names, refusal);
}

struct Event {
    EventKind kind{};
    BadReason bad = BadReason::none;
    Time at{};
    Time published{};  // tripped by a signal: when its source published it
    TripId trip{};
    AttemptId attempt{};
    FamilyId family = none<FamilyId>();
    RuleId rule = none<RuleId>();
    SourceId source = none<SourceId>();
    MetricId metric = none<MetricId>();
    LinkId link = none<LinkId>();
    AccountId account = none<AccountId>();
    Alarm alarm = Alarm::none;
    Refusal refusal = Refusal::none;
    Mmp mmp = Mmp::unknown;
    bool hedge = false;            // fired while another attempt for the same was in flight
    bool late = false;             // what it answers was settled before
    bool not_taken = false;        // lost: the exchange provably never had it
    Cancel cancel = Cancel::idle;  // of the family, before the event
    milliseconds lock{};
    std::uint32_t suppressed = 0;  // warned, would_trip, series_restarted: before it, and not told
    double value = 0;
    double limit = 0;
    double share = 0;  // of the limit
    Answer answer{};
    FixedText<32> by{};     // an operator's name
    FixedText<160> text{};  // an operator's reason, or why something was refused
};

// The lists that one step fills. Both are sized for the most that one input can cause.
struct Step {
    explicit Step(const Plan& plan);
    void clear() {
        actions.clear();
        events.clear();
        calls.clear();
    }

    FixedList<Action> actions;
    FixedList<Event> events;
    FixedList<Call> calls;  // to be made once the actions are done
};

}  // namespace scram
