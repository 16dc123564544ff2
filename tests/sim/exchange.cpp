#include "tests/sim/exchange.h"

#include <algorithm>

#include "tests/sim/violation.h"

namespace scram::sim {
namespace {

constexpr Duration window = 2s;
constexpr std::size_t limit = 5;
constexpr std::int64_t age_max_ms = 30'000;
constexpr std::int64_t wall_base_ms = 1'769'000'000'000;  // January 2026

}  // namespace

Exchange::Exchange(const Scenario& scenario, std::uint64_t seed, Coverage& seen)
    : scenario_(scenario),
      seen_(seen),
      dice_(seed, 2),
      windows_(scenario.plan.accounts.size()),
      orders_(scenario.plan.families.size()),
      locks_(scenario.plan.families.size()),
      lengths_(scenario.plan.families.size()),
      accounts_(scenario.plan.accounts.size()),
      mmp_(scenario.plan.families.size(), MmpFacts{.on = true}),
      calls_(scenario.plan.accounts.size()),
      cancelled_(scenario.plan.families.size()),
      timers_(scenario.plan.accounts.size()),
      edges_(scenario.plan.accounts.size()) {
    phase_ = dice_.up_to(window);
    for (std::size_t a = 0; a < windows_.size(); ++a)
        windows_[a].slots.push_back({Time{}, scenario.plan.accounts[a].budget.slots});
}

// ---- Its clock ----------------------------------------------------------------------------------

Time Exchange::own(Time now) const {
    return now + phase_ + (now - world_start) / 1'000'000 * scenario_.drift_ppm;
}

WallMillis Exchange::wall(Time now) const {
    const auto ms = std::chrono::floor<milliseconds>(own(now).time_since_epoch()).count();
    return WallMillis{wall_base_ms + ms + wall_offset_ms_};
}

void Exchange::step_clock(Time now) {
    const int seconds = dice_.one_in(2) ? dice_.between(1, 25) : dice_.between(31, 90);
    wall_offset_ms_ += (dice_.one_in(2) ? 1000 : -1000) * seconds;
    stepped_at_ = now;
    seen_.note(Seen::exchange_stepped);
}

// ---- Its rate limit -----------------------------------------------------------------------------

std::int64_t Exchange::fixed_number(Time own_time, Duration length) {
    return own_time.time_since_epoch() / length;
}

// All within (now - 2 s, now]: of two that stand 2 s apart only one is in any window.
std::size_t Exchange::in_sliding(const std::vector<Time>& arrivals, Time own_now) const {
    return static_cast<std::size_t>(std::count_if(arrivals.begin(), arrivals.end(),
                                                  [&](Time at) { return at > own_now - window; }));
}

std::size_t Exchange::in_fixed(const std::vector<Time>& arrivals, Time own_now) const {
    return static_cast<std::size_t>(std::count_if(arrivals.begin(), arrivals.end(), [&](Time at) {
        return fixed_number(at, window) == fixed_number(own_now, window);
    }));
}

void Exchange::budget_is(AccountId account, std::size_t slots, Time now) {
    windows_[index(account)].slots.push_back({now, slots});
}

// Requests under way when a reload takes slots away are counted by the share that they left with.
std::size_t Exchange::slots_at(const Window& of, Time now) const {
    const Duration way_max = scenario_.faults.has(Fault::standing) ? 24s : 8s;
    std::size_t most = of.slots.back().second;
    for (std::size_t i = 0; i + 1 < of.slots.size(); ++i) {
        if (of.slots[i + 1].first > now - way_max) most = std::max(most, of.slots[i].second);
    }
    return most;
}

void Exchange::count(const Request& request, Time now) {
    Window& of = windows_[index(request.account)];
    const Time at = own(now);
    std::erase_if(of.ours, [&](Time old) { return old < at - 2 * window; });
    std::erase_if(of.foreign, [&](Time old) { return old < at - 2 * window; });
    of.ours.push_back(at);
    const std::size_t most = slots_at(of, now);
    must(in_sliding(of.ours, at) <= most, 1, "a sliding window holds more than the budget");
    must(in_fixed(of.ours, at) <= most, 1, "a fixed window holds more than the budget");
    if (in_sliding(of.ours, at) == limit) seen_.note(Seen::window_full);
}

bool Exchange::over_limit(const Window& of, Time own_now) const {
    if (scenario_.fixed_window)
        return in_fixed(of.ours, own_now) + in_fixed(of.foreign, own_now) > limit;
    return in_sliding(of.ours, own_now) + in_sliding(of.foreign, own_now) > limit;
}

void Exchange::spend_as_foreigner(AccountId account, Time now) {
    const std::size_t requests = dice_.below(limit) + 1;
    for (std::size_t i = 0; i < requests; ++i) windows_[index(account)].foreign.push_back(own(now));
}

bool Exchange::foreign_of_late(AccountId account, Time now) const {
    const auto& foreign = windows_[index(account)].foreign;
    return std::any_of(foreign.begin(), foreign.end(),
                       [&](Time at) { return at > own(now) - 2 * window; });
}

// ---- Its answers --------------------------------------------------------------------------------

const Reply& Exchange::choose(AnswerClass meant) {
    const auto all = replies(meant);
    return all[dice_.below(all.size())];
}

void Exchange::arrive(Request& request, Time now, bool mend) {
    request.arrived = true;
    if (request.is_call) return read(request, now, mend);
    if (!request.mass_cancel) return tell_time(request, now, mend);
    count(request, now);
    request.reply = &reply_to(request, now, mend);
}

const Reply& Exchange::reply_of_edge() {
    for (;;) {
        const Reply& reply = choose(dice_.one_in(2) ? AnswerClass::failed : AnswerClass::ambiguous);
        if (!is_final(reply.read)) return reply;
    }
}

// True if the signature is good. One that is not must have an excuse: the exchange's clock stepped
// and nobody could know of it yet.
bool Exchange::judge_signature(const Request& request, Time now) const {
    const std::int64_t age = wall(now).value - request.signed_at.value;
    const bool good = age <= age_max_ms && age >= -age_max_ms;
    const bool could_know =
        !request.buffered && request.clock_sampled > std::max(stepped_at_, Time{});
    must(good || !could_know, 7, "a signature arrived that is over 30 s off");
    return good;
}

const Reply& Exchange::reply_to(Request& request, Time now, bool mend) {
    if (over_limit(windows_[index(request.account)], own(now))) {
        seen_.note(Seen::throttled_by_foreign);
        return choose(AnswerClass::throttled);
    }
    if (!judge_signature(request, now)) {
        seen_.note(Seen::expired_at_exchange);
        return replies(AnswerClass::clock)[0];
    }
    if (closed_until_ > now && !mend) {
        seen_.note(Seen::maintenance_refusal);
        return choose(AnswerClass::failed);
    }
    const bool wrong = dice_.one_in(4);
    if (wrong && scenario_.faults.has(Fault::wrong_answer) && !mend)
        return wrong_reply(request, now);
    const bool empty = !orders_[index(request.family)].has_mmp(now);
    execute(request, now, mend);
    return choose(empty && dice_.one_in(4) ? AnswerClass::nothing_left : AnswerClass::accepted);
}

const Reply& Exchange::wrong_reply(Request& request, Time now) {
    using enum AnswerClass;
    constexpr AnswerClass meanings[] = {failed, failed, failed, ambiguous, ambiguous, refused};
    const Reply& reply = choose(meanings[dice_.below(std::size(meanings))]);
    const bool unknown = reply.from_edge || reply.meant == ambiguous;
    if (unknown && dice_.one_in(2)) execute(request, now, false);
    return reply;
}

// Whether it does at once what it says that it did: not where it tells a falsehood.
void Exchange::execute(Request& request, Time now, bool mend) {
    OrderBook& orders = orders_[index(request.family)];
    const bool had_some = orders.has_mmp(now);
    const bool is_false = dice_.one_in(4);
    const Duration later = dice_.up_to(2500ms);
    const bool leaves_some = dice_.one_in(2);
    auto deed = OrderBook::Deed::all;
    if (is_false && scenario_.faults.has(Fault::false_cancel) && !mend)
        deed = leaves_some ? OrderBook::Deed::leaves_some : OrderBook::Deed::later;
    orders.cancel(deed, later, now);
    if (had_some) {
        constexpr Seen all[] = {Seen::quotes_cancelled, Seen::cancel_left_orders,
                                Seen::cancel_done_later};
        seen_.note(all[static_cast<std::size_t>(deed)]);
    }
    locks_[index(request.family)] = now + request.lock;
    lengths_[index(request.family)] = request.lock;
    if (request.lock > 0ms) seen_.note(Seen::lock_set);
    request.executed = true;
    request.executed_at = now;
}

void Exchange::tell_time(Request& request, Time now, bool mend) {
    const bool wrong = dice_.one_in(8) && scenario_.faults.has(Fault::wrong_answer) && !mend;
    request.time_told = !wrong && (closed_until_ <= now || mend);
    request.time = wall(now);
}

// ---- Orders -------------------------------------------------------------------------------------

bool Exchange::quote(FamilyId family, Time now) {
    const bool others_count = scenario_.plan.families[index(family)].cancel_rest;
    const bool mmp = !dice_.one_in(others_count ? 2 : 5);
    if (locked(family, now)) {
        seen_.note(Seen::quote_refused_by_lock);
        return false;
    }
    orders_[index(family)].place(++last_order_, mmp, now);
    return true;
}

void Exchange::place_others(FamilyId family, std::size_t count, Time now) {
    if (locked(family, now)) return;
    for (std::size_t i = 0; i < count; ++i) orders_[index(family)].place(++last_order_, false, now);
}

}  // namespace scram::sim
