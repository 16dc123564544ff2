#include "tests/exchange/admin.h"

#include <fmt/format.h>

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "tests/exchange/admin_account.h"
#include "tests/exchange/codes.h"

namespace scram::okxsim {
namespace {

namespace dom = simdjson::dom;

Answer done(std::string body) {
    return {.code = "0", .body = std::move(body)};
}

Answer bad(const std::string& what) {
    return {
        .status = 400, .code = "400", .body = fmt::format(R"({{"error":{}}})", json_string(what))};
}

std::string text(dom::element object, std::string_view name) {
    std::string_view value;
    if (object[name].get(value) != simdjson::SUCCESS) return {};
    return std::string(value);
}

std::int64_t integer(dom::element object, std::string_view name, std::int64_t otherwise) {
    std::int64_t value = otherwise;
    if (object[name].get(value) != simdjson::SUCCESS) return otherwise;
    return value;
}

bool flag(dom::element object, std::string_view name) {
    bool value = false;
    return object[name].get(value) == simdjson::SUCCESS && value;
}

// A number, or a string that is one, as OKX writes them.
double amount(dom::element object, std::string_view name) {
    double value = 0;
    if (object[name].get(value) == simdjson::SUCCESS) return value;
    const std::string digits = text(object, name);
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

OrderId order_id(std::string_view digits) {
    OrderId id = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), id);
    return id;  // 0 is nobody's
}

Order order_from(dom::element json) {
    return {.instrument = text(json, "instId"),
            .type = text(json, "ordType"),
            .side = text(json, "side"),
            .price = text(json, "px"),
            .size = amount(json, "sz"),
            .client_id = text(json, "clOrdId"),
            .tag = text(json, "tag")};
}

std::string placed_json(const Placed& placed) {
    if (placed.code == "0") return fmt::format(R"({{"code":"0","ordId":"{}"}})", placed.id);
    return refuse(placed.code).body;
}

Placed arrive(Exchange& exchange, Seat& seat, dom::element order, Now now) {
    const std::chrono::milliseconds flight(integer(order, "flight_ms", 0));
    if (flight.count() <= 0) return exchange.place(seat, order_from(order), now);
    return {.code = "0", .id = exchange.send(seat, order_from(order), now, flight)};
}

Answer place(Exchange& exchange, Seat& seat, dom::element body, Now now) {
    dom::array orders;
    if (body["orders"].get(orders) != simdjson::SUCCESS) return bad("orders: an array is expected");
    std::string results;
    for (const dom::element order : orders) {
        results += (results.empty() ? "" : ",") + placed_json(arrive(exchange, seat, order, now));
    }
    return done(fmt::format(R"({{"results":[{}]}})", results));
}

Answer cancel(Seat& seat, dom::element body, Now now) {
    std::uint64_t cancelled = seat.book.cancel_family(text(body, "instFamily"), now.mono);
    dom::array ids;
    if (body["ordIds"].get(ids) == simdjson::SUCCESS) {
        for (const dom::element id : ids) {
            std::string_view digits;
            if (id.get(digits) == simdjson::SUCCESS)
                cancelled += seat.book.cancel(order_id(digits), now.mono);
        }
    }
    return done(fmt::format(R"({{"cancelled":{}}})", cancelled));
}

Answer fill(Seat& seat, dom::element body, Now now) {
    const double size = amount(body, "sz");
    if (!(size > 0)) return bad("sz: a number above 0 is expected");
    const auto code = seat.book.fill(order_id(text(body, "ordId")), size, now.mono);
    return done(fmt::format(R"({{"code":"{}"}})", code));
}

Answer freeze(Seat& seat, dom::element body, Now now) {
    const std::chrono::milliseconds length(integer(body, "ms", 0));
    if (length.count() < 0) return bad("ms: 0, until it is reset, or more is expected");
    seat.book.freeze(text(body, "instFamily"), now.mono, length);
    return done("{}");
}

Answer push_fault(Exchange& exchange, dom::element body) {
    bool clear = false;
    if (body["clear"].get(clear) == simdjson::SUCCESS && clear) {
        exchange.faults().clear();
        return done("{}");
    }
    const auto kind = fault_kind(text(body, "kind"));
    if (!kind) return bad("kind: one of " + fault_kinds() + " is expected");
    const std::string on = text(body, "on");
    if (on != "any" && !is_endpoint(on)) {
        return bad("on: any or one of " + endpoint_names() + " is expected");
    }
    Fault fault{.kind = *kind,
                .on = on,
                .account = text(body, "account"),
                .count = static_cast<int>(integer(body, "count", 1)),
                .delay = std::chrono::milliseconds(integer(body, "delay_ms", 0)),
                .code = text(body, "code"),
                .field = text(body, "field"),
                .message = text(body, "msg"),
                .close = flag(body, "close"),
                .status = static_cast<int>(integer(body, "status", 0))};
    if (fault.kind == FaultKind::code && fault.code.empty()) return bad("code: expected");
    if (fault.count == 0) return bad("count: above 0, or -1 for ever, is expected");
    exchange.faults().push(std::move(fault));
    return done("{}");
}

Answer shift_clock(Exchange& exchange, dom::element body) {
    std::int64_t offset = 0;
    if (body["offset_ms"].get(offset) != simdjson::SUCCESS) {
        return bad("offset_ms: an integer is expected");
    }
    exchange.shift_clock(std::chrono::milliseconds(offset));
    return done("{}");
}

}  // namespace

Admin::Admin(Exchange& exchange, Wire wire) : exchange_(exchange), wire_(std::move(wire)) {}

Delivery Admin::serve(const Request& request, Now now) {
    return deliver(answer(request, now), request.keep_alive);
}

Answer Admin::answer(const Request& request, Now now) {
    const std::string_view path = request.path();
    exchange_.settle(now);
    if (request.method == "GET" && path == "/sim/state") {
        return done(state_json(exchange_, wire_.counts(), now));
    }
    if (request.method != "POST") return bad("GET /sim/state or a POST is expected");
    if (path == "/sim/drop") {
        wire_.drop();
        return done("{}");
    }
    dom::parser parser;
    dom::element body;
    if (parser.parse(request.body).get(body) != simdjson::SUCCESS || !body.is_object()) {
        return bad("a JSON object is expected");
    }
    if (path == "/sim/fault") return push_fault(exchange_, body);
    if (path == "/sim/clock") return shift_clock(exchange_, body);

    Seat* seat = exchange_.find_account(text(body, "account"));
    if (!seat) return bad("account: no such account");
    if (path == "/sim/account") return change_account(*seat, request.body, now);
    if (path == "/sim/orders") return place(exchange_, *seat, body, now);
    if (path == "/sim/cancel") return cancel(*seat, body, now);
    if (path == "/sim/freeze") return freeze(*seat, body, now);
    if (path == "/sim/fill") return fill(*seat, body, now);
    return bad("no such path");
}

}  // namespace scram::okxsim
