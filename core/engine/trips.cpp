// What a breach, or an operator, makes of the families that it kills.
#include <algorithm>
#include <utility>

#include "core/engine/engine.h"

namespace scram {

void Engine::trip_breaches(Time published, Time now, Step& step) {
    ++turn_;
    turn_trip_ = TripId{};
    for (const Breach& breach : breaches_) {
        if (breach.kind == BreachKind::trip) {
            trip_breach(breach, published, now, step);
        } else {
            tell_beside(breach, published, now, step);
        }
    }
    breaches_.clear();
}

// One cause is one trip: what one input breaches, of however many rules, shares a number, and each
// rule is told once.
void Engine::trip_breach(const Breach& breach, Time published, Time now, Step& step) {
    for (const FamilyId family : rules_.kills(breach)) {
        switches_[index(family)].noticed(turn_);
    }
    if (changes_nothing(breach, now)) {
        ++suppressed_;
        return;
    }
    Told& told = told_[index(breach.rule)];
    if (std::exchange(told.trip_turn, turn_) != turn_) {
        if (turn_trip_ == TripId{}) turn_trip_ = TripId{++trips_};
        told.trip = turn_trip_;
        told.tripped_at = now;
        tell_breach(breach, published, now, step).trip = told.trip;
    }
    const auto& lock = plan_.rules[index(breach.rule)].lock;
    for (const FamilyId family : rules_.kills(breach)) {
        trip_family(family, told.trip, lock.value_or(plan_.families[index(family)].lock), now,
                    step);
    }
}

// A value that swings around its limit while the cancel is under way could fill every log and
// journal with trips that do nothing: it is told once a second. A cancel that this very input began
// is no such cancel.
bool Engine::changes_nothing(const Breach& breach, Time now) const {
    const Told& told = told_[index(breach.rule)];
    if (told.trip == TripId{} || now - told.tripped_at >= 1s || told.trip_turn == turn_)
        return false;
    const auto families = rules_.kills(breach);
    const auto& lock = plan_.rules[index(breach.rule)].lock;
    return std::all_of(families.begin(), families.end(), [&](FamilyId id) {
        const KillSwitch& family = switches_[index(id)];
        return family.under_way() && family->trip != turn_trip_ &&
               family->lock >= lock.value_or(plan_.families[index(id)].lock);
    });
}

// Warnings each; of a shadow rule, as of one that trips, what it would have done in one step once.
void Engine::tell_beside(const Breach& breach, Time published, Time now, Step& step) {
    Told& told = told_[index(breach.rule)];
    const bool again =
        breach.kind == BreachKind::would_trip && std::exchange(told.shadow_turn, turn_) == turn_;
    if (!again) tell_breach(breach, published, now, step);
}

EventKind Engine::event_kind(BreachKind kind) {
    switch (kind) {
        case BreachKind::trip:
            return EventKind::tripped;
        case BreachKind::would_trip:
            return EventKind::would_trip;
        case BreachKind::warning:
            return EventKind::warned;
        case BreachKind::warning_over:
            return EventKind::warning_over;
    }
    return EventKind::tripped;
}

Event& Engine::tell_breach(const Breach& breach, Time published, Time now, Step& step) {
    Event& event = step.events.append();
    event.kind = event_kind(breach.kind);
    event.bad = breach.bad;
    event.at = now;
    event.published = published;
    event.family = breach.family;
    event.rule = breach.rule;
    event.source = breach.source;
    event.metric = breach.metric;
    event.value = breach.value;
    event.limit = breach.limit;
    event.share = breach.share;
    return event;
}

void Engine::trip_family(FamilyId id, TripId trip, milliseconds lock, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    const bool was_releasing = family->release != Release::none;
    const KillSwitch::Latching latching = family.latch(trip, lock, now);
    if (latching.joined) return;
    releasing_ -= was_releasing ? 1 : 0;
    queue(id);
    if (latching.closes_gate) {
        rules_.on_latched(id);
        step.actions.push_back({ActionKind::close_gate, plan_.families[index(id)].account, id});
    }
    if (latching.repeats) return;
    Event& event = step.events.append();
    event.kind = EventKind::latched;
    event.at = now;
    event.trip = trip;
    event.family = id;
}

void Engine::on_trip(std::span<const FamilyId> families, const OperatorNote& note, Time now,
                     Step& step) {
    const TripId trip{++trips_};
    step.events.push_back({.kind = EventKind::tripped,
                           .at = now,
                           .trip = trip,
                           .family = families.size() == 1 ? families[0] : none<FamilyId>(),
                           .by = FixedText<32>(note.by),
                           .text = FixedText<160>(note.reason)});
    for (const FamilyId family : families) {
        trip_family(family, trip, plan_.families[index(family)].lock, now, step);
    }
    finish(now, step);
}

}  // namespace scram
