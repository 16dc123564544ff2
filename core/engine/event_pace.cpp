#include "core/engine/event_pace.h"

#include <algorithm>

namespace scram {
namespace {

bool may_wait(const Event& event) {
    return event.kind == EventKind::warned || event.kind == EventKind::warning_over ||
           event.kind == EventKind::would_trip;
}

}  // namespace

void EventPace::pace(FixedList<Event>& events, Time now) {
    std::size_t told = 0;
    events.remove_if([&](const Event& event) {
        if (!may_wait(event)) return false;
        Rule& rule = rules_[index(event.rule)];
        if (!may_tell(rule, now, told)) {
            hold(rule, event, told == paced_per_turn_max, now);
            return true;
        }
        ++rule.told;
        ++told;
        return false;
    });
    if (next_ <= now) release(events, now, told);
}

// Behind one that waits, the next waits too: what is told last is how things stand.
bool EventPace::may_tell(Rule& rule, Time now, std::size_t told_in_turn) const {
    if (rule.behind > 0 || told_in_turn == paced_per_turn_max) return false;
    if (now - rule.since >= pace_window) {
        rule.since = now;
        rule.told = 0;
    }
    return rule.told < paced_per_window_max;
}

void EventPace::hold(Rule& rule, const Event& event, bool is_full_turn, Time now) {
    if (rule.behind++ > 0) {
        ++suppressed_;
    } else {
        const bool has_told_enough = rule.told == paced_per_window_max;
        rule.due = is_full_turn && !has_told_enough ? now + pace_pause : rule.since + pace_window;
        rule.due = std::max(rule.due, now + pace_pause);
        next_ = std::min(next_, rule.due);
    }
    rule.last = event;
}

void EventPace::release(FixedList<Event>& events, Time now, std::size_t told_in_turn) {
    next_ = never;
    for (Rule& rule : rules_) {
        if (rule.due <= now && told_in_turn < paced_per_turn_max) {
            ++told_in_turn;
            rule.last.suppressed = rule.behind - 1;
            events.push_back(rule.last);
            rule.behind = 0;
            rule.due = never;
            rule.since = now;
            rule.told = 1;
        }
        if (rule.due != never) next_ = std::min(next_, std::max(rule.due, now + pace_pause));
    }
}

void EventPace::restart(std::size_t rules) {
    for (const Rule& rule : rules_) suppressed_ += rule.behind > 0 ? 1 : 0;
    rules_.assign(rules, {});
    next_ = never;
}

}  // namespace scram
