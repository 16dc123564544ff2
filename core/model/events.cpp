#include "core/model/events.h"

namespace scram {

std::string_view name(EventKind kind) {
    switch (kind) {
        case EventKind::tripped:
            return "tripped";
        case EventKind::latched:
            return "latched";
        case EventKind::restored:
            return "restored";
        case EventKind::fired:
            return "fired";
        case EventKind::answered:
            return "answered";
        case EventKind::attempt_lost:
            return "attempt_lost";
        case EventKind::confirmed:
            return "confirmed";
        case EventKind::lock_unconfirmed:
            return "lock_unconfirmed";
        case EventKind::rearmed:
            return "rearmed";
        case EventKind::rearm_refused:
            return "rearm_refused";
        case EventKind::lock_released:
            return "lock_released";
        case EventKind::lock_expired:
            return "lock_expired";
        case EventKind::warned:
            return "warned";
        case EventKind::warning_over:
            return "warning_over";
        case EventKind::would_trip:
            return "would_trip";
        case EventKind::alarm_raised:
            return "alarm_raised";
        case EventKind::alarm_cleared:
            return "alarm_cleared";
        case EventKind::source_joined:
            return "source_joined";
        case EventKind::source_left:
            return "source_left";
        case EventKind::source_vanished:
            return "source_vanished";
        case EventKind::series_restarted:
            return "series_restarted";
        case EventKind::link_up:
            return "link_up";
        case EventKind::link_down:
            return "link_down";
        case EventKind::rehearsal_failed:
            return "rehearsal_failed";
        case EventKind::rehearsal_lost:
            return "rehearsal_lost";
        case EventKind::plan_changed:
            return "plan_changed";
    }
    return "?";
}

std::string_view name(Cancel cancel) {
    switch (cancel) {
        case Cancel::idle:
            return "none";
        case Cancel::due:
            return "due";
        case Cancel::in_flight:
            return "in_flight";
        case Cancel::confirmed:
            return "confirmed";
        case Cancel::held:
            return "held";
    }
    return "?";
}

std::string_view name(BadReason reason) {
    switch (reason) {
        case BadReason::none:
            return "none";
        case BadReason::not_finite:
            return "not a finite number";
        case BadReason::sequence_gap:
            return "a gap in its sequence: signals were lost";
        case BadReason::sequence_back:
            return "a step back in its sequence";
        case BadReason::unknown_family:
            return "an unknown family id";
        case BadReason::foreign_family:
            return "a family that it may not publish for";
        case BadReason::unknown_metric:
            return "an unknown metric id";
        case BadReason::unknown_kind:
            return "an unknown kind of record";
        case BadReason::wrong_version:
            return "a record of another version";
        case BadReason::wrong_source:
            return "another source's id";
        case BadReason::ring_full:
            return "a full ring: signals were lost";
    }
    return "?";
}

std::string_view name(Alarm alarm) {
    switch (alarm) {
        case Alarm::none:
            return "none";
        case Alarm::budget_shared:
            return "budget_shared";
        case Alarm::refused:
            return "refused";
    }
    return "?";
}

std::string_view name(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return "none";
        case Refusal::rule_holds:
            return "rule_holds";
        case Refusal::other_trip:
            return "other_trip";
        case Refusal::unknown_value:
            return "unknown_value";
    }
    return "?";
}

// One input trips each rule at most twice (by time, then by a value), and tells each warning step
// at most twice; latches, fires, settles and arms each family at most twice; and touches each link
// at most four times.
Step::Step(const Plan& plan)
    : actions(6 * plan.families.size() + 4 * links_per_account_max * plan.accounts.size() + 16),
      events(2 * rules_max + 2 * warnings_max + 6 * plan.families.size() +
             6 * links_per_account_max * plan.accounts.size() + 16) {}

}  // namespace scram
