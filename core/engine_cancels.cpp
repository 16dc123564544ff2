// The engine's second half of a kill: which cancel leaves next, and what its answer means.
#include <algorithm>

#include "core/check.h"
#include "core/engine.h"

namespace scram {

void Engine::dispatch_all(Time now, Step& step) {
    for (Account& account : accounts_) dispatch(account, now, step);
}

void Engine::dispatch(Account& account, Time now, Step& step) {
    for (;;) {
        const FamilyId family = next_due(account, now);
        if (family == none<FamilyId>()) return;
        const LinkId link = idle_link(account);
        if (link == none<LinkId>()) return;
        const auto slot = account.budget.take(now, purpose(switches_[index(family)]));
        if (!slot) return;
        fire(family, link, *slot, now, step);
    }
}

// First cancels before tries anew, second tries before later ones, those before repeats; within a
// rank, first cancels by the order of fire, the others by how long they wait. A rank never leaves
// fewer slots to others than the ranks before it, so when the best cannot be sent, none can.
FamilyId Engine::next_due(const Account& account, Time now) const {
    const auto rank = [](const Switch& family) {
        return family.repeat ? 3u : std::min(family.failures, 2u);
    };
    FamilyId best = none<FamilyId>();
    for (const FamilyId id : account.families) {
        const Switch& family = switches_[index(id)];
        if (family.cancel != Cancel::due || family.due_at > now) continue;
        if (best == none<FamilyId>()) {
            best = id;
            continue;
        }
        const Switch& leader = switches_[index(best)];
        const bool longer = rank(family) > 0 && family.due_at < leader.due_at;
        if (rank(family) < rank(leader) || (rank(family) == rank(leader) && longer)) best = id;
    }
    return best;
}

Budget::Purpose Engine::purpose(const Switch& family) {
    if (family.repeat) return Budget::Purpose::repeat;
    return family.failures > 1 ? Budget::Purpose::retry : Budget::Purpose::trip;
}

LinkId Engine::idle_link(const Account& account) const {
    for (const LinkId id : account.links) {
        if (links_[index(id)].phase == LinkPhase::idle) return id;
    }
    return none<LinkId>();
}

void Engine::fire(FamilyId id, LinkId link_id, Budget::Slot slot, Time now, Step& step) {
    Switch& family = switches_[index(id)];
    LinkState& link = links_[index(link_id)];
    const AttemptId attempt{++attempts_};
    link.phase = LinkPhase::firing;
    link.family = id;
    link.attempt = attempt;
    link.slot = slot;
    link.deadline = now + plan_.timings.answer_timeout;
    family.cancel = Cancel::in_flight;
    family.after_resync = false;
    family.attempt = attempt;
    family.link = link_id;
    step.actions.push_back({ActionKind::fire, link.account, id, link_id, attempt});
    step.events.push_back({.kind = EventKind::fired,
                           .at = now,
                           .trip = family.trip,
                           .attempt = attempt,
                           .family = id,
                           .link = link_id});
}

void Engine::on_answer(LinkId id, const Answer& answer, Time now, Step& step, bool link_stays) {
    LinkState& link = links_[index(id)];
    check(link.phase == LinkPhase::firing, "an answer belongs to an attempt in flight");
    const FamilyId family = link.family;
    accounts_[index(link.account)].budget.answered(link.slot, now);
    step.events.push_back({.kind = EventKind::answered,
                           .at = now,
                           .trip = switches_[index(family)].trip,
                           .attempt = link.attempt,
                           .family = family,
                           .link = id,
                           .answer = answer});
    release(link, link_stays ? LinkPhase::idle : LinkPhase::down);
    settle(family, answer, id, now, step);
    finish(now, step);
}

// What the answer to its attempt means for a family.
void Engine::settle(FamilyId id, const Answer& answer, LinkId link, Time now, Step& step) {
    Switch& family = switches_[index(id)];
    family.last_answer = answer;
    if (family.again) {
        // The attempt was sent before the present trip: whatever came of it, the trip's own goes
        // now.
        family.again = false;
        family.failures = 0;
        family.resynced = false;
        return make_due(family, now);
    }
    const Timings& timings = plan_.timings;
    const Duration growing = growing_pause(family.failures);
    switch (answer.answer_class) {
        case AnswerClass::confirmed:
        case AnswerClass::nothing_left:
            return confirm(id, now, step);
        case AnswerClass::failed:
            return try_again(family, growing, now);
        case AnswerClass::ambiguous:
            return try_again(family, family.failures == 0 ? 0ns : growing, now);
        case AnswerClass::throttled:
            return try_again(family, timings.retry_max, now);
        case AnswerClass::clock:
            // The first time at once, as soon as a rehearsal has told the time; then with pauses.
            family.after_resync = !family.resynced;
            family.resynced = true;
            try_again(family, growing, now);
            if (family.after_resync) ask_for_time(link, now, step);
            return;
        case AnswerClass::refused:
            return try_again(family, timings.retry_refused, now);
    }
}

void Engine::confirm(FamilyId id, Time now, Step& step) {
    Switch& family = switches_[index(id)];
    family.cancel = family.latched ? Cancel::confirmed : Cancel::idle;
    family.failures = 0;
    step.events.push_back({.kind = EventKind::confirmed,
                           .at = now,
                           .trip = family.trip,
                           .attempt = family.attempt,
                           .family = id,
                           .answer = family.last_answer});
}

void Engine::make_due(Switch& family, Time at) {
    family.cancel = Cancel::due;
    family.due_at = at;
}

void Engine::try_again(Switch& family, Duration pause, Time now) {
    make_due(family, now + pause);
    ++family.failures;
}

Duration Engine::growing_pause(std::uint32_t failures) const {
    const Timings& timings = plan_.timings;
    Duration pause = timings.retry_first;
    for (std::uint32_t i = 0; i < failures && pause < timings.retry_max; ++i) pause *= 2;
    return std::min(pause, timings.retry_max);
}

void Engine::lose_attempt(LinkState& link, LinkId id, Time now, Step& step) {
    const FamilyId family = link.family;
    accounts_[index(link.account)].budget.lost(link.slot, now);
    step.events.push_back({.kind = EventKind::attempt_lost,
                           .at = now,
                           .trip = switches_[index(family)].trip,
                           .attempt = link.attempt,
                           .family = family,
                           .link = id});
    settle(family, {AnswerClass::ambiguous, 0, no_code}, id, now, step);
}

}  // namespace scram
