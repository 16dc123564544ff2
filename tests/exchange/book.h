// One account's resting option orders and its families' locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "tests/exchange/protection.h"

namespace scram::okxsim {

using OrderId = std::uint64_t;

struct Order {
    std::string instrument{};  // BTC-USD-261225-60000-C
    std::string type{};        // mmp, mmp_and_post_only, limit, post_only
    std::string side{};
    std::string price{};
    double size = 0;
    double filled = 0;
    std::chrono::milliseconds placed_at{};  // the exchange's clock
    std::string client_id{};
    std::string tag{};
    std::chrono::nanoseconds arrived{};

    bool is_mmp() const { return type == "mmp" || type == "mmp_and_post_only"; }
    std::string family() const;  // the instrument without its last three parts; empty if it has not
};

// What a family's lock does: OKX's documents leave it open.
struct LockRules {
    bool plain = true;     // refuses new orders that are not MMP orders, too
    bool mmp = true;       // refuses new MMP orders
    bool amends = true;    // refuses amends
    bool restarts = true;  // another one while it holds starts over; not: changes nothing
};

class Book {
  public:
    using Time = std::chrono::nanoseconds;
    static constexpr std::size_t gone_max = 10'000;  // remembered for readers who see them late

    struct Family {
        std::uint64_t mmp = 0;
        std::uint64_t plain = 0;
        std::uint64_t mass_cancelled = 0;  // orders, since start
        Time locked_until{};
    };

    void set_lock_rules(LockRules rules) { lock_rules_ = rules; }

    // OKX's code: "0", or why the order was refused.
    std::string_view place(OrderId id, Order order, Time now);
    std::string_view amend(OrderId id, const std::string& price, Time now);
    std::string_view fill(OrderId id, double size, Time now);

    // An order on its way: it is judged where it arrives. settle() lets in what has arrived,
    // and what would within `early`.
    void send(OrderId id, Order order, Time arrival);
    void settle(Time now, Time early = {});

    // Removes the family's MMP orders and nothing else, and locks it (0: unlocks it).
    std::uint64_t mass_cancel(const std::string& family, Time lock, Time now);

    // The maker's own cancels: any order.
    std::uint64_t cancel_family(const std::string& family, Time now);
    bool cancel(OrderId id, Time now);

    // Cancels the orders with this tag, or all, one by one; settle() carries it out.
    void sweep(const std::string& tag, Time now, Time apart);

    const std::map<OrderId, Order>& orders() const { return orders_; }
    std::map<std::string, Family> families() const;  // those ever traded or cancelled

    // Market maker protection: what triggers it also cancels the family's MMP orders.
    Protection& protection(const std::string& family) { return protections_[family]; }
    const std::map<std::string, Protection>& protections() const { return protections_; }
    void freeze(const std::string& family, Time now, Time length);

    // What the list of orders shows: the book as it stood a while ago, so that an order and its
    // cancel appear late. Until `until` it stays as it is now.
    std::map<OrderId, Order> listed(Time now) const;
    void delay_list(Time delay) { list_delay_ = delay; }
    void hold_list(Time now, Time until);

  private:
    struct Gone {
        OrderId id;
        Order order;
        Time at;
    };
    std::uint64_t remove_mmp(const std::string& family, Time now);
    template <class Which>
    std::uint64_t remove(Time now, Which which);
    bool locked(const std::string& family, Time now) const;

    std::map<OrderId, Order> orders_;
    std::map<std::string, Family> families_;  // its counts of resting orders stay 0
    std::map<std::string, Protection> protections_;
    std::multimap<Time, std::pair<OrderId, Order>> sent_;  // by arrival
    std::multimap<Time, OrderId> doomed_;                  // by when they will be cancelled
    std::deque<Gone> gone_;
    LockRules lock_rules_;
    Time list_delay_{};
    Time held_at_{};
    Time held_until_{};
};

}  // namespace scram::okxsim
