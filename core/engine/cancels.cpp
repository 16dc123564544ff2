#include "core/engine/cancels.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/prefetch.h"

namespace scram {
namespace {

// When its next attempt is wanted: the one that is due, or the hedge of one that is in flight. None
// while an operator's wish waits for the attempts in flight to end.
Time wanted_at(const Switch& family) {
    if (family.release == Release::waiting) return never;
    if (family.cancel == Cancel::due) return family.due_at;
    if (family.cancel == Cancel::in_flight) return family.hedge_at;
    return family.cancel == Cancel::accepted ? family.renew_at : never;
}

Budget::Purpose purpose(const Switch& family) {
    if (family.repeat) return Budget::Purpose::repeat;
    const bool hedge = family.cancel == Cancel::in_flight;
    return hedge || family.failures > 1 ? Budget::Purpose::retry : Budget::Purpose::trip;
}

}  // namespace

Cancels::Cancels(const Plan& plan, std::vector<KillSwitch>& switches, Accounts& accounts,
                 Links& links)
    : plan_(plan),
      switches_(switches),
      accounts_(accounts),
      links_(links),
      locks_(plan, switches, links),
      queues_(plan.accounts.size(), Queue{{}, FamilySet(plan.families.size()), {}}) {
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        queue_of(id_at<FamilyId>(f)).families.push_back(id_at<FamilyId>(f));
    }
}

// ---- What leaves --------------------------------------------------------------------------------

void Cancels::dispatch(Time now, Step& step) {
    wants_link_ = false;
    for (std::size_t a = 0; a < queues_.size(); ++a) dispatch(id_at<AccountId>(a), now, step);
}

void Cancels::dispatch(AccountId id, Time now, Step& step) {
    const Queue& queue = queues_[index(id)];
    if (now < queue.hold_until) return;
    for (;;) {
        const FamilyId family = next_due(queue, now);
        if (family == none<FamilyId>()) return;
        const LinkId link = links_.idle(id);
        if (link == none<LinkId>()) {
            wants_link_ = true;
            return;
        }
        const auto slot = accounts_.budget(id).take(now, purpose(*switches_[index(family)]));
        if (!slot) return;
        fire(family, link, *slot, now, step);
    }
}

// First cancels before retries, second tries before later ones and hedges, those before repeats
// and unlockings; within a rank, first cancels by the order of fire, the others by how long they
// wait. A rank never leaves fewer slots to others than the ranks before it, so when the best cannot
// be sent, none can.
FamilyId Cancels::next_due(const Queue& queue, Time now) const {
    const auto rank = [](const Switch& family) {
        if (family.repeat) return 3u;
        return family.cancel == Cancel::in_flight ? 2u : std::min(family.failures, 2u);
    };
    const auto goes_before = [&](const Switch& family, const Switch& leader) {
        const bool longer = rank(family) > 0 && wanted_at(family) < wanted_at(leader);
        return rank(family) < rank(leader) || (rank(family) == rank(leader) && longer);
    };
    FamilyId best = none<FamilyId>();
    queue.unfinished.for_each([&](FamilyId id) {
        const Switch& family = *switches_[index(id)];
        if (wanted_at(family) > now) return;
        if (best == none<FamilyId>() || goes_before(family, *switches_[index(best)])) best = id;
    });
    return best;
}

void Cancels::fire(FamilyId id, LinkId link_id, Budget::Slot slot, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    LinkState& link = links_[link_id];
    bool hedge = false;
    if (family->cancel != Cancel::due) [[unlikely]] {
        hedge = family->cancel == Cancel::in_flight;
        if (!hedge) family.renew(now);
    }
    const bool certain = locks_.certain_at(id, family->lock, now) <= now;
    const Attempt attempt{AttemptId{++attempts_}, id, family->round, family->lock, certain, slot};
    link.fire(attempt, now, plan_.timings.answer_timeout);
    // One hedge is enough: an attempt that fails or is lost is followed by the next anyway.
    const bool first = family->out == 0;
    family.fired(attempt.id, link_id, first ? now + hedge_after(link.account()) : never);
    step.actions.push_back(
        {ActionKind::fire, link.account(), id, link_id, attempt.id, attempt.lock});
    Event& event = step.events.append();
    event.kind = EventKind::fired;
    event.at = now;
    event.trip = family->trip;
    event.attempt = attempt.id;
    event.family = id;
    event.link = link_id;
    event.hedge = hedge;
    event.lock = attempt.lock;
}

// Nothing is known of a link that was not measured: half the patience for an answer then.
Duration Cancels::hedge_after(AccountId id) const {
    const RoundTrip& round_trip = links_.round_trip(id);
    const Timings& timings = plan_.timings;
    if (!round_trip.known()) return std::max(timings.hedge_min, timings.answer_timeout / 2);
    return std::max(timings.hedge_min, round_trip.late_after());
}

bool Cancels::in_flight(FamilyId id) const {
    bool found = false;
    links_.for_each_attempt(plan_.families[index(id)].account, id,
                            [&](const LinkState&) { found = true; });
    return found;
}

bool Cancels::any_due(AccountId id, Time now) const {
    bool found = false;
    queues_[index(id)].unfinished.for_each([&](FamilyId family_id) {
        const Switch& family = *switches_[index(family_id)];
        const bool renews = family.renewing || family.cancel == Cancel::accepted;
        found = found || (!renews && wanted_at(family) <= now);
    });
    return found;
}

LinkId Cancels::next_link(FamilyId id, Time now) const {
    const AccountId account = plan_.families[index(id)].account;
    const Time next = accounts_.budget(account).next_take(now, purpose(*switches_[index(id)]));
    return next <= now ? links_.idle(account) : none<LinkId>();
}

Time Cancels::next_deadline(Time now) const {
    Time next = never;
    const auto also = [&](Time at) { next = std::min(next, at); };
    for (std::size_t a = 0; a < queues_.size(); ++a) {
        const bool held = queues_[a].hold_until > now;
        if (held) also(queues_[a].hold_until);
        const auto account = id_at<AccountId>(a);
        const bool can_send = !held && links_.idle(account) != none<LinkId>();
        for (const FamilyId id : queues_[a].families) {
            const Switch& family = *switches_[index(id)];
            const Time wanted = wanted_at(family);
            if (wanted == never) continue;
            if (wanted > now) also(wanted);
            // Without an idle link the next link event goes on; without a slot in sight, the next
            // answer.
            else if (can_send)
                also(accounts_.budget(account).next_take(now, purpose(family)));
        }
    }
    return next;
}

// ---- What comes back ----------------------------------------------------------------------------

Cancels::Then Cancels::answered(LinkId id, const Answer& answer, bool link_stays, Time now,
                                Step& step) {
    LinkState& link = links_[id];
    check(link.phase() == LinkPhase::firing, "an answer belongs to an attempt in flight");
    const Attempt attempt = link.attempt();
    const bool late = is_late(attempt);
    links_.measure(id, now);
    see_alive(link.account(), link.sent(), now);
    step.events.push_back({.kind = EventKind::answered,
                           .at = now,
                           .trip = switches_[index(attempt.family)]->trip,
                           .attempt = attempt.id,
                           .family = attempt.family,
                           .link = id,
                           .late = late,
                           .answer = answer});
    accounts_.count(link.account(), attempt.slot, answer, now, step);
    const Time dead = now + plan_.accounts[index(link.account())].budget.guard;
    locks_.may_have_begun(attempt, answer.answer_class, is_final(answer) ? now : dead);
    if (!is_final(answer)) locks_.stray(attempt.family, attempt.lock, dead, now);
    link.answered(link_stays, now);
    const Then then = late ? Then::nothing : settle(attempt, answer, id, now, step);
    locks_.look_again(attempt.family, now);
    return then;
}

// Its round is over: another attempt was accepted, or a new trip wants one of its own.
bool Cancels::is_late(const Attempt& attempt) const {
    return attempt.round != switches_[index(attempt.family)]->round;
}

// What the answer to its attempt means for a family.
Cancels::Then Cancels::settle(const Attempt& attempt, const Answer& answer, LinkId link, Time now,
                              Step& step) {
    KillSwitch& family = switches_[index(attempt.family)];
    family.settled(attempt.id, link, answer);
    const AccountId account = plan_.families[index(attempt.family)].account;
    const Duration growing = growing_pause(family->failures);
    switch (answer.answer_class) {
        case AnswerClass::accepted:
        case AnswerClass::nothing_left:
            return accept(attempt, link, now, step);
        case AnswerClass::failed:
            family.try_again(now + growing);
            break;
        case AnswerClass::ambiguous:
            family.try_again(family->failures == 0 ? now : now + growing);
            break;
        case AnswerClass::throttled:
            family.try_again(now + plan_.accounts[index(account)].budget.window);
            break;
        case AnswerClass::clock:
            // The first time at once, as soon as a rehearsal has told the time; then with pauses,
            // and the time is asked for again: the exchange's clock may have stepped once more.
            // What else is due was signed by the same clock, and would only spend budget.
            if (family.refused_time()) queues_[index(account)].hold_until = now + growing;
            family.try_again(now + growing);
            return Then::tell_time;
        case AnswerClass::refused:
            family.try_again(now + plan_.timings.retry_refused);
            break;
    }
    return Then::nothing;
}

Cancels::Then Cancels::accept(const Attempt& attempt, LinkId link, Time now, Step& step) {
    KillSwitch& family = switches_[index(attempt.family)];
    if (family->renewing) {
        family.renewed();
        hold(attempt, links_[link].sent());
        return Then::nothing;
    }
    if (!locks_.settles(attempt)) {
        ask_for_lock(attempt.family, now, step);
        return Then::nothing;
    }
    if (family->release == Release::unlocking) return Then::unlocked;
    family.accept();
    queue_of(attempt.family).unfinished.erase(attempt.family);
    hold(attempt, links_[link].sent());
    step.events.push_back({.kind = EventKind::accepted,
                           .at = now,
                           .trip = family->trip,
                           .attempt = family->attempt,
                           .family = attempt.family,
                           .answer = family->last_answer});
    return Then::accepted;
}

// The exchange's lock began at some time after its attempt was sent, and is renewed while a quarter
// of it is left at least.
void Cancels::hold(const Attempt& attempt, Time sent) {
    const bool is_held = plan_.families[index(attempt.family)].hold && attempt.lock > 0ms;
    KillSwitch& family = switches_[index(attempt.family)];
    if (!is_held || !family->latched || family->release != Release::none) return;
    family.hold(sent + attempt.lock * 3 / 4);
    queue(attempt.family);
}

// At a start, and after a reload, how much of a lock is left is not known.
void Cancels::hold_all(Time now) {
    for (std::size_t f = 0; f < switches_.size(); ++f) {
        KillSwitch& family = switches_[f];
        const bool is_held = plan_.families[f].hold && family->lock > 0ms;
        if (family->cancel != Cancel::accepted || family->release != Release::none) continue;
        if (is_held == (family->renew_at != never)) continue;
        family.hold(is_held ? now : never);
        if (is_held) queue(id_at<FamilyId>(f));
    }
}

// The cancel is accepted by an attempt that does not settle its family's lock.
void Cancels::ask_for_lock(FamilyId id, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    if (family.open_lock()) {
        step.events.push_back({.kind = EventKind::lock_unconfirmed,
                               .at = now,
                               .trip = family->trip,
                               .attempt = family->attempt,
                               .family = id,
                               .lock = family->lock,
                               .answer = family->last_answer});
    }
    const bool is_asked = locks_.is_asked_for(id);
    if (is_asked && family->out == 1)
        family.hedge(now + hedge_after(plan_.families[index(id)].account));
    if (!is_asked) family.due(locks_.certain_at(id, family->lock, now));
}

Duration Cancels::growing_pause(std::uint32_t failures) const {
    const Timings& timings = plan_.timings;
    Duration pause = timings.retry_first;
    for (std::uint32_t i = 0; i < failures && pause < timings.retry_max; ++i) pause *= 2;
    return std::min(pause, timings.retry_max);
}

void Cancels::lost(LinkId id, Lost how, Time now, Step& step) {
    const Attempt attempt = links_[id].attempt();
    const AccountId account = links_[id].account();
    const Answer no_answer{AnswerClass::ambiguous, 0, no_code};
    const bool late = is_late(attempt);
    if (how == Lost::not_taken) {
        accounts_.budget(account).returned(attempt.slot, now);
    } else {
        accounts_.budget(account).lost(attempt.slot, now);
        const Duration guard = plan_.accounts[index(account)].budget.guard;
        locks_.may_have_begun(attempt, no_answer.answer_class, now + guard);
        locks_.stray(attempt.family, attempt.lock, never, now);
    }
    step.events.push_back({.kind = EventKind::attempt_lost,
                           .at = now,
                           .trip = switches_[index(attempt.family)]->trip,
                           .attempt = attempt.id,
                           .family = attempt.family,
                           .link = id,
                           .late = late,
                           .not_taken = how == Lost::not_taken});
    if (!late && how == Lost::overdue) settle(attempt, no_answer, id, now, step);
    if (!late && how != Lost::overdue) follow_at_once(attempt, id, now);
    locks_.look_again(attempt.family, now);
}

// A growing pause is for answers and for silence. What died with its connection is followed at once
// on another link, as often as there are links: then, as each new one may be closed as well, after
// the first pause.
void Cancels::follow_at_once(const Attempt& attempt, LinkId id, Time now) {
    KillSwitch& family = switches_[index(attempt.family)];
    const std::uint32_t closed = family.closed(attempt.id, id);
    const bool more = closed <= links_.of(links_[id].account()).size();
    family.due(more ? now : now + plan_.timings.retry_first);
}

void Cancels::see_alive(AccountId id, Time since, Time now) {
    accounts_.budget(id).alive(since, now);
    locks_.see_alive(id, queues_[index(id)].families, since, now);
}

void Cancels::time_known(AccountId id, Time now, Step& step) {
    queues_[index(id)].hold_until = {};
    bool waited_for_it = false;
    for (const FamilyId family_id : queues_[index(id)].families) {
        KillSwitch& family = switches_[index(family_id)];
        if (!family->after_resync || family->cancel != Cancel::due) continue;
        family.time_known(now);
        waited_for_it = true;
    }
    if (waited_for_it) step.actions.push_back({ActionKind::resign, id});
}

void Cancels::restore(FamilyId id, Time now) {
    if (attempts_ > 0) locks_.stray(id, 0ms, never, now);
}

void Cancels::touch(std::size_t turn) const {
    touch_one(queues_, turn);
    queues_[turn % queues_.size()].unfinished.touch();
    touch_one(switches_, turn);
}

}  // namespace scram
