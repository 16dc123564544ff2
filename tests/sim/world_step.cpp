// One step: what the engine answered to an input is judged, carried out in its order, and judged
// again. scramd may end between any two actions.
#include <algorithm>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {
namespace {

// daemon/loop/signed_requests.cpp: what is older than this is signed again before it is sent.
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
    check_reads(input);
    note_events(input);
    note_reads();
    oracle_->clear();
    rearm_.reset();
    pulled_.reset();
    read_.reset();
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
            read_ ? &requests_[*read_] : nullptr,
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
    for (const Call& its : step_.calls) call(its);
    check_calls();
    check_rehearsals();
}

void World::write_down() {
    host_.after(step_, *engine_, clock_->at(now_));
    if (strikes(Fault::damage, 4000, mishaps_)) host_.stall_scribe(mishaps_.between(1, 600));
    if (host_.logger(clock_->at(now_))) durable_ = books_.families();
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
    note_call_lost(its, Seen::read_given_up);
    if (calls_on(its)) read_ends(requests_[its.request].call);
    drop_under_way(link);
    its.up = false;
    its.aborted = true;
    plan(now_ + network_.up_to(2ms), What::link_told, static_cast<std::uint32_t>(index(link)),
         its.connection);
}

// ---- Tracing ------------------------------------------------------------------------------------

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
    for (const AccountSpec& account : plan_.accounts) {
        if (account.dead_man)
            trace_.say(
                now_, "plan: account {} has a timer of {} s{}", account.name,
                account.dead_man->timeout_s,
                account.dead_man->on_stop == DeadMan::OnStop::disarm ? ", to be disarmed" : "");
    }
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
    for (const Call& its : step_.calls) {
        trace_.mix(static_cast<int>(its.what), index(its.family), index(its.link), its.after);
        trace_.say(now_, "    calls {} family {} link {} after {} timeout {}",
                   static_cast<int>(its.what), index(its.family), index(its.link), its.after,
                   its.timeout_s);
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
