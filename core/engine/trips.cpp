#include "core/engine/trips.h"

#include <algorithm>
#include <utility>

#include "core/base/prefetch.h"

namespace scram {
namespace {

EventKind event_kind(BreachKind kind) {
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

Event& tell(const Breach& breach, Time published, Time now, Step& step) {
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

}  // namespace

Trips::Trips(const Plan& plan, RuleSet& rules, Breaches& breaches,
             std::vector<KillSwitch>& switches, Cancels& cancels)
    : plan_(plan),
      rules_(rules),
      breaches_(breaches),
      switches_(switches),
      cancels_(cancels),
      told_(plan.rules.size()) {}

void Trips::on_breaches(Time published, Time now, Step& step) {
    ++turn_;
    turn_trip_ = TripId{};
    for (const Breach& breach : breaches_) {
        if (breach.kind == BreachKind::trip) {
            trip(breach, published, now, step);
        } else {
            tell_beside(breach, published, now, step);
        }
    }
    breaches_.clear();
}

void Trips::trip(const Breach& breach, Time published, Time now, Step& step) {
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
        tell(breach, published, now, step).trip = told.trip;
    }
    for (const FamilyId family : rules_.kills(breach)) {
        latch(family, told.trip, lock_of(breach.rule, family), now, step);
    }
}

milliseconds Trips::lock_of(RuleId rule, FamilyId family) const {
    return plan_.rules[index(rule)].lock.value_or(plan_.families[index(family)].lock);
}

// A value that swings around its limit while the cancel is under way could fill every log and
// journal with trips that do nothing: it is told once a second. A cancel that this very input began
// is no such cancel.
bool Trips::changes_nothing(const Breach& breach, Time now) const {
    const Told& told = told_[index(breach.rule)];
    if (told.trip == TripId{} || now - told.tripped_at >= 1s || told.trip_turn == turn_)
        return false;
    const auto families = rules_.kills(breach);
    return std::all_of(families.begin(), families.end(), [&](FamilyId id) {
        const KillSwitch& family = switches_[index(id)];
        return family.under_way() && family->trip != turn_trip_ &&
               family->lock >= lock_of(breach.rule, id);
    });
}

// Warnings each; of a shadow rule, as of one that trips, what it would have done in one step once.
void Trips::tell_beside(const Breach& breach, Time published, Time now, Step& step) {
    Told& told = told_[index(breach.rule)];
    const bool again =
        breach.kind == BreachKind::would_trip && std::exchange(told.shadow_turn, turn_) == turn_;
    if (!again) tell(breach, published, now, step);
}

void Trips::latch(FamilyId id, TripId trip, milliseconds lock, Time now, Step& step) {
    const KillSwitch::Latching latching = switches_[index(id)].latch(trip, lock, now);
    if (latching.joined) return;
    cancels_.queue(id);
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

void Trips::on_operator(std::span<const FamilyId> families, const OperatorNote& note, Time now,
                        Step& step) {
    const TripId trip{++trips_};
    step.events.push_back({.kind = EventKind::tripped,
                           .at = now,
                           .trip = trip,
                           .family = families.size() == 1 ? families[0] : none<FamilyId>(),
                           .by = FixedText<32>(note.by),
                           .text = FixedText<160>(note.reason)});
    for (const FamilyId family : families) {
        latch(family, trip, plan_.families[index(family)].lock, now, step);
    }
}

TripId Trips::on_start(std::string_view why, Time now, Step& step) {
    const TripId trip{++trips_};
    step.events.push_back(
        {.kind = EventKind::tripped, .at = now, .trip = trip, .text = FixedText<160>(why)});
    return trip;
}

void Trips::touch(std::size_t turn) const {
    touch_one(told_, turn);
}

}  // namespace scram
