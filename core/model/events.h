// What the engine hands back: actions, to be carried out in order, and events, to be recorded after
// them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/fixed_list.h"
#include "core/base/ids.h"
#include "core/base/names.h"
#include "core/base/time.h"
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
    confirmed,  // the exchange said that nothing is left
    held,       // latched by a start, and not cancelled: its quotes may rest
};
inline constexpr std::array<std::string_view, 5> cancel_names = {"none", "due", "in_flight",
                                                                 "confirmed", "held"};
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
    confirmed,         // family: nothing of it is left at the exchange
    lock_unconfirmed,  // family, attempt, lock: nothing is left; this lock is asked for again
    rearmed,           // family, cancel, text; its gate opens now, or with lock_released or
                       // lock_expired
    rearm_refused,     // family, refusal, rule, trip, text
    lock_released,     // family: the exchange confirmed that it takes orders again
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
};
inline constexpr std::array<std::string_view, 26> event_kind_names = {
    "tripped",          "latched",       "restored",      "fired",
    "answered",         "attempt_lost",  "confirmed",     "lock_unconfirmed",
    "rearmed",          "rearm_refused", "lock_released", "lock_expired",
    "warned",           "warning_over",  "would_trip",    "alarm_raised",
    "alarm_cleared",    "source_joined", "source_left",   "source_vanished",
    "series_restarted", "link_up",       "link_down",     "rehearsal_failed",
    "rehearsal_lost",   "plan_changed"};
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
};
inline constexpr std::array<std::string_view, 3> alarm_names = {"none", "budget_shared", "refused"};
static_assert(names_all<Alarm>(alarm_names));
inline constexpr std::size_t alarm_count = alarm_names.size();
inline std::string_view name(Alarm alarm) {
    return name_in(alarm_names, alarm);
}

// Why a family was not armed again.
enum class Refusal : std::uint8_t {
    none,
    rule_holds,     // event.rule would trip it at once
    other_trip,     // it was latched by another trip than the operator named: event.trip
    unknown_value,  // whether event.rule holds is not known: event.source has not said event.metric
};

inline constexpr std::array<std::string_view, 4> refusal_names = {"none", "rule_holds",
                                                                  "other_trip", "unknown_value"};
static_assert(names_all<Refusal>(refusal_names));
inline std::string_view name(Refusal refusal) {
    return name_in(refusal_names, refusal);
}

// A short text of fixed size, cut at its end if need be.
template <std::size_t N>
class FixedText {
  public:
    FixedText() {}  // not `= default`, which would have `{}` fill bytes that are never read
    explicit FixedText(std::string_view text)
        : size_(static_cast<std::uint8_t>(text.substr(0, N).size())) {
        static_assert(N < 256);
        text.copy(text_.data(), size_);
    }
    std::string_view view() const { return {text_.data(), size_}; }

  private:
    std::uint8_t size_ = 0;
    std::array<char, N> text_;
};

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
    }

    FixedList<Action> actions;
    FixedList<Event> events;
};

}  // namespace scram
