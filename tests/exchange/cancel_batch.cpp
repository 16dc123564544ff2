// POST /api/v5/trade/cancel-batch-orders: up to 20 orders of any kind, each with a code of its own.
#include <fmt/format.h>

#include <map>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"
#include "tests/exchange/json_body.h"

namespace scram::okxsim {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t batch_max = 20;
constexpr Limit orders_limit{300, std::chrono::seconds(2)};  // per User ID and family
constexpr Limit single_limit{60, std::chrono::seconds(2)};   // of one order: that of cancel-order

struct Row {
    std::string instrument;
    std::string id;
    std::string client_id;
    std::string code;  // empty: to be cancelled

    bool names(OrderId its_id, const Order& order) const {
        return instrument == order.instrument &&
               (id.empty() ? client_id == order.client_id : id == fmt::format("{}", its_id));
    }
};

Row row_of(dom::element element) {
    Fields fields(element);
    Row row{.instrument = fields.text("instId"),
            .id = fields.text_or("ordId", ""),
            .client_id = fields.text_or("clOrdId", ""),
            .code = ""};
    if (fields.refusal()) row.code = fields.refusal()->code;
    if (row.code.empty() && row.id.empty() && row.client_id.empty()) row.code = "50015";
    return row;
}

// What OKX does with a batch that is partly over its limit is not told; here all of it is refused.
bool admitted(const Call& call, const std::vector<Row>& rows) {
    std::map<std::string, int> orders;
    for (const Row& row : rows) ++orders[Order{.instrument = row.instrument}.family()];
    bool all = true;
    for (const auto& [family, count] : orders) {
        all &= rows.size() == 1 ? call.admit("cancel-order " + family, single_limit)
                                : call.admit("cancel-batch " + family, orders_limit, count);
    }
    return all;
}

std::string cancel(const Call& call, const Row& row) {
    if (!row.code.empty()) return row.code;
    for (const auto& [id, order] : call.seat.book.orders()) {
        if (!row.names(id, order)) continue;
        call.seat.book.cancel(id, call.now.mono);
        return "0";
    }
    return "51400";
}

std::string json(const Row& row, std::string_view code, Now now) {
    return fmt::format(R"({{"clOrdId":{},"ordId":{},"sCode":"{}","sMsg":{},"ts":"{}"}})",
                       json_string(row.client_id), json_string(row.id), code,
                       json_string(code == "0" ? "" : message(code)), now.wall.count());
}

}  // namespace

Answer answer_cancel_batch(const Call& call) {
    dom::parser parser;
    dom::element root;
    dom::array wanted;
    if (auto refusal = read_json(call.request, parser, root)) return *refusal;
    if (root.get(wanted) != simdjson::SUCCESS) return refuse("50002");
    if (wanted.size() == 0) return refuse("50014");
    if (wanted.size() > batch_max) return refuse("50025");
    std::vector<Row> rows;
    for (const dom::element element : wanted) rows.push_back(row_of(element));
    if (!admitted(call, rows)) return refuse("50011");

    std::string results;
    std::size_t cancelled = 0;
    for (const Row& row : rows) {
        const std::string code = cancel(call, row);
        if (code == "0") ++cancelled;
        results += (results.empty() ? "" : ",") + json(row, code, call.now);
    }
    const std::string_view code = cancelled == rows.size() ? "0" : cancelled == 0 ? "1" : "2";
    const auto us = std::chrono::microseconds(call.now.wall).count();
    return {.code = std::string(code),
            .body = fmt::format(
                R"({{"code":"{}","data":[{}],"inTime":"{}","msg":{},"outTime":"{}"}})", code,
                results, us, json_string(code == "0" ? "" : message(code)), us + 1)};
}

}  // namespace scram::okxsim
