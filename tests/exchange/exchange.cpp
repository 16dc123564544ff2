#include "tests/exchange/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/exchange/auth.h"
#include "tests/exchange/codes.h"
#include "tests/exchange/orders_pending.h"
#include "tests/exchange/parameters.h"

namespace scram::okxsim {
namespace {

constexpr int portfolio_margin = 4;

}  // namespace

Exchange::Exchange(AccountsFile file, WindowKind window_kind)
    : families_(std::move(file.families)), window_kind_(window_kind) {
    for (Account& account : file.accounts) seats_.push_back({.account = std::move(account)});
}

Delivery Exchange::serve(const Request& request, Now now) {
    const Call call = call_of(request, now);
    const std::string_view owner = call.seat ? call.seat->account.name : std::string_view();
    const std::optional<Fault> fault = faults_.take(name(call.endpoint), owner);
    const Answer said = fault && !executes(fault->kind) ? substitute(*fault) : answer(call);
    record(call, said, fault);
    return fault ? deliver(said, request.keep_alive, *fault) : deliver(said, request.keep_alive);
}

Exchange::Call Exchange::call_of(const Request& request, Now now) {
    now.wall = clock(now);
    const std::string_view key = request.header("ok-access-key");
    const auto seat = std::ranges::find_if(
        seats_, [&](const Seat& candidate) { return candidate.account.key == key; });
    Call call{.request = request,
              .now = now,
              .endpoint = endpoint_of(request.path()),
              .seat = seat == seats_.end() ? nullptr : &*seat,
              .admitted = true};
    if (call.endpoint == Endpoint::time) time_window_.admit(now.mono, window_kind_);
    if (call.endpoint == Endpoint::mass_cancel && call.seat) {
        call.admitted = call.seat->window.admit(now.mono, window_kind_);
    }
    return call;
}

Answer Exchange::answer(const Call& call) {
    if (call.endpoint == Endpoint::unknown) {
        return {.status = 404,
                .code = "404",
                .body = R"({"msg":"Invalid request URI or method","code":"404","data":[]})"};
    }
    const std::string_view method = call.endpoint == Endpoint::mass_cancel ? "POST" : "GET";
    if (call.request.method != method) return refuse("50115");
    if (call.endpoint == Endpoint::families) return option_families();
    if (call.endpoint != Endpoint::time) return answer_private(call);
    return succeed(fmt::format(R"([{{"ts":"{}"}}])", call.now.wall.count()));
}

Answer Exchange::answer_private(const Call& call) {
    const Account* account = call.seat ? &call.seat->account : nullptr;
    if (auto refusal = auth_refusal(call.request, account, call.now.wall)) return *refusal;
    if (!call.admitted) return refuse("50011");
    if (call.endpoint == Endpoint::mass_cancel) return mass_cancel(call);
    if (call.endpoint == Endpoint::orders_pending) return orders_pending(call);
    return account_config(call);
}

Answer Exchange::mass_cancel(const Call& call) {
    const auto parsed = parse_mass_cancel(call.request, families_);
    if (const Answer* refusal = std::get_if<Answer>(&parsed)) return *refusal;
    const Account& account = call.seat->account;
    if (account.mode != portfolio_margin) return refuse("51010");
    if (!account.mmp) return refuse("51411");
    if (!account.trade) return refuse("50120");
    const MassCancel& cancel = std::get<MassCancel>(parsed);
    call.seat->book.mass_cancel(cancel.family, cancel.lock, call.now.mono);
    return succeed(R"([{"result":true}])");
}

Answer Exchange::orders_pending(const Call& call) {
    return succeed(pending_orders_json(call.seat->book, call.request));
}

Answer Exchange::account_config(const Call& call) {
    const Account& account = call.seat->account;
    return succeed(fmt::format(
        R"([{{"acctLv":"{}","label":{},"uid":{},"mainUid":{},"posMode":"net_mode","type":"0",)"
        R"("perm":"{}","ip":"","opAuth":"0"}}])",
        account.mode, json_string(account.name), json_string(account.name),
        json_string(account.name), account.trade ? "read_only,trade" : "read_only"));
}

// Of the families that exist. Where any may exist there is no list.
Answer Exchange::option_families() const {
    std::string rows;
    for (const std::string& family : families_) {
        rows += fmt::format(R"({}{{"instType":"OPTION","instFamily":{},"tickBand":)"
                            R"([{{"minPx":"0","maxPx":"100","tickSz":"0.1"}}]}})",
                            rows.empty() ? "" : ",", json_string(family));
    }
    return families_.empty() ? refuse("50001") : succeed(fmt::format("[{}]", rows));
}

void Exchange::record(const Call& call, const Answer& answer, const std::optional<Fault>& fault) {
    if (call.endpoint != Endpoint::mass_cancel || !call.seat) return;
    CancelRecord record{.arrival = call.now,
                        .family = member_text(call.request.body, "instFamily"),
                        .lock = member_text(call.request.body, "lockInterval"),
                        .code = answer.code,
                        .fault = fault ? std::string(okxsim::name(fault->kind)) : "",
                        .age = {}};
    const auto signed_at = parse_timestamp(call.request.header("ok-access-timestamp"));
    if (signed_at) record.age = call.now.wall - *signed_at;
    call.seat->cancels.add(std::move(record), !fault || executes(fault->kind));
}

void Cancels::add(CancelRecord record, bool executed) {
    ++requests;
    ++codes[record.code];
    if (executed && record.code == "0") ++confirmed;
    log.push_back(std::move(record));
    if (log.size() > log_max) log.pop_front();
}

Exchange::Placed Exchange::place(Seat& seat, Order order, Now now) {
    if (order.is_mmp() && seat.account.mode != portfolio_margin) return {.code = "51036"};
    order.placed_at = clock(now);
    const OrderId id = last_order_id_ + 1;
    const std::string_view code = seat.book.place(id, std::move(order), now.mono);
    if (code == "0") last_order_id_ = id;
    return {.code = code, .id = id};
}

Seat* Exchange::find_account(std::string_view name) {
    for (Seat& seat : seats_) {
        if (seat.account.name == name) return &seat;
    }
    return nullptr;
}

Exchange::Endpoint Exchange::endpoint_of(std::string_view path) {
    if (path == "/api/v5/trade/mass-cancel") return Endpoint::mass_cancel;
    if (path == "/api/v5/public/time") return Endpoint::time;
    if (path == "/api/v5/trade/orders-pending") return Endpoint::orders_pending;
    if (path == "/api/v5/account/config") return Endpoint::account_config;
    if (path == "/api/v5/public/instrument-tick-bands") return Endpoint::families;
    return Endpoint::unknown;
}

std::string_view Exchange::name(Endpoint endpoint) {
    switch (endpoint) {
        case Endpoint::mass_cancel:
            return "mass-cancel";
        case Endpoint::time:
            return "time";
        case Endpoint::orders_pending:
            return "orders-pending";
        case Endpoint::account_config:
            return "config";
        case Endpoint::families:
            return "families";
        case Endpoint::unknown:
            break;
    }
    return "unknown";
}

}  // namespace scram::okxsim
