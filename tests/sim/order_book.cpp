#include "tests/sim/order_book.h"

#include <algorithm>

#include "core/okx/account_answers.h"

namespace scram::sim {
namespace {

// More do not rest: of MMP orders the oldest makes room, of others no more are placed.
constexpr std::ptrdiff_t orders_max = 45;
// No edge is behind for so long.
constexpr Duration remembered = 15s;

}  // namespace

void OrderBook::place(std::uint64_t id, bool mmp, Time now) {
    forget(now);
    const auto is_like = [&](const Order& order) { return order.mmp == mmp && order.rests(now); };
    if (std::count_if(orders_.begin(), orders_.end(), is_like) >= orders_max) {
        if (!mmp) return;
        std::find_if(orders_.begin(), orders_.end(), is_like)->gone = now;
    }
    orders_.push_back({id, mmp, false, now});
}

void OrderBook::cancel(Deed deed, Duration later, Time now) {
    forget(now);
    bool is_left = false;
    for (Order& order : orders_) {
        if (!order.mmp || !order.rests(now)) continue;
        if (deed == Deed::leaves_some) is_left = !is_left;
        const bool stays = deed == Deed::later || is_left;
        order.told_gone = stays;
        if (deed == Deed::later) order.gone = std::min(order.gone, now + later);
        if (!stays) order.gone = now;
    }
}

bool OrderBook::cancel_one(std::uint64_t id, Deed deed, Duration later, Time now) {
    const auto order = std::find_if(orders_.begin(), orders_.end(), [&](const Order& its) {
        return its.id == id && its.rests(now);
    });
    if (order == orders_.end()) return false;
    if (deed == Deed::all) order->gone = now;
    if (deed == Deed::later) order->gone = std::min(order->gone, now + later);
    return true;
}

void OrderBook::sweep(Duration most, Dice& dice, Time now) {
    for (Order& order : orders_) order.gone = std::min(order.gone, now + dice.up_to(most));
}

bool OrderBook::has_mmp(Time now) const {
    return std::any_of(orders_.begin(), orders_.end(),
                       [&](const Order& order) { return order.mmp && order.rests(now); });
}

bool OrderBook::rests_from_before(Time at, Time now, bool told_gone) const {
    return std::any_of(orders_.begin(), orders_.end(), [&](const Order& order) {
        return order.mmp && order.rests(now) && order.arrived < at &&
               !(told_gone && order.told_gone);
    });
}

std::size_t OrderBook::others(Time at) const {
    return static_cast<std::size_t>(
        std::count_if(orders_.begin(), orders_.end(),
                      [&](const Order& order) { return !order.mmp && order.arrived < at; }));
}

std::size_t OrderBook::others_left(Time at, Time now) const {
    return static_cast<std::size_t>(std::count_if(
        orders_.begin(), orders_.end(),
        [&](const Order& order) { return !order.mmp && order.rests(now) && order.arrived < at; }));
}

OrderBook::Page OrderBook::page(bool mmp_alone, std::uint64_t after, Time as_of) const {
    Page page;
    for (auto order = orders_.rbegin(); order != orders_.rend(); ++order) {
        const bool is_on =
            order->rests(as_of) && (order->mmp || !mmp_alone) && (after == 0 || order->id < after);
        if (!is_on) continue;
        ++(order->mmp ? page.mmp : page.others);
        if (!order->mmp) page.ids_of_others.push_back(order->id);
        page.last = order->id;
        page.full = page.mmp + page.others == orders_per_page;
        if (page.full) break;
    }
    return page;
}

void OrderBook::forget(Time now) {
    std::erase_if(orders_, [&](const Order& order) { return order.gone < now - remembered; });
}

}  // namespace scram::sim
