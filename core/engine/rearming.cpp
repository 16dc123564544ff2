#include "core/engine/rearming.h"

#include <algorithm>

namespace scram {
namespace {

// To look at so many conditions takes some 0.2 ms.
constexpr std::size_t looked_at_per_turn = 4096;
constexpr Duration pause = 50us;

}  // namespace

Rearming::Rearming(const Plan& plan, RuleSet& rules, const MetricTable& metrics, Breaches& breaches,
                   std::vector<KillSwitch>& switches, Trips& trips, Cancels& cancels)
    : plan_(plan),
      rules_(rules),
      metrics_(metrics),
      breaches_(breaches),
      switches_(switches),
      trips_(trips),
      cancels_(cancels),
      second_person_(plan, switches) {}

void Rearming::on_rearm(std::span<const FamilyId> families, std::span<const TripId> trips,
                        const OperatorNote& note, bool force, Time now, Step& step) {
    // A silence that has become too long stands in the way as well, and so does all that time has
    // made a breach by now, even if it is over: no operator can have looked at it.
    const std::uint64_t looked_at = trips_.turn();
    rules_.on_time(metrics_, now, breaches_);
    trips_.on_breaches(Time{}, now, step);
    const auto holding = rules_.find_holding();
    const auto unknown = rules_.find_unknown(metrics_);
    for (const FamilyId id : families) {
        const Switch& family = *switches_[index(id)];
        if (!family.latched || family.release != Release::none) continue;
        const Obstacle obstacle{holding[index(id)], unknown[index(id)]};
        Refusal why_not = refusal(id, obstacle, trips, force, looked_at);
        if (why_not == Refusal::none) {
            const auto says = second_person_.ask(id, note, force, obstacle.any(), now);
            if (says == SecondPerson::Says::wait) {
                tell_wanted(id, note, now, step);
                continue;
            }
            if (says == SecondPerson::Says::same_person) why_not = Refusal::same_person;
        }
        release(id, why_not, obstacle, note, now, step);
    }
}

Refusal Rearming::refusal(FamilyId id, const Obstacle& obstacle, std::span<const TripId> trips,
                          bool force, std::uint64_t looked_at) const {
    if (switches_[index(id)]->breached_in > looked_at) return Refusal::other_trip;
    // The last that wanted it latched, even if an earlier one's cancel served it.
    const TripId trip = switches_[index(id)]->wanted_by;
    if (std::find(trips.begin(), trips.end(), trip) == trips.end()) return Refusal::other_trip;
    if (force) return Refusal::none;
    if (obstacle.held_by != none<RuleId>()) return Refusal::rule_holds;
    return obstacle.unknown.rule == none<RuleId>() ? Refusal::none : Refusal::unknown_value;
}

void Rearming::tell_wanted(FamilyId id, const OperatorNote& note, Time now, Step& step) {
    step.events.push_back({.kind = EventKind::rearm_wanted,
                           .at = now,
                           .trip = switches_[index(id)]->wanted_by,
                           .family = id,
                           .by = FixedText<32>(note.by),
                           .text = FixedText<160>(note.reason)});
}

// Its gate opens before the input ends, or if many are armed at once a few turns later.
void Rearming::release(FamilyId id, Refusal refusal, const Obstacle& obstacle,
                       const OperatorNote& note, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    const bool accepted = refusal == Refusal::none;
    step.events.push_back({.kind = accepted ? EventKind::rearmed : EventKind::rearm_refused,
                           .at = now,
                           .trip = accepted ? family->trip : family->wanted_by,
                           .family = id,
                           .rule = obstacle.held_by,
                           .refusal = refusal,
                           .cancel = family->cancel,
                           .by = FixedText<32>(note.by),
                           .text = FixedText<160>(note.reason)});
    if (refusal == Refusal::unknown_value) {
        Event& event = step.events[step.events.size() - 1];
        event.rule = obstacle.unknown.rule;
        event.source = obstacle.unknown.source;
        event.metric = obstacle.unknown.metric;
    }
    if (!accepted) return;
    rules_.on_looked_at(id);
    if (obstacle.held_by != none<RuleId>()) rules_.on_armed_by_force(id);
    family.release();
    any_released_ = true;
}

void Rearming::go_on(Time now, Step& step) {
    second_person_.look_at_age(now, step);
    if (!any_released_) return;
    any_released_ = false;
    go_on_at_ = never;
    const std::uint64_t begun = looked_at_;
    for (std::size_t f = 0; f < switches_.size(); ++f) {
        if (switches_[f]->release == Release::none) continue;
        if (looked_at_ - begun > looked_at_per_turn) {
            any_released_ = true;
            go_on_at_ = now + pause;
            return;
        }
        go_on(id_at<FamilyId>(f), now, step);
        any_released_ = any_released_ || switches_[f]->release != Release::none;
    }
}

// An attempt in flight may begin another lock, and would cancel what is quoted behind an open gate.
void Rearming::go_on(FamilyId id, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    if (cancels_.in_flight(id)) return;
    family.drop_lock();
    family.drop_renewal();
    if (family->locked_until <= now) {
        if (family->release == Release::unlocking) {
            family.lock_expired();
            step.events.push_back(
                {.kind = EventKind::lock_expired, .at = now, .trip = family->trip, .family = id});
        }
        return arm(id, now, step);
    }
    if (family->release == Release::unlocking) return;
    // An unfinished cancel goes on without a lock, and so ends the lock by itself.
    if (family->cancel == Cancel::due) return arm(id, now, step);
    family.begin_unlocking(now);
    cancels_.queue(id);
}

void Rearming::unlocked(FamilyId id, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    family.unlocked(now);
    step.events.push_back({.kind = EventKind::lock_released,
                           .at = now,
                           .trip = family->trip,
                           .attempt = family->attempt,
                           .family = id,
                           .answer = family->last_answer});
    go_on(id, now, step);
}

void Rearming::arm(FamilyId id, Time now, Step& step) {
    switches_[index(id)].arm();
    looked_at_ += rules_.on_rearmed(metrics_, id, now, breaches_);
    trips_.on_breaches(Time{}, now, step);  // warnings that are over
    step.actions.push_back({ActionKind::open_gate, plan_.families[index(id)].account, id});
}

Time Rearming::next_deadline(Time now) const {
    Time next = second_person_.next_deadline();
    if (!any_released_) return next;
    next = std::min(next, go_on_at_);
    for (const KillSwitch& family : switches_) {
        if (family->release != Release::none && family->locked_until > now)
            next = std::min(next, family->locked_until);
    }
    return next;
}

}  // namespace scram
