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
    if (now < families_[family].locked_until) return "54008";
    orders_.emplace(id, std::move(order));
    return "0";
}

std::string_view Book::fill(OrderId id, double size) {
    const auto at = orders_.find(id);
    if (at == orders_.end()) return "51400";
    at->second.filled += size;
    if (at->second.filled >= at->second.size) orders_.erase(at);
    return "0";
}

std::uint64_t Book::mass_cancel(const std::string& family, Time lock, Time now) {
    const auto cancelled = std::erase_if(orders_, [&](const auto& entry) {
        return entry.second.is_mmp() && entry.second.family() == family;
    });
    families_[family].mass_cancelled += cancelled;
    families_[family].locked_until = now + lock;
    return cancelled;
}

std::uint64_t Book::cancel_family(const std::string& family) {
    return std::erase_if(orders_,
                         [&](const auto& entry) { return entry.second.family() == family; });
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
