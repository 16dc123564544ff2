// Authenticated calls that are no cancels: carried out, answered, and judged. They never delay a
// cancel, and what they tell is told on.
#include <algorithm>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {

// ---- Carrying out -------------------------------------------------------------------------------

void World::call(const Call& its) {
    must(plan_.reads, 4, "an authenticated call that the plan does not want");
    must(engine_->account_of(its.link) == its.account, 4, "a call on another account's link");
    must(its.family == none<FamilyId>() || plan_.families[index(its.family)].account == its.account,
         4, "a call for another account's family");
    Request request;
    request.is_call = true;
    request.call = its;
    request.account = its.account;
    request.link = its.link;
    request.life = lives_;
    request.signed_at = clock_->at(now_);
    request.clock_sampled = clock_sampled_;
    request.sent = now_;
    if (its.what == PrivateRequest::cancel_orders) take_ids(request);
    if (its.what == PrivateRequest::cancel_all_after) {
        judge_timer_call(its);
        dead_men_[index(its.account)].last_call = static_cast<std::uint32_t>(requests_.size());
    }
    Wire& at = wire(its.link);
    if (!strikes(Fault::not_signed, 16, network_) || !at.up) return send(request);
    must(at.request == none_in_flight, 6, "two requests are in flight on one link");
    request.connection = at.connection;
    at.request = static_cast<std::uint32_t>(requests_.size());
    requests_.push_back(request);
    plan(now_ + network_.up_to(50ms), What::not_called, at.request);
}

// Unless its link has ended before.
void World::not_called(std::uint32_t id) {
    const Request& request = requests_[id];
    const LinkId link = request.link;
    Wire& its = wire(link);
    if (!engine_ || its.connection != request.connection || its.request != id) return;
    if (!its.up || its.aborted) return;
    its.request = none_in_flight;
    read_ends(request.call);
    seen_.note(Seen::read_not_signed);
    trace_.say(now_, "no signature for the call on link {}", index(link));
    step(Input::answer, [&] { engine_->on_not_called(link, now_, step_); });
}

void World::answer_call(std::uint32_t id, bool stays) {
    const LinkId link = requests_[id].link;
    const PrivateRequest what = requests_[id].call.what;
    const Shown shown = requests_[id].shown;
    trace_.say(now_, "answer to call {} on link {}: {} mmp {} others {}, {} ms old",
               static_cast<int>(what), index(link), name(shown.answer.answer_class), shown.page.mmp,
               shown.page.others, (shown.at - shown.as_of) / 1ms);
    read_ = id;
    requests_[id].told_at = now_;
    const bool foreign =
        what == PrivateRequest::mmp_orders && shown.page.others > 0 && shown.page.mmp == 0;
    if (!shown.has_facts || foreign) read_ends(requests_[id].call);
    if (shown.has_facts) wire(link).proven = now_;
    const auto tell = [&](auto facts) {
        Told<decltype(facts)> told{shown.answer, {}};
        if (shown.has_facts) told.facts = facts;
        step(Input::answer, [&] { engine_->on_told(link, told, now_, step_, stays); });
    };
    if (what == PrivateRequest::account_config) return tell(shown.account);
    if (what == PrivateRequest::mmp_config) return tell(shown.mmp);
    if (what == PrivateRequest::cancel_all_after) {
        timer_told(requests_[id]);
        return tell(shown.timer);
    }
    rest_call_ends(requests_[id].call);
    if (what == PrivateRequest::cancel_orders) return tell(shown.batch);
    OrdersPage page;
    for (std::size_t i = 0; i < shown.page.ids_of_others.size(); ++i)
        page.rest[i].ord_id = shown.page.ids_of_others[i];
    page.mmp = shown.page.mmp;
    page.others = shown.page.others;
    page.last = shown.page.last;
    page.full = shown.page.full;
    tell(page);
}

// Without an answer that counts: the next follows after a pause.
void World::read_ends(const Call& its) {
    if (its.look) return;
    const bool reads =
        its.what == PrivateRequest::mmp_orders || its.what == PrivateRequest::all_orders;
    if (reads) read_again_[index(its.family)] = now_ + plan_.timings.retry_max;
    rest_call_ends(its);
}

void World::note_call_lost(const Wire& its, Seen how) {
    if (!its.up || !calls_on(its)) return;
    seen_.note(how);
    if (!requests_[its.request].ids.empty()) seen_.note(Seen::rest_call_lost);
}

// ---- What must be true of them ------------------------------------------------------------------

void World::check_calls() const {
    for (const Call& its : step_.calls) {
        must(!deciding_, 3, "a read begins before a kill is done");
        must(!cancel_is_due(its.account), 3, "a read begins while a cancel is due");
        const bool one_link = plan_.accounts[index(its.account)].links == 1;
        must(one_link || has_idle_link(its.account), 3, "a read takes the last idle link");
        if (its.look) check_look_begins(its);
    }
}

// A read that frees its link soon, and a rehearsal, together leave a trip no link: but where a slot
// of the budget waits for a sign of life, or a signature for the time.
void World::check_rehearsals() const {
    const bool wants_time =
        std::any_of(step_.events.begin(), step_.events.end(), [](const Event& event) {
            return event.kind == EventKind::answered &&
                   event.answer.answer_class == AnswerClass::clock;
        });
    for (const Action& its : step_.actions) {
        if (its.kind != ActionKind::rehearse || has_idle_link(its.account) || wants_time) continue;
        if (engine_->budget(its.account).silent_until() <= now_) continue;
        for (std::size_t l = 0; l < wires_.size(); ++l) {
            const auto link = id_at<LinkId>(l);
            must(engine_->account_of(link) != its.account ||
                     engine_->phase(link) != LinkPhase::calling,
                 3, "a rehearsal takes the last idle link beside a read");
        }
    }
}

bool World::cancel_is_due(AccountId account) const {
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const Switch& its = engine_->family(id_at<FamilyId>(f));
        const bool waits = its.release == Release::waiting || its.renewing;
        if (plan_.families[f].account != account || waits) continue;
        if (its.cancel == Cancel::due && its.due_at <= now_) return true;
        if (its.cancel == Cancel::in_flight && its.hedge_at <= now_) return true;
    }
    return false;
}

bool World::is_to_be_verified(const FamilyBook& book) const {
    return plan_.reads && is_unverified(book);
}

bool World::is_overdue(const FamilyBook& book) const {
    return is_to_be_verified(book) && book.tripped_at + plan_.timings.unverified_after <= now_;
}

// After each input that the engine closes: a signal that breaches nothing is none.
void World::check_reads(Input input) {
    const bool may_be_open = input == Input::signal || input == Input::source;
    if (may_be_open && step_.events.empty()) return;
    for (std::size_t a = 0; a < plan_.accounts.size(); ++a) {
        bool overdue = false;
        for (std::size_t f = 0; f < plan_.families.size(); ++f)
            overdue = overdue ||
                      (index(plan_.families[f].account) == a && is_overdue(books_.families()[f]));
        must(engine_->alarm(id_at<AccountId>(a), Alarm::unverified) == overdue, 13,
             overdue ? "a family is unverified for long, and that is not told"
                     : "all families are verified, or not for long so, and an alarm is raised");
    }
    if (read_ && requests_[*read_].call.what == PrivateRequest::account_config)
        check_truth(requests_[*read_]);
    check_dead_men();
    check_looks();
    if (!plan_.reads) return;
    check_reads_go_on();
    check_rest_goes_on();
    check_links_are_proven();
}

// What is to be read, and has a link and a place within the limits, is read.
void World::check_reads_go_on() {
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const FamilyBook& book = books_.families()[f];
        if (!is_to_be_verified(book) || book.owed || book.lock_owed) continue;
        check_reads_go_on(id_at<FamilyId>(f));
    }
}

void World::check_reads_go_on(FamilyId id) const {
    const FamilyBook& book = books_.family(id);
    const AccountId account = plan_.families[index(id)].account;
    const bool is_second = !book.empty_reads.empty();
    Time wanted = std::max(book.accepted_at + read_after, read_again_[index(id)]);
    if (is_second) wanted = std::max(wanted, book.empty_reads.back().told + reads_apart);
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        const auto link = id_at<LinkId>(l);
        const bool reads = engine_->phase(link) == LinkPhase::calling &&
                           engine_->call(link).what != PrivateRequest::mmp_config &&
                           !engine_->call(link).look;
        if (reads && engine_->call(link).family == id) return;
    }
    const bool two_links = plan_.accounts[index(account)].links > 1;
    const LinkId but = is_second && two_links ? book.empty_reads.back().link : none<LinkId>();
    if (wanted > now_) {
        // A read that failed may have been tried again sooner, and have found no link.
        must(engine_->next_deadline() <= wanted || wanted == read_again_[index(id)] ||
                 !has_reads_left(account),
             0, "the engine does not ask for the time at which a read is due");
        return;
    }
    if (cancel_is_due(account) || !may_read_on(account, but) || !has_reads_left(account)) return;
    must(false, 13, "a read is due, a link idle, and nothing is read");
}

bool World::may_read_on(AccountId account, LinkId but) const {
    std::size_t idle = 0;
    bool other = false;
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        const auto link = id_at<LinkId>(l);
        const bool is_idle =
            engine_->account_of(link) == account && engine_->phase(link) == LinkPhase::idle;
        idle += is_idle ? 1 : 0;
        other = other || (is_idle && link != but);
    }
    return other && (idle > 1 || plan_.accounts[index(account)].links == 1);
}

// Some of what has become of lost ones nobody knows for a while.
std::size_t World::spent_of_late(AccountId account, bool (*of)(const Request&)) const {
    std::size_t spent = 0;
    for (auto its = requests_.rbegin(); its != requests_.rend(); ++its) {
        if (its->sent < now_ - 30s && its->told_at == never) continue;
        if (its->sent < now_ - 40s) break;
        const bool counts = of(*its) && its->account == account && its->life == lives_;
        if (counts && (its->told_at == never || its->told_at > now_ - 2010ms)) ++spent;
    }
    return spent;
}

bool World::has_reads_left(AccountId account) const {
    return spent_of_late(account, [](const Request& its) { return its.reads_orders(); }) < 20;
}

// In a healthy world each link has made an authenticated call within its time, one account's at
// most once a second.
void World::check_links_are_proven() {
    for (std::size_t a = 0; a < plan_.accounts.size(); ++a) {
        const auto account = id_at<AccountId>(a);
        const auto& answer = engine_->truth(account).answer;
        const Duration bound = plan_.timings.account_check + plan_.accounts[a].links * 1100ms + 1s;
        bool held_up = cancel_is_due(account) || answer.answer_class != AnswerClass::accepted;
        for (std::size_t l = 0; l < wires_.size(); ++l) {
            const auto link = id_at<LinkId>(l);
            if (engine_->account_of(link) != account) continue;
            held_up = held_up || engine_->phase(link) == LinkPhase::down;
            const Time since = std::max({wires_[l].up_since, wires_[l].proven, held_up_[a]});
            must(!scenario_.fair || held_up || now_ <= since + bound, 13,
                 "a link has made no authenticated call for long");
        }
        if (held_up) held_up_[a] = now_;
    }
}

// What an account's configuration says is told before a kill needs it.
void World::check_truth(const Request& read) const {
    const auto is_raised = [&](Alarm alarm) { return engine_->alarm(read.account, alarm); };
    const Shown& shown = read.shown;
    if (shown.answer.answer_class == AnswerClass::refused)
        must(is_raised(Alarm::key_refused), 13, "a key is refused, and that is not told");
    if (!shown.has_facts) return;
    const bool told = !is_raised(Alarm::key_refused) &&
                      is_raised(Alarm::no_permission) != shown.account.may_trade &&
                      is_raised(Alarm::wrong_mode) == (shown.account.mode != portfolio_margin) &&
                      is_raised(Alarm::key_unbound) != shown.account.bound_to_ip;
    must(told, 13, "an account is told otherwise than the exchange has shown it");
}

// ---- Coverage -----------------------------------------------------------------------------------

void World::note_reads() {
    for (const Wire& its : wires_) {
        if (!its.up || !calls_on(its)) continue;
        const Request& request = requests_[its.request];
        if (request.call.look && books_.family(request.call.family).tripped_at == now_)
            seen_.note(Seen::trip_while_looking);
        if (!request.reads_orders() || request.sent == now_) continue;
        const FamilyId family = request.call.family;
        if (books_.family(family).tripped_at == now_) seen_.note(Seen::trip_while_reading);
        for (const Event& event : step_.events) {
            if (event.kind == EventKind::rearmed && event.family == family)
                seen_.note(Seen::rearm_while_reading);
        }
    }
    if (!read_ || !requests_[*read_].shown.has_facts) return;
    const Request& read = requests_[*read_];
    if (read.call.what == PrivateRequest::mmp_orders && read.shown.page.others > 0)
        seen_.note(Seen::read_of_foreign_orders);
}

}  // namespace scram::sim
