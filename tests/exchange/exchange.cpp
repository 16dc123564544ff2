#include "tests/exchange/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/exchange/auth.h"
#include "tests/exchange/codes.h"
#include "tests/exchange/lies.h"
#include "tests/exchange/parameters.h"

namespace scram::okxsim {
namespace {

constexpr std::uint64_t first_uid = 446000000000000001;  // of the length of OKX's own

std::string_view name(const Endpoint* endpoint) {
    return endpoint ? endpoint->name : "unknown";
}

}  // namespace

Exchange::Exchange(AccountsFile file, WindowKind window_kind, std::chrono::nanoseconds born)
    : families_(std::move(file.families)),
      region_(std::move(file.region)),
      window_kind_(window_kind) {
    for (Account& account : file.accounts) {
        if (account.uid.empty()) account.uid = fmt::format("{}", first_uid + seats_.size());
        seats_.push_back({.account = std::move(account), .key_used_at = born});
    }
}

Delivery Exchange::serve(const Request& request, Now now) {
    settle(now);
    if (!phase_) phase_ = now.wall - now.mono;
    const Visit visit = visit_of(request, now);
    const std::string_view owner = visit.seat ? visit.seat->account.name : std::string_view();
    const std::optional<Fault> fault = faults_.take(name(visit.endpoint), owner);
    Answer said = fault && !executes(fault->kind) ? substitute(*fault) : answer(visit);
    if (fault && is_lie(fault->kind)) said = lie(*fault, request, std::move(said));
    record(visit, said, fault);
    return fault ? deliver(said, request.keep_alive, *fault) : deliver(said, request.keep_alive);
}

Exchange::Visit Exchange::visit_of(const Request& request, Now now) {
    now.wall = clock(now);
    const std::string_view key = request.header("ok-access-key");
    const auto seat = std::ranges::find_if(
        seats_, [&](const Seat& candidate) { return candidate.account.key == key; });
    const Endpoint* endpoint = find_endpoint(request.method, request.path());
    Visit visit{.request = request,
                .now = now,
                .endpoint = endpoint ? endpoint : find_endpoint_by_path(request.path()),
                .seat = seat == seats_.end() ? nullptr : &*seat,
                .admitted = true};
    visit.admitted = admit(visit);
    return visit;
}

bool Exchange::admit(const Visit& visit) {
    if (!visit.endpoint) return true;
    const std::string_view what = visit.endpoint->name;
    if (what == "time") time_window_.admit(visit.now.mono, window_kind_);
    if (!visit.endpoint->answering || !visit.seat) return true;
    if (what == "mass-cancel") {
        return visit.seat->window.admit(visit.now.mono + *phase_, window_kind_);
    }
    return visit.endpoint->limit.requests_max == 0 ||
           visit.seat->admit(what, visit.endpoint->limit, visit.now, window_kind_);
}

Answer Exchange::answer(const Visit& visit) {
    if (!visit.endpoint) {
        return {.status = 404,
                .code = "404",
                .body = R"({"msg":"Invalid request URI or method","code":"404","data":[]})"};
    }
    if (visit.request.method != visit.endpoint->method) return refuse("50115");
    if (visit.endpoint->answering) return answer_private(visit);
    if (visit.endpoint->name == "families") return option_families();
    if (visit.endpoint->name == "instruments") return answer_instruments(visit.request, families_);
    if (visit.endpoint->name == "mark-price") return answer_mark_price(visit.request, families_);
    return succeed(fmt::format(R"([{{"ts":"{}"}}])", visit.now.wall.count()));
}

// A key is unknown where it was deleted, which OKX does with those that nobody uses, and on the
// sites of other regions.
Answer Exchange::answer_private(const Visit& visit) {
    const bool known = visit.seat && visit.seat->account.region == region_ &&
                       visit.seat->key_lives(visit.now.mono);
    const Account* account = known ? &visit.seat->account : nullptr;
    if (auto refusal = auth_refusal(visit.request, account, visit.now.wall)) return *refusal;
    visit.seat->key_used_at = visit.now.mono;
    if (!visit.admitted) return refuse("50011");
    if (!account->may(visit.endpoint->permission)) return refuse("50120");
    return visit.endpoint->answering({.request = visit.request,
                                      .now = visit.now,
                                      .seat = *visit.seat,
                                      .families = families_,
                                      .window_kind = window_kind_,
                                      .last_order_id = last_order_id_});
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

void Exchange::record(const Visit& visit, const Answer& answer, const std::optional<Fault>& fault) {
    if (!visit.endpoint || !visit.seat) return;
    ++visit.seat->calls[std::string(visit.endpoint->name)][answer.code];
    if (visit.endpoint->name != "mass-cancel") return;
    CancelRecord record{.arrival = visit.now,
                        .family = member_text(visit.request.body, "instFamily"),
                        .lock = member_text(visit.request.body, "lockInterval"),
                        .code = answer.code,
                        .fault = fault ? std::string(okxsim::name(fault->kind)) : "",
                        .age = {}};
    const auto signed_at = parse_timestamp(visit.request.header("ok-access-timestamp"));
    if (signed_at) record.age = visit.now.wall - *signed_at;
    visit.seat->cancels.add(std::move(record), !fault || executes(fault->kind));
}

Placed Exchange::place(Seat& seat, Order order, Now now) {
    now.wall = clock(now);
    return place_order(seat, std::move(order), now, last_order_id_);
}

OrderId Exchange::send(Seat& seat, Order order, Now now, std::chrono::milliseconds flight) {
    order.placed_at = clock(now) + flight;
    seat.book.send(++last_order_id_, std::move(order), now.mono + flight);
    return last_order_id_;
}

void Exchange::settle(Now now) {
    for (Seat& seat : seats_) seat.settle(now.mono);
}

Seat* Exchange::find_account(std::string_view name) {
    for (Seat& seat : seats_) {
        if (seat.account.name == name) return &seat;
    }
    return nullptr;
}

}  // namespace scram::okxsim
