// One step: what the engine answered to an input is judged, carried out in its order, and judged
// again. scramd may end between any two actions.
#include <algorithm>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {
namespace {

// daemon/armory.cpp: what is older than this is signed again before it is sent.
constexpr std::int64_t signature_age_max_ms = 15'000;

}  // namespace

void World::take_in(Input input) {
    ++inputs_;
    read_step(input);
    act();
    write_down();
    crash_at_.reset();
    tell_oracle();
    books_.compare(step_, context(input));
    check_links();
    check_deadlines();
    if (input != Input::signal || !step_.actions.empty()) check_work_goes_on();
    note_events(input);
    oracle_->clear();
    rearm_.reset();
    pulled_.reset();
    done_.clear();
    told_ = 0;
}

// What the step made of families.
void World::tell_oracle() {
    for (const Event& event : step_.events) {
        // What else is due waits for the exchange's time, for a pause between two tries at most.
        if (event.kind == EventKind::answered && event.answer.answer_class == AnswerClass::clock)
            held_until_[index(plan_.families[index(event.family)].account)] =
                now_ + plan_.timings.retry_max;
        if (event.kind == EventKind::latched || event.kind == EventKind::restored)
            oracle_->latched(event.family);
        if (event.kind == EventKind::rearmed) oracle_->looked_at(event.family);
    }
    for (const Action& action : step_.actions) {
        if (action.kind == ActionKind::open_gate) oracle_->rearmed(action.family, now_);
    }
}

// As Driver::signal: what decide() wants is done before conclude() is asked. The journal is told of
// both at once.
void World::signal_in_halves(SourceId source, const scram_signal& signal) {
    step_.clear();
    if (engine_->decide(source, signal, now_, step_)) {
        seen_.note(Seen::decided_first);
        deciding_ = true;
        read_step(Input::signal);
        act();
        deciding_ = false;
        check_work_goes_on();
        done_.assign(step_.actions.begin(), step_.actions.end());
        told_ = step_.events.size();
        step_.actions.clear();
        engine_->conclude(now_, step_);
        if (!step_.actions.empty()) seen_.note(Seen::concluded_more);
    }
    take_in(Input::signal);
}

// Judges what the engine says, and whether scramd ends while it is done.
void World::read_step(Input input) {
    trace_step(input);
    const bool acts =
        std::any_of(step_.actions.begin(), step_.actions.end(), [](const Action& its) {
            return its.kind == ActionKind::close_gate || its.kind == ActionKind::fire;
        });
    const bool to_crash = (acts || !step_.events.empty()) &&
                          strikes(Fault::crash, acts ? 40 : 400, mishaps_) && !left_out();
    crash_at_.reset();
    if (to_crash) {
        crash_at_ = mishaps_.below(step_.actions.size() + 3);
        crash_of_machine_ = mishaps_.one_in(4);
    }
    if (told_ == 0 && (to_crash || deciding_)) books_before_.emplace(books_);
    books_.read(step_, context(input));
    check_telling();
}

Books::Context World::context(Input input) const {
    return {*engine_,
            *oracle_,
            plan_,
            requests_,
            exchange_,
            rearm_ ? &*rearm_ : nullptr,
            pulled_ ? &*pulled_ : nullptr,
            input == Input::start,
            now_,
            told_};
}

// ---- Carrying out -------------------------------------------------------------------------------

void World::act() {
    const auto end_at = [&](std::size_t point) {
        if (crash_at_ == point) throw Crash{crash_of_machine_};
    };
    end_at(0);
    host_.before(step_, *engine_);
    end_at(1);
    for (std::size_t i = 0; i < step_.actions.size(); ++i) {
        perform(step_.actions[i]);
        end_at(2 + i);
    }
}

void World::write_down() {
    host_.after(step_, *engine_, clock_->at(now_));
    if (strikes(Fault::damage, 4000, mishaps_)) host_.stall_scribe(mishaps_.between(1, 600));
    if (host_.scribe(clock_->at(now_))) durable_ = books_.families();
}

void World::perform(const Action& action) {
    switch (action.kind) {
        case ActionKind::close_gate:
            return books_.gate(action.family, true);
        case ActionKind::open_gate:
            must(!in_flight(action.family), 8, "a gate opened while a cancel was in flight");
            return books_.gate(action.family, false);
        case ActionKind::fire:
            return fire(action);
        case ActionKind::rehearse: {
            Request request;
            request.link = action.link;
            request.account = action.account;
            return send(request);
        }
        case ActionKind::abort_link:
            return abort(action.link);
        case ActionKind::resign:
            seen_.note(Seen::resync_at_once);
            for (std::size_t f = 0; f < signed_.size(); ++f) {
                if (plan_.families[f].account == action.account) signed_[f] = clock_->at(now_);
            }
            return;
    }
}

bool World::in_flight(FamilyId family) const {
    return std::any_of(wires_.begin(), wires_.end(), [&](const Wire& its) {
        return its.told_up && !its.aborted && its.request != none_in_flight &&
               requests_[its.request].family == family;
    });
}

void World::fire(const Action& action) {
    const FamilyBook& book = books_.family(action.family);
    must(book.gate_closed || book.armed_while_owed, 4,
         "a mass-cancel leaves before its gate closes");
    must(action.account == plan_.families[index(action.family)].account &&
             engine_->account_of(action.link) == action.account,
         4, "a mass-cancel leaves on another account's link");
    WallMillis& signed_at = signed_[index(action.family)];
    if (std::abs(clock_->at(now_).value - signed_at.value) > signature_age_max_ms)
        signed_at = clock_->at(now_);
    Request request;
    request.mass_cancel = true;
    request.account = action.account;
    request.family = action.family;
    request.link = action.link;
    request.attempt = action.attempt;
    request.demand = book.owed || book.lock_owed ? book.demand : 0;
    request.lock = action.lock;
    request.signed_at = signed_at;
    request.clock_sampled = clock_sampled_;
    if (!clock_->synced()) seen_.note(Seen::signed_before_sync);
    request.hedge = std::any_of(step_.events.begin(), step_.events.end(), [&](const Event& event) {
        return event.kind == EventKind::fired && event.attempt == action.attempt && event.hedge;
    });
    trace_.say(now_, "    signed for {}, exchange {}, a sample from {}", request.signed_at.value,
               exchange_.wall(now_).value, ns_of(clock_sampled_) / 1000000);
    fires_[index(action.account)].push_back({now_, action.attempt});
    send(request);
}

// Reset by us: nothing more is read on it, and its end is told a moment later.
void World::abort(LinkId link) {
    Wire& its = wire(link);
    drop_under_way(link);
    its.up = false;
    its.aborted = true;
    plan(now_ + network_.up_to(2ms), What::link_told, static_cast<std::uint32_t>(index(link)),
         its.connection);
}

// ---- Judging ------------------------------------------------------------------------------------

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
        if (action.kind == ActionKind::abort_link || action.kind == ActionKind::open_gate)
            must(!step_.events.empty(), 0, "the engine acts, and no event tells of it");
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
            requests_[its.request].sent + plan_.timings.answer_timeout < now_ - 30ms;
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
        must(next <= requests_[its.request].sent + plan_.timings.answer_timeout ||
                 reloaded_at_ > now_ - 5s,
             0, "the engine does not ask for the time at which an answer is overdue");
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

// Invariant 3. While network and exchange are well, a family is confirmed within the time that the
// requests before it explain. n: the account's requests that hold, or could have held, a slot when
// the trip came, and those since, its own included. A slot comes back one window after the answer,
// so that of any s requests in a row the next one leaves at most window + round trip after the
// first; s of them leave over the links in k rounds, one more if a rehearsal is under way:
//     floor((n - 1) / s) * (window + k * round trip) + k * round trip
// The slot of one that was lost, maybe taken, waits for a sign of life first; that of one that the
// exchange never took is free at once, and that one counts nowhere.
// With s = 5 slots and at least as many links that is the invariant's 2 s and two round trips, with
// what a second of the exchange costs more: 5 ms of window and the round trip of each wave.
void World::check_bound(const Event& confirmed) {
    const FamilyBook& book = books_.family(confirmed.family);
    const AccountId account = plan_.families[index(confirmed.family)].account;
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
    must(now_ - book.owed_since <= bound, 3, "a family was confirmed later than the bound");
}

void World::note_events(Input input) {
    for (std::size_t a = 0; a < plan_.accounts.size(); ++a) {
        const Budget& budget = engine_->budget(id_at<AccountId>(a));
        if (budget.working_slots(now_) < budget.slots()) seen_.note(Seen::working_slots_lowered);
    }
    for (const Event& event : step_.events) {
        if (event.kind == EventKind::tripped && input == Input::reload)
            seen_.note(Seen::reload_trips);
        if (event.kind == EventKind::confirmed || event.kind == EventKind::lock_unconfirmed)
            check_bound(event);
        if (event.kind == EventKind::alarm_raised && event.alarm == Alarm::budget_shared)
            must(exchange_.foreign_of_late(event.account, now_), 1,
                 "somebody else is blamed for our own requests");
        if (event.kind == EventKind::would_trip) seen_.note(Seen::trip_shadow);
        if (event.kind == EventKind::warned) seen_.note(Seen::warned);
        if (event.kind == EventKind::warning_over) seen_.note(Seen::warning_over);
        if (event.kind == EventKind::alarm_raised)
            seen_.note(event.alarm == Alarm::refused ? Seen::alarm_refused
                                                     : Seen::alarm_budget_shared);
        if (event.kind == EventKind::alarm_cleared)
            seen_.note(event.alarm == Alarm::refused ? Seen::alarm_refused_over
                                                     : Seen::alarm_budget_shared_over);
    }
}

void World::trace_plan() {
    const auto list = [](const auto& ids) {
        std::string text;
        for (const auto id : ids) text += fmt::format(" {}", index(id));
        return text;
    };
    for (const FamilySpec& family : plan_.families)
        trace_.say(now_, "plan: family {} lock {}", family.name, family.lock.count());
    for (const SourceSpec& source : plan_.sources)
        trace_.say(now_, "plan: {} may publish for{}", source.name, list(source.families));
    for (const AccountSpec& account : plan_.accounts)
        trace_.say(now_, "plan: account {} has {} slots, {} in reserve, {} links", account.name,
                   account.budget.slots, account.budget.reserve, account.links);
    constexpr std::string_view kinds[] = {"limit",      "drawdown", "change", "count",
                                          "divergence", "stale",    "gone",   "bad"};
    for (const RuleSpec& rule : plan_.rules) {
        trace_.say(now_,
                   "plan: {} {} {} metric {} other {} families{} sources{} per {} over {} bound {} "
                   "limit {} after {} within {} for {} confirm {} kills{}",
                   rule.name, rule.shadow ? "shadow" : "",
                   kinds[static_cast<std::size_t>(rule.kind)], index(rule.metric),
                   index(rule.other_metric), list(rule.families), list(rule.sources),
                   static_cast<int>(rule.per), static_cast<int>(rule.over),
                   static_cast<int>(rule.bound), rule.limit, rule.after / 1ms, rule.within / 1ms,
                   rule.hold_for / 1ms, rule.confirm, list(rule.kills));
    }
}

void World::trace_step(Input input) {
    if (input == Input::time) trace_.say(now_, "time");
    trace_.mix(static_cast<int>(input), ns_of(now_), step_.actions.size(), step_.events.size());
    for (const Action& action : step_.actions) {
        trace_.mix(static_cast<int>(action.kind), index(action.family), index(action.link),
                   static_cast<std::uint64_t>(action.attempt));
        trace_.say(now_, "    does {} family {} link {} attempt {} lock {}",
                   static_cast<int>(action.kind), index(action.family), index(action.link),
                   static_cast<std::uint64_t>(action.attempt), action.lock.count());
    }
    for (std::size_t i = told_; i < step_.events.size(); ++i) {
        const Event& event = step_.events[i];
        trace_.mix(static_cast<int>(event.kind), static_cast<std::uint64_t>(event.trip),
                   index(event.family), index(event.rule));
        trace_.say(now_, "    tells {} trip {} rule {} family {} source {} link {} value {} {}",
                   name(event.kind), static_cast<std::uint64_t>(event.trip), index(event.rule),
                   index(event.family), index(event.source), index(event.link), event.value,
                   event.text.view());
    }
}

}  // namespace scram::sim
