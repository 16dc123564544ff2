// GET /api/v5/trade/orders-pending: the account's resting orders, newest first.
#pragma once

#include <limits>
#include <optional>
#include <string>

#include "tests/exchange/book.h"
#include "tests/exchange/message.h"

namespace scram::okxsim {

struct OrdersQuery {
    static constexpr std::size_t rows_max = 100;

    std::string type;
    std::string underlying;
    std::string family;
    std::string instrument;
    std::string order_types;  // a comma list
    std::string state;
    OrderId after = std::numeric_limits<OrderId>::max();  // only older ones
    OrderId before = 0;                                   // only newer ones
    std::size_t rows = rows_max;

    bool passes(OrderId id, const Order& order) const;
};

// Nothing: a parameter is no number or a type that does not exist.
std::optional<OrdersQuery> orders_query(const Request& request);

std::string order_row(OrderId id, const Order& order);

}  // namespace scram::okxsim
