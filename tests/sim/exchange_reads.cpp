// The exchange's answers to authenticated calls: its limits on them, what it says of accounts,
// pages of its books, which may be old, and what it cancels by the ids of orders.
#include <algorithm>

#include "tests/sim/exchange.h"
#include "tests/sim/violation.h"

namespace scram::sim {
namespace {

constexpr Answer good{AnswerClass::accepted, 200, 0};

// What the engine may use, of 5, 5, 60, 15 (300 orders, 20 at a time) and 1; and of those 60 for
// looks.
struct Limit {
    std::size_t calls;
    Duration window;
    Seen reached;
};
constexpr Limit limits[] = {{2, 2s, Seen::reads_at_limit},  {2, 2s, Seen::reads_at_limit},
                            {20, 2s, Seen::reads_at_limit}, {7, 2s, Seen::batches_at_limit},
                            {1, 1s, Seen::timer_fed},       {8, 2s, Seen::looks_at_limit}};

std::size_t limit_of(const Call& call) {
    if (call.look) return 5;
    switch (call.what) {
        case PrivateRequest::account_config:
            return 0;
        case PrivateRequest::mmp_config:
            return 1;
        case PrivateRequest::cancel_orders:
            return 3;
        case PrivateRequest::cancel_all_after:
            return 4;
        default:
            return 2;
    }
}

}  // namespace

// ---- Its limits ---------------------------------------------------------------------------------

// A start begins with all of what a life may have: OKX grants more than twice that.
void Exchange::count_call(const Request& request, Time now) {
    const std::size_t number = limit_of(request.call);
    const Limit& limit = limits[number];
    auto& calls = calls_[index(request.account)][number];
    const Time at = own(now);
    std::erase_if(calls, [&](const Arrival& old) { return old.at < at - 2 * limit.window; });
    calls.push_back({at, request.life});
    const auto count = [&](auto&& is_in) {
        return static_cast<std::size_t>(std::count_if(
            calls.begin(), calls.end(),
            [&](const Arrival& its) { return its.life == request.life && is_in(its.at); }));
    };
    const std::size_t sliding = count([&](Time its) { return its > at - limit.window; });
    const std::size_t fixed = count([&](Time its) {
        return fixed_number(its, limit.window) == fixed_number(at, limit.window);
    });
    must(sliding <= limit.calls && fixed <= limit.calls, 1,
         "a window holds more calls than their limit");
    if (sliding == limit.calls) seen_.note(limit.reached);
    if (request.call.what == PrivateRequest::cancel_orders) count_orders(request, now);
}

// By OKX's own limit on orders of a family, whichever life had them cancelled.
void Exchange::count_orders(const Request& request, Time now) {
    constexpr Duration window = 2s;
    constexpr std::size_t orders_max = 300;
    auto& cancelled = cancelled_[index(request.call.family)];
    const Time at = own(now);
    std::erase_if(cancelled, [&](const Cancelled& old) { return old.at < at - 2 * window; });
    cancelled.push_back({at, request.ids.size()});
    std::size_t sliding = 0, fixed = 0;
    for (const Cancelled& its : cancelled) {
        if (its.at > at - window) sliding += its.orders;
        if (fixed_number(its.at, window) == fixed_number(at, window)) fixed += its.orders;
    }
    must(sliding <= orders_max && fixed <= orders_max, 1,
         "a window holds more orders to be cancelled by their ids than OKX takes");
}

// ---- What becomes of it -------------------------------------------------------------------------

void Exchange::begin_stale(AccountId account, LinkId edge, Time until, Time now) {
    StaleEdge& its = edges_[index(account)];
    if (its.until <= now) its = {edge, now, until};
}

void Exchange::all_is_well(Time now) {
    for (StaleEdge& edge : edges_) edge.until = std::min(edge.until, now);
}

void Exchange::change_account(AccountId account) {
    Account& its = accounts_[index(account)];
    switch (dice_.below(6)) {
        case 0:
            its.facts.may_trade = !its.facts.may_trade;
            break;
        case 1:
            its.facts.mode = its.facts.mode == portfolio_margin ? 3 : portfolio_margin;
            break;
        case 2:
            its.facts.bound_to_ip = !its.facts.bound_to_ip;
            break;
        case 3:
            its.refuses_key = !its.refuses_key;
            break;
        case 4:
            its.keeps_orders = !its.keeps_orders;
            break;
        default:
            its.reads_fail = !its.reads_fail;
            break;
    }
}

void Exchange::change_mmp(FamilyId family) {
    MmpFacts& its = mmp_[index(family)];
    its.frozen = its.on && !its.frozen && dice_.one_in(2);
    its.on = its.frozen || !its.on;
}

// ---- Its answers --------------------------------------------------------------------------------

void Exchange::read(Request& request, Time now, bool mend) {
    count_call(request, now);
    Shown& shown = request.shown;
    shown.at = shown.as_of = now;
    if (answers_wrongly(request, now, mend)) {
        // Some of what is answered so is done all the same.
        const bool is_unknown = shown.answer.answer_class == AnswerClass::ambiguous;
        const PrivateRequest what = request.call.what;
        const bool is_done = is_unknown && dice_.one_in(2);
        if (is_done && what == PrivateRequest::cancel_orders) cancel_orders(request, now, mend);
        if (is_done && what == PrivateRequest::cancel_all_after) set_timer(request, now, mend);
        return;
    }
    shown.answer = good;
    shown.has_facts = true;
    switch (request.call.what) {
        case PrivateRequest::account_config:
            shown.account = accounts_[index(request.account)].facts;
            return;
        case PrivateRequest::mmp_config:
            shown.mmp = mmp_[index(request.call.family)];
            return;
        case PrivateRequest::mmp_orders: {
            // Somebody forgets the filter.
            const bool all = dice_.one_in(12) && scenario_.faults.has(Fault::wrong_answer) && !mend;
            return show_orders(request, !all, now, mend);
        }
        case PrivateRequest::all_orders:
            return show_orders(request, false, now, mend);
        case PrivateRequest::cancel_orders:
            return cancel_orders(request, now, mend);
        case PrivateRequest::cancel_all_after:
            return set_timer(request, now, mend);
        case PrivateRequest::mass_cancel:
            break;
    }
    must(false, 4, "an authenticated call that the simulation does not know");
}

// Of garbage what core reads in it is no fact, as a test of its own shows.
bool Exchange::answers_wrongly(Request& request, Time now, bool mend) {
    using enum AnswerClass;
    constexpr AnswerClass meanings[] = {failed, failed, ambiguous, refused, throttled, accepted};
    const AnswerClass meaning = meanings[dice_.below(std::size(meanings))];
    const bool strikes = dice_.one_in(5) && scenario_.faults.has(Fault::wrong_answer) && !mend;
    const Account& account = accounts_[index(request.account)];
    Answer& answer = request.shown.answer;
    if (!judge_signature(request, now)) {
        seen_.note(Seen::expired_at_exchange);
        answer = replies(AnswerClass::clock)[0].read;
    } else if (account.refuses_key && !mend) {
        answer = choose(refused).read;
    } else if (closed_until_ > now && !mend) {
        answer = choose(failed).read;
    } else if (account.reads_fail && request.shows_orders() && !mend) {
        answer = {failed, 500, 50026};
    } else if (strikes) {
        answer = meaning == accepted ? Answer{failed, 200, 0} : choose(meaning).read;
    } else {
        return false;
    }
    return true;
}

void Exchange::show_orders(Request& request, bool mmp_alone, Time now, bool mend) {
    const OrderBook& orders = orders_[index(request.call.family)];
    const StaleEdge& edge = edges_[index(request.account)];
    Shown& shown = request.shown;
    if (edge.link == request.link && now < edge.until && !mend) shown.as_of = edge.since;
    shown.page = orders.page(mmp_alone, request.call.after, shown.as_of);
    shown.hides = shown.page.mmp == 0 && orders.has_mmp(now);
    shown.hides_others =
        !mmp_alone && shown.page.others == 0 && orders.other_rests_from_before(now, now);
    if (shown.page.mmp > 0 && !orders.has_mmp(now)) seen_.note(Seen::orders_of_cancelled);
}

// ---- Orders by their ids ------------------------------------------------------------------------

// Row by row: one that it takes to be cancelled may rest for a while, or stay.
void Exchange::cancel_orders(Request& request, Time now, bool mend) {
    OrderBook& orders = orders_[index(request.call.family)];
    const bool keeps = accounts_[index(request.account)].keeps_orders && !mend;
    const bool wrong = dice_.one_in(4) && scenario_.faults.has(Fault::wrong_answer) && !mend;
    const bool is_false = dice_.one_in(4) && scenario_.faults.has(Fault::false_cancel) && !mend;
    BatchFacts& facts = request.shown.batch;
    for (const std::uint64_t id : request.ids) {
        const bool refuses = dice_.one_in(2) && wrong;
        const Duration later = dice_.up_to(2500ms);
        const auto false_deed =
            dice_.one_in(2) ? OrderBook::Deed::leaves_some : OrderBook::Deed::later;
        if (keeps || refuses) {
            ++facts.refused;
        } else if (orders.cancel_one(id, is_false ? false_deed : OrderBook::Deed::all, later,
                                     now)) {
            ++facts.accepted;
        } else {
            ++facts.gone;
        }
    }
    if (facts.refused > 0 && request.shown.has_facts)
        request.shown.answer = choose(AnswerClass::failed).read;
    note_batch(facts, is_false);
}

void Exchange::note_batch(const BatchFacts& facts, bool is_false) {
    const bool some = facts.accepted > 0;
    if (some) seen_.note(is_false ? Seen::rest_left : Seen::rest_cancelled);
    if (facts.refused > 0) seen_.note(some ? Seen::rest_refused_in_part : Seen::rest_refused);
    if (facts.gone > 0) seen_.note(Seen::rest_gone_before);
}

}  // namespace scram::sim
