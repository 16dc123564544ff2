// Arming again, as a checked transaction: the operator names the trip, no rule may hold, and the
// gate opens once the exchange takes orders again.
#include <algorithm>
#include <utility>

#include "core/engine/engine.h"

namespace scram {
namespace {

// To look at so many conditions takes some 0.2 ms.
constexpr std::size_t looked_at_per_turn = 4096;
constexpr Duration arming_pause = 50us;

}  // namespace

void Engine::on_rearm(std::span<const FamilyId> families, std::span<const TripId> trips,
                      const OperatorNote& note, bool force, Time now, Step& step) {
    // A silence that has become too long stands in the way as well, and so does all that time has
    // made a breach by now, even if it is over: no operator can have looked at it.
    const std::uint64_t looked_at = turn_;
    rules_.on_time(metrics_, now, breaches_);
    trip_breaches(Time{}, now, step);
    const auto holding = rules_.find_holding();
    const auto unknown = rules_.find_unknown(metrics_);
    for (const FamilyId id : families) {
        const Switch& family = *switches_[index(id)];
        if (!family.latched || family.release != Release::none) continue;
        const Obstacle obstacle{holding[index(id)], unknown[index(id)]};
        rearm(id, refusal(id, obstacle, trips, force, looked_at), obstacle, note, now, step);
    }
    finish(now, step);
}

Refusal Engine::refusal(FamilyId id, const Obstacle& obstacle, std::span<const TripId> trips,
                        bool force, std::uint64_t looked_at) const {
    if (switches_[index(id)]->breached_in > looked_at) return Refusal::other_trip;
    // The last that wanted it latched, even if an earlier one's cancel served it.
    const TripId trip = switches_[index(id)]->wanted_by;
    if (std::find(trips.begin(), trips.end(), trip) == trips.end()) return Refusal::other_trip;
    if (force) return Refusal::none;
    if (obstacle.held_by != none<RuleId>()) return Refusal::rule_holds;
    return obstacle.unknown.rule == none<RuleId>() ? Refusal::none : Refusal::unknown_value;
}

// Its gate opens before the input ends, or if many are armed at once a few turns later.
void Engine::rearm(FamilyId id, Refusal refusal, const Obstacle& obstacle, const OperatorNote& note,
                   Time now, Step& step) {
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
    ++releasing_;
}

// No more in one turn than a signal can wait for.
void Engine::release_all(Time now, Step& step) {
    go_on_arming_at_ = never;
    const std::uint64_t begun = looked_at_;
    for (std::size_t f = 0; f < switches_.size(); ++f) {
        if (switches_[f]->release == Release::none) continue;
        if (looked_at_ - begun > looked_at_per_turn) {
            go_on_arming_at_ = now + arming_pause;
            return;
        }
        go_on_releasing(id_at<FamilyId>(f), now, step);
    }
}

// An attempt in flight may begin another lock, and would cancel what is quoted behind an open gate.
void Engine::go_on_releasing(FamilyId id, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    if (in_flight(id)) return;
    family.drop_lock();
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
    queue(id);
}

bool Engine::in_flight(FamilyId id) const {
    const Account& account = accounts_[index(plan_.families[index(id)].account)];
    return std::any_of(account.links.begin(), account.links.end(), [&](LinkId link) {
        return links_[index(link)].phase == LinkPhase::firing && links_[index(link)].family == id;
    });
}

// The exchange confirmed the cancel with lockInterval 0.
void Engine::unlocked(FamilyId id, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    family.unlocked(now);
    step.events.push_back({.kind = EventKind::lock_released,
                           .at = now,
                           .trip = family->trip,
                           .attempt = family->attempt,
                           .family = id,
                           .answer = family->last_answer});
    go_on_releasing(id, now, step);
}

void Engine::arm(FamilyId id, Time now, Step& step) {
    switches_[index(id)].arm();
    --releasing_;
    looked_at_ += rules_.on_rearmed(metrics_, id, now, breaches_);
    trip_breaches(Time{}, now, step);  // warnings that are over
    step.actions.push_back({ActionKind::open_gate, plan_.families[index(id)].account, id});
}

}  // namespace scram
