// One account's resting option orders and its families' locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace scram::okxsim {

using OrderId = std::uint64_t;

struct Order {
    std::string instrument{};  // BTC-USD-261225-60000-C
    std::string type{};        // mmp, mmp_and_post_only, limit, post_only
    std::string side{};
    std::string price{};
    double size = 0;
    double filled = 0;
    std::chrono::milliseconds placed_at{};

    bool is_mmp() const { return type == "mmp" || type == "mmp_and_post_only"; }
    std::string family() const;  // the instrument without its last three parts; empty if it has not
};

class Book {
  public:
    using Time = std::chrono::nanoseconds;

    struct Family {
        std::uint64_t mmp = 0;
        std::uint64_t plain = 0;
        std::uint64_t mass_cancelled = 0;  // orders, since start
        Time locked_until{};
    };

    // OKX's code: "0", or why the order was refused.
    std::string_view place(OrderId id, Order order, Time now);
    std::string_view fill(OrderId id, double size);

    // Removes the family's MMP orders and nothing else, and locks it (0: unlocks it).
    std::uint64_t mass_cancel(const std::string& family, Time lock, Time now);

    // The maker's own cancels: any order.
    std::uint64_t cancel_family(const std::string& family);
    bool cancel(OrderId id) { return orders_.erase(id) > 0; }

    const std::map<OrderId, Order>& orders() const { return orders_; }
    std::map<std::string, Family> families() const;  // those ever traded or cancelled

  private:
    std::map<OrderId, Order> orders_;
    std::map<std::string, Family> families_;  // its counts of resting orders stay 0
};

}  // namespace scram::okxsim
