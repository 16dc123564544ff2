// GET /api/v5/trade/orders-pending: the account's resting orders, newest first.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <ranges>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"

namespace scram::okxsim {
namespace {

constexpr std::size_t rows_max = 100;

struct Filter {
    std::string type;
    std::string family;
    std::string instrument;
    std::string order_types;
    OrderId before = std::numeric_limits<OrderId>::max();
    std::size_t rows = rows_max;

    bool passes(OrderId id, const Order& order) const {
        return id < before && (type.empty() || type == "OPTION") &&
               (family.empty() || family == order.family()) &&
               (instrument.empty() || instrument == order.instrument) &&
               (order_types.empty() || lists(order.type));
    }

    bool lists(const std::string& order_type) const {
        return ("," + order_types + ",").find("," + order_type + ",") != std::string::npos;
    }
};

template <class Number>
void read_number(const std::string& text, Number& number) {
    std::from_chars(text.data(), text.data() + text.size(), number);
}

Filter filter_of(const Request& request) {
    Filter filter{.type = request.query("instType"),
                  .family = request.query("instFamily"),
                  .instrument = request.query("instId"),
                  .order_types = request.query("ordType")};
    read_number(request.query("after"), filter.before);
    read_number(request.query("limit"), filter.rows);
    filter.rows = std::min(filter.rows, rows_max);
    return filter;
}

std::string row(OrderId id, const Order& order) {
    return fmt::format(
        R"({{"instType":"OPTION","instId":{},"ordId":"{}","clOrdId":"","tag":"","ordType":{},)"
        R"("side":{},"px":{},"sz":"{}","accFillSz":"{}","tdMode":"cross","state":"{}",)"
        R"("cTime":"{}","uTime":"{}"}})",
        json_string(order.instrument), id, json_string(order.type), json_string(order.side),
        json_string(order.price), order.size, order.filled,
        order.filled > 0 ? "partially_filled" : "live", order.placed_at.count(),
        order.placed_at.count());
}

}  // namespace

Answer answer_orders_pending(const Call& call) {
    const Book& book = call.seat.book;
    const Filter filter = filter_of(call.request);
    std::string rows;
    std::size_t count = 0;
    for (const auto& [id, order] : std::views::reverse(book.orders())) {
        if (count == filter.rows) break;
        if (!filter.passes(id, order)) continue;
        rows += (count++ == 0 ? "" : ",") + row(id, order);
    }
    return succeed("[" + rows + "]");
}

}  // namespace scram::okxsim
