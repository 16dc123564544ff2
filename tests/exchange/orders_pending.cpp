#include "tests/exchange/orders_pending.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"

namespace scram::okxsim {
namespace {

std::string_view state_of(const Order& order) {
    return order.filled > 0 ? "partially_filled" : "live";
}

bool lists(const std::string& list, const std::string& wanted) {
    return ("," + list + ",").find("," + wanted + ",") != std::string::npos;
}

// Whether `text` is empty or a number.
template <class Number>
bool read(const std::string& text, Number& number) {
    if (text.empty()) return true;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && at == end;
}

bool is_type(std::string_view type) {
    constexpr std::array<std::string_view, 6> types{"",     "SPOT",    "MARGIN",
                                                    "SWAP", "FUTURES", "OPTION"};
    return std::ranges::find(types, type) != types.end();
}

}  // namespace

// A family's underlying is its name before "_": BTC-USD of BTC-USD_UM.
bool OrdersQuery::passes(OrderId id, const Order& order) const {
    const std::string its_family = order.family();
    return id < after && id > before && (type.empty() || type == "OPTION") &&
           (underlying.empty() || underlying == its_family.substr(0, its_family.find('_'))) &&
           (family.empty() || family == its_family) &&
           (instrument.empty() || instrument == order.instrument) &&
           (order_types.empty() || lists(order_types, order.type)) &&
           (state.empty() || state == state_of(order));
}

std::optional<OrdersQuery> orders_query(const Request& request) {
    OrdersQuery query{.type = request.query("instType"),
                      .underlying = request.query("uly"),
                      .family = request.query("instFamily"),
                      .instrument = request.query("instId"),
                      .order_types = request.query("ordType"),
                      .state = request.query("state")};
    if (!is_type(query.type) || !read(request.query("after"), query.after) ||
        !read(request.query("before"), query.before) || !read(request.query("limit"), query.rows)) {
        return {};
    }
    query.rows = std::min(query.rows, OrdersQuery::rows_max);
    return query;
}

std::string order_row(OrderId id, const Order& order) {
    return fmt::format(
        R"({{"accFillSz":"{}","avgPx":"","cTime":"{}","cancelSource":"","category":"normal",)"
        R"("ccy":"","clOrdId":{},"fee":"0","feeCcy":"","fillPx":"","fillSz":"0","fillTime":"",)"
        R"("instId":{},"instType":"OPTION","lever":"","ordId":"{}","ordType":{},"pnl":"0",)"
        R"("posSide":"net","px":{},"pxType":"px","pxUsd":"","pxVol":"","rebate":"0",)"
        R"("reduceOnly":"false","side":{},"source":"","state":"{}","stpMode":"cancel_maker",)"
        R"("sz":"{}","tag":{},"tdMode":"cross","tgtCcy":"","tradeId":"","uTime":"{}"}})",
        order.filled, order.placed_at.count(), json_string(order.client_id),
        json_string(order.instrument), id, json_string(order.type), json_string(order.price),
        json_string(order.side), state_of(order), order.size, json_string(order.tag),
        order.placed_at.count());
}

Answer answer_orders_pending(const Call& call) {
    const auto query = orders_query(call.request);
    if (!query) return refuse("51000");
    std::string rows;
    std::size_t count = 0;
    const auto listed = call.seat.book.listed(call.now.mono);
    for (const auto& [id, order] : std::views::reverse(listed)) {
        if (count == query->rows) break;
        if (!query->passes(id, order)) continue;
        rows += (count++ == 0 ? "" : ",") + order_row(id, order);
    }
    return succeed("[" + rows + "]");
}

}  // namespace scram::okxsim
