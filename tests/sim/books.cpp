#include "tests/sim/books.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/contains.h"
#include "tests/sim/violation.h"

namespace scram::sim {
namespace {

bool ends_the_trying(AnswerClass answer) {
    return answer == AnswerClass::accepted || answer == AnswerClass::nothing_left;
}

Seen seen_of(AnswerClass answer) {
    switch (answer) {
        case AnswerClass::accepted:
            return Seen::answer_accepted;
        case AnswerClass::nothing_left:
            return Seen::answer_nothing_left;
        case AnswerClass::failed:
            return Seen::answer_failed;
        case AnswerClass::ambiguous:
            return Seen::answer_ambiguous;
        case AnswerClass::throttled:
            return Seen::answer_throttled;
        case AnswerClass::clock:
            return Seen::answer_clock;
        case AnswerClass::refused:
            return Seen::answer_refused;
    }
    return Seen::answer_failed;
}

Seen seen_of(RuleKind kind) {
    constexpr Seen all[] = {Seen::trip_limit, Seen::trip_drawdown,   Seen::trip_change,
                            Seen::trip_count, Seen::trip_divergence, Seen::trip_stale,
                            Seen::trip_gone,  Seen::trip_bad};
    return all[static_cast<std::size_t>(kind)];
}

}  // namespace

Books::Books(const Plan& plan, Coverage& seen)
    : seen_(&seen),
      families_(plan.families.size()),
      in_flight_(plan.families.size()),
      answered_(plan.families.size()) {}

// ---- One step's events, in their order ----------------------------------------------------------

void Books::read(const Step& step, const Context& context) {
    if (context.read_before == 0) causes_ = 0;
    const bool tells_orders = is_to_be_told(context);
    note_others_shown(context);
    for (std::size_t i = context.read_before; i < step.events.size(); ++i) {
        const Event& event = step.events[i];
        must(event.at == context.now, 0, "an event has another time than its input");
        switch (event.kind) {
            case EventKind::tripped:
                read_tripped(event, context);
                break;
            case EventKind::latched:
                must(family(event.family).latched && family(event.family).trip == event.trip, 4,
                     "a family was latched that no trip in this step kills");
                break;
            case EventKind::restored:
                must(context.starting && family(event.family).latched, 5,
                     "a family is restored that no journal told of");
                family(event.family).trip = family(event.family).wanted_by = event.trip;
                break;
            case EventKind::fired:
                read_fired(event, context);
                break;
            case EventKind::answered:
                read_answered(event, context);
                break;
            case EventKind::attempt_lost:
                --in_flight_[index(event.family)];
                seen_->note(event.late ? Seen::attempt_lost_late : Seen::attempt_lost);
                break;
            case EventKind::accepted:
                read_accepted(event, context);
                break;
            case EventKind::lock_unconfirmed:
                read_lock_unconfirmed(event, context);
                break;
            case EventKind::rearmed:
            case EventKind::rearm_refused:
                read_rearm(event, context);
                break;
            case EventKind::lock_released:
                read_released(event, context);
                break;
            case EventKind::lock_expired:
                seen_->note(Seen::lock_expired);
                must(family(event.family).releasing, 8, "a lock expired that nobody waits for");
                break;
            default:
                read_of_reads(event, context);
                break;
        }
    }
    if (tells_orders) judge_orders_told(step, context);
    if (context.rearm != nullptr) judge_refusals(step, context);
}

// ---- Trips --------------------------------------------------------------------------------------

// Which families its breaches kill is worked out by the oracle.
void Books::read_tripped(const Event& event, const Context& context) {
    judge_number(event, context);
    if (event.rule == none<RuleId>() && context.starting) return;  // what the start itself latches
    if (event.rule == none<RuleId>()) {
        seen_->note(Seen::trip_operator);
        must(context.tripped_by_hand != nullptr, 4, "an operator's trip that none pulled");
        for (const FamilyId id : *context.tripped_by_hand) {
            demand(id, event.trip, context.plan.families[index(id)].lock, true, context.now);
            family(id).wanted_by = event.trip;
        }
        return;
    }
    const RuleSpec& rule = context.plan.rules[index(event.rule)];
    seen_->note(seen_of(rule.kind));
    must(rule.kind != RuleKind::bad || event.bad == context.oracle.last_bad(), 9,
         "what a source did wrong is told as something else");
    std::vector<FamilyId> killed, sure;
    for (const Foretold& told : context.oracle.foretold()) {
        if (told.rule != event.rule || told.kind != BreachKind::trip) continue;
        for (const FamilyId id : context.oracle.kills(told.rule, told.family, told.source)) {
            if (!contains(killed, id)) killed.push_back(id);
            if (told.sure && !contains(sure, id)) sure.push_back(id);
        }
    }
    must(!killed.empty(), rule.kind == RuleKind::bad ? 9 : 4, "a rule tripped without a cause");
    if (killed.size() > 1) seen_->note(Seen::trip_of_many_families);
    for (const FamilyId id : killed) {
        if (context.engine.family(id).wanted_by == event.trip) family(id).wanted_by = event.trip;
        const TripId its = context.engine.family(id).trip;
        // Of two batches in one step the later one may have been what latched it.
        if (its != event.trip && (!families_[index(id)].owed || its > event.trip)) continue;
        demand(id, event.trip, rule.lock.value_or(context.plan.families[index(id)].lock),
               contains(sure, id), context.now);
    }
}

// Rules that one cause breached share a trip, and each is told once.
void Books::judge_number(const Event& event, const Context& context) {
    const bool by_rule = event.rule != none<RuleId>();
    if (by_rule && event.trip == last_trip_ && told_at_ == event.at && !told_rules_.empty()) {
        seen_->note(Seen::trip_of_many_rules);
        must(std::find(told_rules_.begin(), told_rules_.end(), event.rule) == told_rules_.end(), 4,
             "a rule is told twice for one trip");
        return told_rules_.push_back(event.rule);
    }
    ++trips_;
    must(event.trip > last_trip_, 4, "a trip's number is not new");
    last_trip_ = event.trip;
    told_at_ = event.at;
    told_rules_.clear();
    if (!by_rule) return;
    told_rules_.push_back(event.rule);
    must(++causes_ <= context.oracle.causes(), 4, "one cause is more than one trip");
}

void Books::demand(FamilyId id, TripId trip, milliseconds lock, bool sure, Time now) {
    FamilyBook& book = family(id);
    if (!book.owed || book.releasing || !book.latched) book.wanted_by = trip;
    const bool under_way = book.latched && book.owed && !book.releasing;
    if (under_way) {
        book.lock = std::max(book.lock, lock);
        if (sure) book.lock_sure = std::max(book.lock_sure, lock);
        return;
    }
    if (in_flight_[index(id)] > 0) seen_->note(Seen::trip_while_in_flight);
    if (book.accepted && !book.releasing) seen_->note(Seen::trip_on_accepted_family);
    if (book.by_force) seen_->note(Seen::trip_after_forced_rearm);
    const bool again = book.accepted && !book.releasing;
    if (book.latched && !book.releasing && !again) seen_->note(Seen::trip_on_held_family);
    book.lock = again ? std::max(book.lock, lock) : lock;
    book.lock_sure = again ? std::max(book.lock_sure, lock) : lock;
    book.lock_of_first = again ? std::max(book.lock_of_first, lock) : lock;
    book.repeat = again;
    book.accepted = again;
    book.latched = true;
    book.releasing = false;
    book.by_force = false;
    book.owed = true;
    book.lock_owed = false;
    book.lock_told = 0ms;
    book.armed_while_owed = false;
    book.lock_asked = false;
    ++book.demand;
    book.owed_since = book.tripped_at = now;
    book.trip = trip;
    book.verified = book.by_read = book.restored = false;
    book.accepted_at = never;
    book.found = 0;
    book.empty_reads.clear();
    book.none_reads.clear();
}

// ---- Attempts -----------------------------------------------------------------------------------

void Books::read_fired(const Event& event, const Context& context) {
    const FamilyBook& book = family(event.family);
    must(event.attempt > last_attempt_, 4, "an attempt's number is not new");
    last_attempt_ = event.attempt;
    const bool owed = book.owed || book.lock_owed;
    const bool renews = context.plan.families[index(event.family)].hold && book.latched &&
                        book.accepted && !owed && !book.releasing && event.lock > 0ms;
    must(owed || book.releasing || renews, 4, "a mass-cancel leaves without a cause");
    must(owed || renews || event.lock == 0ms, 4, "an unlocking locks");
    const bool fits = event.lock >= book.lock_of_first && event.lock <= book.lock;
    if ((owed || renews) && !book.releasing && !fits)
        throw Violation(4, fmt::format("family {} wants a lock of {} ms, and gets {} ms",
                                       index(event.family), book.lock.count(), event.lock.count()));
    if (event.hedge) {
        seen_->note(Seen::hedge);
        must(in_flight_[index(event.family)] > 0, 4, "a hedge of nothing");
    }
    if (renews) seen_->note(Seen::lock_renewed);
    if (book.releasing && !owed) seen_->note(Seen::lock_release_sent);
    ++in_flight_[index(event.family)];
}

const Request& Books::request_of(AttemptId attempt, const Context& context) const {
    const auto found = std::find_if(context.requests.rbegin(), context.requests.rend(),
                                    [&](const Request& r) { return r.attempt == attempt; });
    if (found == context.requests.rend()) throw Violation(4, "an answer to no attempt");
    return *found;
}

void Books::read_answered(const Event& event, const Context& context) {
    const Request& request = request_of(event.attempt, context);
    --in_flight_[index(event.family)];
    seen_->note(event.late ? Seen::answer_late : seen_of(event.answer.answer_class));
    must(request.family == event.family, 2, "an answer counts for another family");
    must(request.reply != nullptr && event.answer.answer_class == request.reply->meant, 2,
         "an answer was read as another class");
    if (ends_the_trying(event.answer.answer_class)) answered_[index(event.family)] = event.attempt;
}

// What the exchange did for an answer that says that nothing is left.
const Request& Books::judge_done(const Event& event, const Context& context) {
    const FamilyBook& book = family(event.family);
    must(answered_[index(event.family)] != AttemptId{}, 2,
         "accepted without an answer that says so");
    const Request& request = request_of(answered_[index(event.family)], context);
    answered_[index(event.family)] = AttemptId{};
    must(request.answer_at == context.now, 2, "accepted by no answer of this moment");
    must(book.owed || book.lock_owed, 2, "accepted what was not owed");
    must(request.demand == book.demand, 2, "accepted by an attempt that was sent before the trip");
    must(request.executed, 2, "accepted, and the exchange has not done it");
    must(!context.exchange.orders(event.family)
              .rests_from_before(request.executed_at, context.now, true),
         2, "accepted, and quotes rest from before");
    return request;
}

// The cancel is done, and no word of its lock.
void Books::read_lock_unconfirmed(const Event& event, const Context& context) {
    judge_done(event, context);
    FamilyBook& book = family(event.family);
    must(book.latched && !book.releasing, 10, "a lock is asked for that nobody wants");
    must(event.lock >= book.lock_sure && event.lock <= book.lock, 10,
         "another lock is asked for than the trips in force want");
    seen_->note(Seen::lock_unconfirmed);
    book.owed = false;
    book.lock_owed = book.accepted = true;
}

void Books::read_accepted(const Event& event, const Context& context) {
    const Request& request = judge_done(event, context);
    FamilyBook& book = family(event.family);
    book.lock_asked = book.lock_owed;
    must(!book.latched || book.releasing ||
             context.exchange.lock_length(event.family) >= book.lock_sure,
         10, "accepted, and the exchange's lock is shorter than the trips in force want");
    book.lock_owed = false;
    book.lock_told = book.latched && !book.releasing ? book.lock_sure : 0ms;
    if (request.hedge) seen_->note(Seen::hedge_accepted_first);
    if (!request.hedge && in_flight_[index(event.family)] > 0)
        seen_->note(Seen::hedged_attempt_accepted_first);
    if (book.armed_while_owed) seen_->note(Seen::accepted_after_rearm);
    book.owed = false;
    book.accepted = book.latched;
    book.armed_while_owed = false;
    book.accepted_at = context.now;
    book.verified = false;
    book.empty_reads.clear();
    book.none_reads.clear();
}

void Books::read_released(const Event& event, const Context& context) {
    seen_->note(Seen::lock_released);
    const FamilyBook& book = family(event.family);
    must(book.releasing && !book.owed, 8, "a lock was released that nobody waits for");
    must(answered_[index(event.family)] != AttemptId{}, 8,
         "released without an answer that says so");
    const Request& request = request_of(answered_[index(event.family)], context);
    answered_[index(event.family)] = AttemptId{};
    must(request.executed && request.lock == 0ms && request.answer_at == context.now, 8,
         "released, and the exchange has not unlocked");
}

// ---- After the step -----------------------------------------------------------------------------

// Warnings and shadows are told exactly when they are foretold.
void Books::judge_told(const Step& step, const Context& context) {
    const auto kind_of = [](BreachKind kind) {
        return kind == BreachKind::would_trip ? EventKind::would_trip
               : kind == BreachKind::warning  ? EventKind::warned
                                              : EventKind::warning_over;
    };
    for (const Foretold& foretold : context.oracle.foretold()) {
        if (foretold.kind == BreachKind::trip || !foretold.sure) continue;
        must(std::any_of(step.events.begin(), step.events.end(),
                         [&](const Event& event) {
                             return event.kind == kind_of(foretold.kind) &&
                                    event.rule == foretold.rule;
                         }),
             2, "a warning or a shadow's breach is not told");
    }
    for (const Event& event : step.events) {
        const bool is_one = event.kind == EventKind::would_trip ||
                            event.kind == EventKind::warned ||
                            event.kind == EventKind::warning_over;
        if (!is_one) continue;
        const auto& all = context.oracle.foretold();
        must(std::any_of(all.begin(), all.end(),
                         [&](const Foretold& foretold) {
                             return foretold.kind != BreachKind::trip &&
                                    event.kind == kind_of(foretold.kind) &&
                                    event.rule == foretold.rule;
                         }),
             4, "a warning or a shadow's breach is told without a cause");
    }
}

void Books::compare(const Step& step, const Context& context) {
    judge_told(step, context);
    for (const Foretold& told : context.oracle.foretold()) {
        if (!told.sure || told.kind != BreachKind::trip) continue;
        const RuleKind kind = context.plan.rules[index(told.rule)].kind;
        for (const FamilyId id : context.oracle.kills(told.rule, told.family, told.source)) {
            const FamilyBook& book = family(id);
            const bool served = book.latched && (book.owed || book.lock_owed) && !book.releasing;
            const bool overruled = context.rearm != nullptr && context.rearm->force &&
                                   contains(context.rearm->families, id);
            if (!served && !overruled) {
                throw Violation(kind == RuleKind::bad ? 9 : 2,
                                fmt::format("rule {} is breached and family {} not cancelled",
                                            index(told.rule), index(id)));
            }
        }
    }
    for (std::size_t f = 0; f < families_.size(); ++f) {
        const Switch& its = context.engine.family(id_at<FamilyId>(f));
        const FamilyBook& book = families_[f];
        const bool tried = its.cancel == Cancel::due || its.cancel == Cancel::in_flight;
        must(tried || !(book.owed || (book.lock_owed && !book.releasing)), 2,
             "a cancel that is owed is not tried any more");
        must(its.cancel != Cancel::accepted || book.accepted, 10,
             "a family is called accepted, and no answer said so");
        must(its.latched == book.latched, 2, "the engine's latch is not what was told");
        must(its.verified == book.verified || book.releasing, 13,
             "a family is called verified, and no two reads said so");
        judge_none_left(id_at<FamilyId>(f), context);
        if (book.gate_closed != book.latched)
            throw Violation(4, fmt::format("the gate of family {} is not as its latch", f));
    }
}

void Books::restore(const Restored& before, const Plan& plan, Time now) {
    for (FamilyBook& book : families_) {
        const std::uint32_t demand = book.demand;
        book = {};
        book.demand = demand + 1;
    }
    for (const Restored::Family& its : before.latched) {
        FamilyBook& book = family(its.family);
        book.latched = true;
        book.owed = its.unfinished;
        book.accepted = its.accepted;
        book.owed_since = book.tripped_at = now;
        book.restored = its.accepted;
        if (its.accepted && !its.unfinished) book.accepted_at = now;
        book.trip = book.wanted_by = its.trip;
        book.lock = book.lock_of_first = book.lock_sure = plan.families[index(its.family)].lock;
    }
    std::fill(in_flight_.begin(), in_flight_.end(), 0);
    std::fill(answered_.begin(), answered_.end(), AttemptId{});
    last_trip_ = before.last_trip;
    last_attempt_ = before.last_attempt;
}

}  // namespace scram::sim
