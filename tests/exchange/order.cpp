// POST /api/v5/trade/order and /api/v5/trade/amend-order: one option order, by its maker.
#include <fmt/format.h>

#include <charconv>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"
#include "tests/exchange/json_body.h"
#include "tests/exchange/parameters.h"

namespace scram::okxsim {
namespace {

constexpr Limit order_limit{60, std::chrono::seconds(2)};  // per User ID and family

double number(Fields& fields, std::string_view name) {
    const std::string digits = fields.text(name);
    double value = 0;
    const char* end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || at != end || !(value > 0)) fields.refuse_for(name);
    return value;
}

// What one order came to: its own code stands in its row, as in a batch.
Answer row(const Order& order, OrderId id, std::string_view code, Now now) {
    const bool done = code == "0";
    return {.code = done ? "0" : "1",
            .body = fmt::format(
                R"({{"code":"{}","data":[{{"clOrdId":{},"ordId":"{}","sCode":"{}","sMsg":{},)"
                R"("tag":{},"ts":"{}"}}],"msg":{}}})",
                done ? "0" : "1", json_string(order.client_id), id == 0 ? "" : fmt::to_string(id),
                code, json_string(done ? "" : message(code)), json_string(order.tag),
                now.wall.count(), json_string(done ? "" : message("1")))};
}

}  // namespace

Answer answer_place_order(const Call& call) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (auto refusal = read_json(call.request, parser, root)) return *refusal;
    Fields fields(root);
    const std::string margin = fields.text("tdMode");
    Order order{.instrument = fields.text("instId"),
                .type = fields.text("ordType"),
                .side = fields.text("side"),
                .price = fields.text("px"),
                .size = number(fields, "sz"),
                .client_id = fields.text_or("clOrdId", ""),
                .tag = fields.text_or("tag", "")};
    number(fields, "px");
    if (fields.refusal()) return *fields.refusal();
    const std::string family = order.family();
    if (!call.admit("order " + family, order_limit)) return refuse("50011");
    if (!family_exists(family, call.families)) return row(order, 0, "51001", call.now);
    if (order.is_mmp() && margin != "cross") return row(order, 0, "51042", call.now);
    const Placed placed = place_order(call.seat, order, call.now, call.last_order_id);
    return row(order, placed.code == "0" ? placed.id : 0, placed.code, call.now);
}

Answer answer_amend_order(const Call& call) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (auto refusal = read_json(call.request, parser, root)) return *refusal;
    Fields fields(root);
    const std::string instrument = fields.text("instId");
    const std::string wanted = fields.text("ordId");
    number(fields, "newPx");
    if (fields.refusal()) return *fields.refusal();
    if (!call.admit("amend-order " + instrument, order_limit)) return refuse("50011");
    for (const auto& [id, order] : call.seat.book.orders()) {
        if (fmt::to_string(id) != wanted || order.instrument != instrument) continue;
        const auto code = call.seat.book.amend(id, fields.text("newPx"), call.now.mono);
        return row(order, id, code, call.now);
    }
    return row({.instrument = instrument}, 0, "51400", call.now);
}

}  // namespace scram::okxsim
