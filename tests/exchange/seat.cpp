#include "tests/exchange/seat.h"

#include <algorithm>
#include <utility>

#include "tests/exchange/parameters.h"

namespace scram::okxsim {

void Cancels::add(CancelRecord record, bool executed) {
    ++requests;
    ++codes[record.code];
    if (executed && record.code == "0") ++accepted;
    log.push_back(std::move(record));
    if (log.size() > log_max) log.pop_front();
}

void Seat::settle(std::chrono::nanoseconds now, std::chrono::nanoseconds early) {
    book.set_lock_rules({.plain = account.lock_scope == "all",
                         .mmp = account.lock_scope != "none",
                         .amends = account.lock_amends,
                         .restarts = account.lock_restarts});
    while (const auto due = deadman.take(now + early)) {
        ++deadman_fired;
        const auto at = std::min(due->at, now);
        book.settle(at);
        book.sweep(due->tag, at, std::chrono::milliseconds(account.sweep_ms));
    }
    book.settle(now, early);
}

bool Seat::key_lives(std::chrono::nanoseconds now) const {
    return !account.ages() ||
           now - key_used_at < std::chrono::milliseconds(account.key_lifetime_ms);
}

bool Seat::admit(std::string_view what, Limit limit, Now now, WindowKind kind, int weight) {
    const auto at = windows.try_emplace(std::string(what), limit).first;
    return at->second.admit(now.mono, kind, weight);
}

Placed place_order(Seat& seat, Order order, Now now, OrderId& last_id) {
    if (order.is_mmp() && seat.account.mode != portfolio_margin) return {.code = "51036"};
    order.placed_at = now.wall;
    const OrderId id = last_id + 1;
    const std::string_view code = seat.book.place(id, std::move(order), now.mono);
    if (code == "0") last_id = id;
    return {.code = code, .id = id};
}

}  // namespace scram::okxsim
