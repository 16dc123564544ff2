// What must be true of each step, and of the world after it.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {
namespace {

Seen seen_of(Alarm alarm, bool raised) {
    switch (alarm) {
        case Alarm::none:
        case Alarm::budget_shared:
            return raised ? Seen::alarm_budget_shared : Seen::alarm_budget_shared_over;
        case Alarm::refused:
            return raised ? Seen::alarm_refused : Seen::alarm_refused_over;
        case Alarm::key_refused:
            return raised ? Seen::alarm_key_refused : Seen::alarm_key_refused_over;
        case Alarm::no_permission:
            return raised ? Seen::alarm_no_permission : Seen::alarm_no_permission_over;
        case Alarm::wrong_mode:
            return raised ? Seen::alarm_wrong_mode : Seen::alarm_wrong_mode_over;
        case Alarm::key_unbound:
            return raised ? Seen::alarm_key_unbound : Seen::alarm_key_unbound_over;
        case Alarm::unverified:
            return raised ? Seen::alarm_unverified : Seen::alarm_unverified_over;
        case Alarm::dead_man:
            return raised ? Seen::alarm_dead_man : Seen::alarm_dead_man_over;
    }
    return Seen::alarm_refused;
}

}  // namespace

// Gates before requests, and nothing without an event that tells of it.
void World::check_telling() const {
    const auto tells = [&](auto&& of) {
        return std::any_of(step_.events.begin(), step_.events.end(), of);
    };
    bool fired = std::any_of(done_.begin(), done_.end(),
                             [](const Action& its) { return its.kind == ActionKind::fire; });
    for (const Action& action : step_.actions) {
        const auto of_family = [&](EventKind kind) {
            return [&action, kind](const Event& event) {
                return event.kind == kind && event.family == action.family;
            };
        };
        fired = fired || action.kind == ActionKind::fire;
        must(!fired || action.kind != ActionKind::close_gate, 4, "a gate closes after a request");
        if (action.kind == ActionKind::close_gate)
            must(tells(of_family(EventKind::latched)) || tells(of_family(EventKind::restored)), 4,
                 "a gate closes, and no event tells why");
        if (action.kind == ActionKind::fire)
            must(tells([&](const Event& event) {
                     return event.kind == EventKind::fired && event.attempt == action.attempt &&
                            event.family == action.family && event.link == action.link &&
                            event.lock == action.lock;
                 }),
                 4, "a mass-cancel leaves, and no event tells of it");
        // Of a call that is given up the end of its link tells.
        const bool tells_later =
            action.kind == ActionKind::abort_link && calls_on(wires_[index(action.link)]);
        if (action.kind == ActionKind::abort_link || action.kind == ActionKind::open_gate)
            must(!step_.events.empty() || tells_later, 0,
                 "the engine acts, and no event tells of it");
    }
}

void World::check_links() const {
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        const Wire& its = wires_[l];
        const LinkPhase phase = engine_->phase(id_at<LinkId>(l));
        const bool usable = its.told_up && !its.aborted && its.up;
        const bool busy = its.request != none_in_flight;
        must(!usable || phase != LinkPhase::down, 0, "the engine has forgotten a link that is up");
        must(its.told_up || phase == LinkPhase::down, 0, "the engine uses a link that is down");
        must(!its.aborted || phase == LinkPhase::down, 6,
             "the engine uses a link that it has reset");
        must(!usable || busy || phase == LinkPhase::idle, 6,
             "the engine waits for an answer on a link that has nothing in flight");
        must(!usable || !busy || phase != LinkPhase::idle, 6,
             "the engine takes a link for idle that has a request in flight");
        if (!usable || !busy) continue;
        const bool overdue =
            requests_[its.request].sent + patience(requests_[its.request]) < now_ - 30ms;
        must(!overdue || late_until_ > now_ - 60ms, 0,
             "an answer is overdue, and its link not reset");
    }
}

// Whatever time alone brings about, the engine has asked to be called for.
void World::check_deadlines() const {
    const Time next = engine_->next_deadline();
    must(next <= oracle_->next_trip(), 0,
         "the engine does not ask for the time at which a rule trips");
    for (const Wire& its : wires_) {
        if (!its.up || its.aborted || its.request == none_in_flight) continue;
        must(next <= requests_[its.request].sent + patience(requests_[its.request]) ||
                 reloaded_at_ > now_ - 5s,
             0, "the engine does not ask for the time at which an answer is overdue");
    }
    for (const FamilyBook& book : books_.families()) {
        const Time at = book.tripped_at + plan_.timings.unverified_after;
        must(!is_to_be_verified(book) || at <= now_ || next <= at, 0,
             "the engine does not ask for the time at which a family is unverified for long");
    }
}

// What is due, has a slot and a link, leaves.
void World::check_work_goes_on() const {
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const FamilyBook& book = books_.families()[f];
        if (book.owed || (book.lock_owed && !book.releasing))
            check_work_goes_on(id_at<FamilyId>(f));
    }
}

void World::check_work_goes_on(FamilyId id) const {
    const Switch& its = engine_->family(id);
    const AccountId account = plan_.families[index(id)].account;
    const bool hedge = its.cancel == Cancel::in_flight;
    if (held_until_[index(account)] > now_) return;
    if (hedge) {
        must(books_.in_flight()[index(id)] > 0 && its.out > 0, 2,
             "an answer is awaited that none owes");
        must(its.out > 1 || its.hedge_at <= now_ + 60s, 2, "a silent attempt is never hedged");
    }
    const Duration longest = std::max({plan_.timings.retry_max, plan_.timings.retry_refused,
                                       plan_.accounts[index(account)].budget.window});
    must(hedge || its.due_at <= now_ + longest || its.lock_open || reloaded_at_ > now_ - 10s, 2,
         "a cancel is put off for too long");
    // An operator's wish to arm waits for what is in flight to end, and the next try with it.
    const bool waits = books_.family(id).releasing && in_flight(id);
    if ((hedge ? its.hedge_at : its.due_at) > now_ || waits) return;
    const bool idle = has_idle_link(account);
    const auto purpose = its.repeat                  ? Budget::Purpose::repeat
                         : hedge || its.failures > 1 ? Budget::Purpose::retry
                                                     : Budget::Purpose::trip;
    const bool slot = engine_->budget(account).next_take(now_, purpose) <= now_;
    if (!idle) seen_.note(Seen::waited_for_link);
    if (!slot) seen_.note(Seen::waited_for_slot);
    if (idle && slot)
        throw Violation(2, fmt::format("family {}'s cancel is due, a link idle, a slot free, and "
                                       "nothing leaves",
                                       index(id)));
}

bool World::has_idle_link(AccountId account) const {
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        const auto link = id_at<LinkId>(l);
        if (engine_->account_of(link) == account && engine_->phase(link) == LinkPhase::idle)
            return true;
    }
    return false;
}

// Invariant 3. While network and exchange are well, a family is accepted within the time that the
// requests before it explain. n: the account's requests that hold, or could have held, a slot when
// the trip came, and those since, its own included. A slot comes back one window after the answer,
// so that of any s requests in a row the next one leaves at most window + round trip after the
// first; s of them leave over the links in k rounds, one more if a rehearsal is under way:
//     floor((n - 1) / s) * (window + k * round trip) + k * round trip
// The slot of one that was lost, maybe taken, waits for a sign of life first; that of one that the
// exchange never took is free at once, and that one counts nowhere.
// With s = 5 slots and at least as many links that is the invariant's 2 s and two round trips, with
// what a second of the exchange costs more: 5 ms of window and the round trip of each wave.
void World::check_bound(const Event& accepted) {
    const FamilyBook& book = books_.family(accepted.family);
    if (book.by_read) return;
    const AccountId account = plan_.families[index(accepted.family)].account;
    const AccountSpec& spec = plan_.accounts[index(account)];
    if (!scenario_.fair || book.repeat || book.lock_asked || reloaded_at_ > book.owed_since - 10s)
        return;
    if (book.owed_since < world_start + 1s) return;
    const Duration round_trip = 2 * scenario_.way + answer_max;
    // Where the exchange has closed all links, the news takes a way and 2 ms, and new links a
    // handshake. A sign of life is asked for once the guard is over.
    const Duration reconnect = 4 * scenario_.way + 62ms + round_trip;
    const Duration sign = 2 * plan_.timings.rehearse_gap + round_trip + 50ms;
    const Duration held_back = spec.budget.guard + reconnect + sign;
    const Time since = book.owed_since - spec.budget.window - round_trip;
    const auto count = [](const auto& all, auto&& of) {
        return std::count_if(all.begin(), all.end(), of);
    };
    const auto& fires = fires_[index(account)];
    const auto lost = count(
        fires, [since, held_back](const Fired& its) { return its.lost_at > since - held_back; });
    const auto answered = count(fires, [since, held_back](const Fired& its) {
        return its.lost_at <= since - held_back && its.at > since;
    });
    const auto closings =
        count(closings_[index(account)], [&](Time at) { return at > book.owed_since - reconnect; });
    if (closings > 0) seen_.note(Seen::closed_all_bound_checked);
    const auto n = std::max<std::ptrdiff_t>(1, answered + lost);
    const int rounds = (spec.budget.slots + spec.links - 1) / spec.links + 1;
    const auto waves = (n - 1) / spec.budget.slots;
    const Duration bound = waves * (spec.budget.window + rounds * round_trip) +
                           std::min(waves, lost) * held_back + rounds * round_trip +
                           closings * (reconnect + rounds * round_trip);
    seen_.note(Seen::bound_checked);
    must(now_ - book.owed_since <= bound, 3, "a family was accepted later than the bound");
}

void World::note_events(Input input) {
    for (std::size_t a = 0; a < plan_.accounts.size(); ++a) {
        const Budget& budget = engine_->budget(id_at<AccountId>(a));
        if (budget.working_slots(now_) < budget.slots()) seen_.note(Seen::working_slots_lowered);
    }
    for (const Event& event : step_.events) {
        if (event.kind == EventKind::tripped && input == Input::reload)
            seen_.note(Seen::reload_trips);
        if (event.kind == EventKind::accepted || event.kind == EventKind::lock_unconfirmed)
            check_bound(event);
        if (event.kind == EventKind::alarm_raised && event.alarm == Alarm::budget_shared)
            must(exchange_.foreign_of_late(event.account, now_), 1,
                 "somebody else is blamed for our own requests");
        if (event.kind == EventKind::would_trip) seen_.note(Seen::trip_shadow);
        if (event.kind == EventKind::warned) seen_.note(Seen::warned);
        if (event.kind == EventKind::warning_over) seen_.note(Seen::warning_over);
        if (event.kind == EventKind::alarm_raised) seen_.note(seen_of(event.alarm, true));
        if (event.kind == EventKind::alarm_cleared) seen_.note(seen_of(event.alarm, false));
    }
}

}  // namespace scram::sim
