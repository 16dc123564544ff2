// The engine's second half of a kill: which cancel leaves next, and what its answer means.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/prefetch.h"
#include "core/engine/engine.h"

namespace scram {

void Engine::dispatch_all(Time now, Step& step) {
    for (Account& account : accounts_) dispatch(account, now, step);
}

void Engine::dispatch(Account& account, Time now, Step& step) {
    if (now < account.hold_until) return;
    for (;;) {
        const FamilyId family = next_due(account, now);
        if (family == none<FamilyId>()) return;
        const LinkId link = idle_link(account);
        if (link == none<LinkId>()) return;
        const auto slot = account.budget.take(now, purpose(*switches_[index(family)]));
        if (!slot) return;
        fire(family, link, *slot, now, step);
    }
}

// When its next attempt is wanted: the one that is due, or the hedge of one that is in flight. None
// while an operator's wish waits for the attempts in flight to end.
Time Engine::wanted_at(const Switch& family) {
    if (family.release == Release::waiting) return never;
    if (family.cancel == Cancel::due) return family.due_at;
    return family.cancel == Cancel::in_flight ? family.hedge_at : never;
}

// First cancels before retries, second tries before later ones and hedges, those before repeats
// and unlockings; within a rank, first cancels by the order of fire, the others by how long they
// wait. A rank never leaves fewer slots to others than the ranks before it, so when the best cannot
// be sent, none can.
FamilyId Engine::next_due(const Account& account, Time now) const {
    const auto rank = [](const Switch& family) {
        if (family.repeat) return 3u;
        return family.cancel == Cancel::in_flight ? 2u : std::min(family.failures, 2u);
    };
    const auto goes_before = [&](const Switch& family, const Switch& leader) {
        const bool longer = rank(family) > 0 && wanted_at(family) < wanted_at(leader);
        return rank(family) < rank(leader) || (rank(family) == rank(leader) && longer);
    };
    FamilyId best = none<FamilyId>();
    account.unfinished.for_each([&](FamilyId id) {
        const Switch& family = *switches_[index(id)];
        if (wanted_at(family) > now) return;
        if (best == none<FamilyId>() || goes_before(family, *switches_[index(best)])) best = id;
    });
    return best;
}

Budget::Purpose Engine::purpose(const Switch& family) {
    if (family.repeat) return Budget::Purpose::repeat;
    const bool hedge = family.cancel == Cancel::in_flight;
    return hedge || family.failures > 1 ? Budget::Purpose::retry : Budget::Purpose::trip;
}

LinkId Engine::idle_link(const Account& account) const {
    for (const LinkId id : account.links) {
        if (links_[index(id)].phase == LinkPhase::idle) return id;
    }
    return none<LinkId>();
}

Engine::Next Engine::next_cancel(FamilyId id, Time now) const {
    const Account& account = accounts_[index(plan_.families[index(id)].account)];
    double touched = 0;
    for (std::size_t m = 0; m < plan_.metrics.size(); ++m)
        touched += rules_.touch(metrics_, id, id_at<MetricId>(m));
    const bool can_send = account.budget.next_take(now, purpose(*switches_[index(id)])) <= now;
    const LinkId link = can_send ? idle_link(account) : none<LinkId>();
    return {link, plan_.families[index(id)].lock, touched};
}

void Engine::touch(std::size_t turn) const {
    touch_lines(*this);
    touch_one(accounts_, turn);
    accounts_[turn % accounts_.size()].unfinished.touch();
    touch_one(links_, turn);
    touch_one(sources_, turn);
    touch_one(switches_, turn);
    touch_one(told_, turn);
    rules_.touch(turn);
}

void Engine::fire(FamilyId id, LinkId link_id, Budget::Slot slot, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    LinkState& link = links_[index(link_id)];
    const bool hedge = family->cancel == Cancel::in_flight;
    check(link.phase == LinkPhase::idle, "an attempt leaves on an idle link");
    link.phase = LinkPhase::firing;
    link.family = id;
    link.round = family->round;
    link.lock = family->lock;
    link.certain = certain_at(id, family->lock, now) <= now;
    link.attempt = AttemptId{++attempts_};
    link.slot = slot;
    link.sent = now;
    link.deadline = now + plan_.timings.answer_timeout;
    // One hedge is enough: an attempt that fails or is lost is followed by the next anyway.
    const bool first = family->out == 0;
    family.fired(link.attempt, link_id, first ? now + hedge_after(link.account) : never);
    step.actions.push_back({ActionKind::fire, link.account, id, link_id, link.attempt, link.lock});
    Event& event = step.events.append();
    event.kind = EventKind::fired;
    event.at = now;
    event.trip = family->trip;
    event.attempt = link.attempt;
    event.family = id;
    event.link = link_id;
    event.hedge = hedge;
    event.lock = link.lock;
}

// Nothing is known of a link that was not measured: half the patience for an answer then.
Duration Engine::hedge_after(AccountId id) const {
    const RoundTrip& round_trip = accounts_[index(id)].round_trip;
    const Timings& timings = plan_.timings;
    if (!round_trip.known()) return std::max(timings.hedge_min, timings.answer_timeout / 2);
    return std::max(timings.hedge_min, round_trip.late_after());
}

// ---- Answers ------------------------------------------------------------------------------------

void Engine::on_answer(LinkId id, const Answer& answer, Time now, Step& step, bool link_stays) {
    LinkState& link = links_[index(id)];
    check(link.phase == LinkPhase::firing, "an answer belongs to an attempt in flight");
    Account& account = accounts_[index(link.account)];
    const FamilyId family = link.family;
    const bool late = is_late(link);
    account.round_trip.sample(now - link.sent);
    see_alive(link.account, link.sent, now);
    step.events.push_back({.kind = EventKind::answered,
                           .at = now,
                           .trip = switches_[index(family)]->trip,
                           .attempt = link.attempt,
                           .family = family,
                           .link = id,
                           .late = late,
                           .answer = answer});
    count_in_budget(account, link, answer, now, step);
    const Duration guard = plan_.accounts[index(link.account)].budget.guard;
    remember_lock(link, answer, is_final(answer) ? now : now + guard);
    if (!is_final(answer)) remember_stray(family, link.lock, now + guard, now);
    release(link, link_stays ? LinkPhase::idle : LinkPhase::down);
    if (!link_stays) link.down_since = now;
    if (!late) settle(link, answer, id, now, step);
    look_at_lock(family, now);
    finish(now, step);
}

// Its round is over: another attempt was confirmed, or a new trip wants one of its own.
bool Engine::is_late(const LinkState& link) const {
    return link.round != switches_[index(link.family)]->round;
}

void Engine::count_in_budget(Account& account, const LinkState& link, const Answer& answer,
                             Time now, Step& step) {
    switch (answer.answer_class) {
        case AnswerClass::throttled:
            if (account.budget.throttled(link.slot, now))
                raise(link.account, Alarm::budget_shared, now, step);
            return;
        case AnswerClass::refused:
            raise(link.account, Alarm::refused, now, step);
            break;
        case AnswerClass::confirmed:
        case AnswerClass::nothing_left:
            clear(link.account, Alarm::refused, now, step);
            break;
        case AnswerClass::failed:
        case AnswerClass::ambiguous:
        case AnswerClass::clock:
            break;
    }
    if (is_final(answer)) {
        account.budget.answered(link.slot, now);
    } else {
        account.budget.undecided(link.slot, now);
    }
}

// An attempt with a lock may have begun it at any time until its answer was read, or until its last
// bytes can have arrived.
void Engine::remember_lock(const LinkState& link, const Answer& answer, Time until) {
    const bool not_done = answer.answer_class == AnswerClass::throttled ||
                          answer.answer_class == AnswerClass::clock ||
                          answer.answer_class == AnswerClass::refused;
    if (link.lock == 0ms || not_done) return;
    switches_[index(link.family)].may_be_locked(until + link.lock);
}

// What the answer to its attempt means for a family.
void Engine::settle(const LinkState& of, const Answer& answer, LinkId link, Time now, Step& step) {
    const FamilyId id = of.family;
    KillSwitch& family = switches_[index(id)];
    family.settled(of.attempt, link, answer);
    const AccountId account = plan_.families[index(id)].account;
    const Duration growing = growing_pause(family->failures);
    switch (answer.answer_class) {
        case AnswerClass::confirmed:
        case AnswerClass::nothing_left:
            return settles(of) ? confirm(id, now, step) : ask_for_lock(id, now, step);
        case AnswerClass::failed:
            return family.try_again(now + growing);
        case AnswerClass::ambiguous:
            return family.try_again(family->failures == 0 ? now : now + growing);
        case AnswerClass::throttled:
            return family.try_again(now + plan_.accounts[index(account)].budget.window);
        case AnswerClass::clock:
            // The first time at once, as soon as a rehearsal has told the time; then with pauses,
            // and the time is asked for again: the exchange's clock may have stepped once more.
            // What else is due was signed by the same clock, and would only spend budget.
            if (family.refused_time()) accounts_[index(account)].hold_until = now + growing;
            family.try_again(now + growing);
            return ask_for_time(link, now, step);
        case AnswerClass::refused:
            return family.try_again(now + plan_.timings.retry_refused);
    }
}

void Engine::confirm(FamilyId id, Time now, Step& step) {
    KillSwitch& family = switches_[index(id)];
    if (family->release == Release::unlocking) return unlocked(id, now, step);
    family.confirm();
    accounts_[index(plan_.families[index(id)].account)].unfinished.erase(id);
    step.events.push_back({.kind = EventKind::confirmed,
                           .at = now,
                           .trip = family->trip,
                           .attempt = family->attempt,
                           .family = id,
                           .answer = family->last_answer});
}

// Its cancel is due, and dispatch() looks at it.
void Engine::queue(FamilyId id) {
    accounts_[index(plan_.families[index(id)].account)].unfinished.insert(id);
}

Duration Engine::growing_pause(std::uint32_t failures) const {
    const Timings& timings = plan_.timings;
    Duration pause = timings.retry_first;
    for (std::uint32_t i = 0; i < failures && pause < timings.retry_max; ++i) pause *= 2;
    return std::min(pause, timings.retry_max);
}

void Engine::lose_attempt(LinkState& link, LinkId id, Lost how, Time now, Step& step) {
    const FamilyId family = link.family;
    const Answer no_answer{AnswerClass::ambiguous, 0, no_code};
    const bool late = is_late(link);
    Account& account = accounts_[index(link.account)];
    if (how == Lost::not_taken) {
        account.budget.returned(link.slot, now);
    } else {
        account.budget.lost(link.slot, now);
        remember_lock(link, no_answer, now + plan_.accounts[index(link.account)].budget.guard);
        remember_stray(family, link.lock, never, now);
    }
    step.events.push_back({.kind = EventKind::attempt_lost,
                           .at = now,
                           .trip = switches_[index(family)]->trip,
                           .attempt = link.attempt,
                           .family = family,
                           .link = id,
                           .late = late,
                           .not_taken = how == Lost::not_taken});
    if (!late && !follow_at_once(link, id, how, now)) settle(link, no_answer, id, now, step);
    look_at_lock(family, now);
}

// A growing pause is for answers and for silence. What died with its connection is followed at once
// on another link, as often as there are links: then, as each new one may be closed as well, after
// the first pause.
bool Engine::follow_at_once(LinkState& link, LinkId id, Lost how, Time now) {
    if (how == Lost::overdue) return false;
    const std::uint32_t closed = switches_[index(link.family)].closed(link.attempt, id);
    const bool more = closed <= accounts_[index(link.account)].links.size();
    switches_[index(link.family)].due(more ? now : now + plan_.timings.retry_first);
    return true;
}

// ---- Alarms -------------------------------------------------------------------------------------

void Engine::raise(AccountId account, Alarm alarm, Time now, Step& step) {
    bool& raised = accounts_[index(account)].alarms[static_cast<std::size_t>(alarm)];
    if (std::exchange(raised, true)) return;
    step.events.push_back(
        {.kind = EventKind::alarm_raised, .at = now, .account = account, .alarm = alarm});
}

void Engine::clear(AccountId account, Alarm alarm, Time now, Step& step) {
    bool& raised = accounts_[index(account)].alarms[static_cast<std::size_t>(alarm)];
    if (!std::exchange(raised, false)) return;
    step.events.push_back(
        {.kind = EventKind::alarm_cleared, .at = now, .account = account, .alarm = alarm});
}

void Engine::clear_shared_budgets(Time now, Step& step) {
    for (std::size_t a = 0; a < accounts_.size(); ++a) {
        const Budget& budget = accounts_[a].budget;
        if (budget.working_slots(now) == budget.slots())
            clear(id_at<AccountId>(a), Alarm::budget_shared, now, step);
    }
}

}  // namespace scram
