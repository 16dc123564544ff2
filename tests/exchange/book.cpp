#include "tests/exchange/book.h"

#include <algorithm>
#include <array>

namespace scram::okxsim {
namespace {

bool is_order(const Order& order) {
    constexpr std::array<std::string_view, 4> types{"mmp", "mmp_and_post_only", "limit",
                                                    "post_only"};
    return std::ranges::find(types, order.type) != types.end() && order.size > 0 &&
           (order.side == "buy" || order.side == "sell");
}

}  // namespace

std::string Order::family() const {
    if (!instrument.ends_with("-C") && !instrument.ends_with("-P")) return {};
    std::string rest = instrument;
    for (int part = 0; part < 3; ++part) {
        const auto dash = rest.rfind('-');
        if (dash == rest.npos) return {};
        rest.resize(dash);
    }
    return rest;
}

std::string_view Book::place(OrderId id, Order order, Time now) {
    const std::string family = order.family();
    if (family.empty()) return "51001";
    if (!is_order(order)) return "51000";
    if (locked(family, now) && (order.is_mmp() ? lock_rules_.mmp : lock_rules_.plain)) {
        return "54008";
    }
    families_.try_emplace(family);
    if (order.is_mmp() && protections_[family].frozen(now)) return "51034";
    order.arrived = now;
    orders_.emplace(id, std::move(order));
    return "0";
}

std::string_view Book::amend(OrderId id, const std::string& price, Time now) {
    const auto at = orders_.find(id);
    if (at == orders_.end()) return "51400";
    if (lock_rules_.amends && locked(at->second.family(), now)) return "54008";
    at->second.price = price;
    return "0";
}

bool Book::locked(const std::string& family, Time now) const {
    const auto at = families_.find(family);
    return at != families_.end() && now < at->second.locked_until;
}

std::string_view Book::fill(OrderId id, double size, Time now) {
    const auto at = orders_.find(id);
    if (at == orders_.end()) return "51400";
    const std::string family = at->second.family();
    const bool triggers = at->second.is_mmp() && protections_[family].fill(size, now);
    at->second.filled += size;
    if (at->second.filled >= at->second.size) cancel(id, now);
    if (triggers) remove_mmp(family, now);
    return "0";
}

void Book::send(OrderId id, Order order, Time arrival) {
    sent_.emplace(arrival, std::pair(id, std::move(order)));
}

void Book::settle(Time now, Time early) {
    while (!doomed_.empty() && doomed_.begin()->first <= now + early) {
        cancel(doomed_.begin()->second, std::min(doomed_.begin()->first, now));
        doomed_.erase(doomed_.begin());
    }
    while (!sent_.empty() && sent_.begin()->first <= now + early) {
        auto [arrival, sent] = std::move(*sent_.begin());
        sent_.erase(sent_.begin());
        place(sent.first, std::move(sent.second), std::min(arrival, now));
    }
}

template <class Which>
std::uint64_t Book::remove(Time now, Which which) {
    std::uint64_t removed = 0;
    for (auto at = orders_.begin(); at != orders_.end();) {
        if (!which(*at)) {
            ++at;
            continue;
        }
        gone_.push_back({at->first, std::move(at->second), now});
        at = orders_.erase(at);
        ++removed;
    }
    while (gone_.size() > gone_max) gone_.pop_front();
    return removed;
}

std::uint64_t Book::remove_mmp(const std::string& family, Time now) {
    return remove(now, [&](const auto& entry) {
        return entry.second.is_mmp() && entry.second.family() == family;
    });
}

void Book::freeze(const std::string& family, Time now, Time length) {
    protections_[family].freeze(now, length);
    remove_mmp(family, now);
}

std::uint64_t Book::mass_cancel(const std::string& family, Time lock, Time now) {
    const auto cancelled = remove_mmp(family, now);
    families_[family].mass_cancelled += cancelled;
    const bool keeps = lock > Time::zero() && locked(family, now) && !lock_rules_.restarts;
    if (!keeps) families_[family].locked_until = now + lock;
    return cancelled;
}

std::uint64_t Book::cancel_family(const std::string& family, Time now) {
    return remove(now, [&](const auto& entry) { return entry.second.family() == family; });
}

bool Book::cancel(OrderId id, Time now) {
    const auto at = orders_.find(id);
    if (at == orders_.end()) return false;
    gone_.push_back({id, std::move(at->second), now});
    orders_.erase(at);
    if (gone_.size() > gone_max) gone_.pop_front();
    return true;
}

void Book::sweep(const std::string& tag, Time now, Time apart) {
    for (const auto& [id, order] : orders_) {
        if (!tag.empty() && order.tag != tag) continue;
        doomed_.emplace(now, id);
        now += apart;
    }
}

std::map<OrderId, Order> Book::listed(Time now) const {
    Time at = now - list_delay_;
    if (now < held_until_) at = std::min(at, held_at_);
    std::map<OrderId, Order> seen;
    for (const auto& [id, order] : orders_) {
        if (order.arrived <= at) seen.emplace(id, order);
    }
    for (const Gone& gone : gone_) {
        if (gone.order.arrived <= at && at < gone.at) seen.emplace(gone.id, gone.order);
    }
    return seen;
}

void Book::hold_list(Time now, Time until) {
    held_at_ = now;
    held_until_ = until;
}

std::map<std::string, Book::Family> Book::families() const {
    auto families = families_;
    for (const auto& [id, order] : orders_) {
        Family& family = families[order.family()];
        ++(order.is_mmp() ? family.mmp : family.plain);
    }
    return families;
}

}  // namespace scram::okxsim
