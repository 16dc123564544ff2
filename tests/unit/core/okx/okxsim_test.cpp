// Both ends of each authenticated call, of which neither knows the other: okxsim reads what we
// sign and send, and we read what it answers, well and badly.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "core/okx/account_answers.h"
#include "tests/exchange/fixture.h"

using namespace scram;

namespace {

using okxsim::FaultKind;

// The bytes of one request, as a server takes them apart.
okxsim::Request request_of(std::string_view bytes) {
    const auto take = [&bytes](std::string_view end) {
        const std::string part(bytes.substr(0, bytes.find(end)));
        bytes.remove_prefix(part.size() + end.size());
        return part;
    };
    okxsim::Request request;
    request.method = take(" ");
    request.target = take(" ");
    take("\r\n");
    while (!bytes.starts_with("\r\n")) {
        std::string name = take(": ");
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers.emplace_back(name, take("\r\n"));
    }
    request.body = bytes.substr(2);
    CHECK((request.body.empty() ||
           request.header("content-length") == std::to_string(request.body.size())));
    return request;
}

struct Desk {
    okxsim::Fixture sim;
    HmacSigner signer{sim.seat().account.secret};
    AnswerReader reader{};
    int status = 0;

    // The body of its answer.
    std::string ask(const PrivateCall& call) {
        const RequestIdentity identity{"www.okx.com", sim.seat().account.key,
                                       sim.seat().account.passphrase, false};
        ArmedRequest request(identity, call);
        REQUIRE(request.refresh(signer, WallMillis{okxsim::sample::moment.wall.count()}));
        const auto delivery = sim.serve(request_of(request.bytes()));
        if (delivery.pieces.empty()) return {};
        status = std::stoi(okxsim::status_of(delivery));
        return okxsim::body_of(delivery);
    }
    void place(const char* type, int count) {
        for (int i = 0; i < count; ++i) REQUIRE(sim.place(type) == "0");
    }
    Told<OrdersPage> read(PrivateRequest what, std::uint64_t after = 0) {
        const PrivateCall call{.what = what, .inst_family = "BTC-USD", .after = after};
        const std::string body = ask(call);
        return reader.orders(status, body, call);
    }
    OrdersPage page(PrivateRequest what, std::uint64_t after = 0) {
        const auto told = read(what, after);
        REQUIRE(told.facts);
        return *told.facts;
    }
    Told<TimerFacts> set_timer(int timeout_s, std::string_view tag) {
        const std::string body =
            ask({.what = PrivateRequest::cancel_all_after, .timeout_s = timeout_s, .tag = tag});
        return reader.timer(status, body, tag);
    }
};

}  // namespace

TEST_CASE("okxsim and okx: the account and a family's protection") {
    Desk desk;
    const auto account =
        desk.reader.account(200, desk.ask({.what = PrivateRequest::account_config}));
    REQUIRE(account.facts);
    CHECK(account.facts->may_trade);
    CHECK(account.facts->mode == portfolio_margin);
    CHECK_FALSE(account.facts->bound_to_ip);
    const PrivateCall call{.what = PrivateRequest::mmp_config, .inst_family = "BTC-USD"};
    CHECK_FALSE(desk.reader.mmp(200, desk.ask(call), "BTC-USD").facts->on);
    desk.sim.ask("POST", "/api/v5/account/mmp-config",
                 R"({"instFamily":"BTC-USD","timeInterval":"5000","frozenInterval":"0",)"
                 R"("qtyLimit":"10"})");
    const auto set = desk.reader.mmp(200, desk.ask(call), "BTC-USD");
    REQUIRE(set.facts);
    CHECK(set.facts->on);
    CHECK_FALSE(set.facts->frozen);
}

TEST_CASE("okxsim and okx: a family's orders, of the types that a mass-cancel reaches and all") {
    Desk desk;
    CHECK(desk.page(PrivateRequest::mmp_orders).last == 0);
    desk.place("mmp", 2);
    desk.place("limit", 1);
    desk.place("mmp_and_post_only", 1);
    desk.place("post_only", 2);
    const OrdersPage mmp = desk.page(PrivateRequest::mmp_orders);
    CHECK(mmp.mmp == 3);
    CHECK(mmp.others == 0);
    const OrdersPage all = desk.page(PrivateRequest::all_orders);
    CHECK(all.mmp == 3);
    CHECK(all.others == 3);
    CHECK_FALSE(all.full);
}

TEST_CASE("okxsim and okx: all pages together have each order once") {
    Desk desk;
    desk.place("limit", 45);
    std::vector<std::uint64_t> ids;
    OrdersPage page = desk.page(PrivateRequest::all_orders);
    for (; page.full; page = desk.page(PrivateRequest::all_orders, page.last))
        for (const OrderRef& order : page.to_cancel()) ids.push_back(order.ord_id);
    for (const OrderRef& order : page.to_cancel()) ids.push_back(order.ord_id);
    CHECK(ids.size() == 45);
    CHECK(std::is_sorted(ids.rbegin(), ids.rend()));
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}

TEST_CASE("okxsim and okx: a page of orders is what one batch cancels") {
    Desk desk;
    desk.place("limit", 20);
    desk.place("mmp", 1);
    OrdersPage page = desk.page(PrivateRequest::all_orders);
    REQUIRE(page.others == 19);
    const PrivateCall call{.what = PrivateRequest::cancel_orders, .orders = page.to_cancel()};
    const auto first = desk.reader.batch(200, desk.ask(call), page.to_cancel());
    REQUIRE(first.facts);
    CHECK(first.facts->accepted == 19);
    const auto again = desk.reader.batch(200, desk.ask(call), page.to_cancel());
    REQUIRE(again.facts);
    CHECK(again.facts->gone == 19);
    page = desk.page(PrivateRequest::all_orders);
    CHECK(page.others == 1);
    CHECK(page.mmp == 1);
}

TEST_CASE("okxsim and okx: the timer is set and ended, and tells when it fires") {
    for (const bool in_ms : {false, true}) {
        Desk desk;
        desk.sim.seat().account.trigger_in_ms = in_ms;
        for (const char* tag : {"", "mm1"}) {
            const auto set = desk.set_timer(30, tag);
            REQUIRE(set.facts);
            const std::int64_t passed = desk.sim.passed_.count();
            const std::int64_t due = okxsim::sample::moment.wall.count() + passed + 30'000;
            CHECK(set.facts->trigger.value / 1000 == due / 1000);
            CHECK(desk.set_timer(0, tag).facts->trigger == WallMillis{});
        }
        CHECK_FALSE(desk.set_timer(9, "").facts);
        CHECK(desk.status == 400);
    }
}

TEST_CASE("okxsim and okx: no list of orders that is spoiled is believed") {
    using enum FaultKind;
    for (const FaultKind kind :
         {silent, half_body, html, numeric, limited429, numeric429, unavailable503, code, garbage,
          foreign, truncated, numbers, missing}) {
        Desk desk;
        desk.place("mmp", 2);
        desk.sim.exchange.faults().push({.kind = kind, .on = "orders-pending", .code = "50026"});
        const auto told = desk.read(PrivateRequest::mmp_orders);
        CAPTURE(okxsim::name(kind));
        CHECK_FALSE(told.facts);
        CHECK(told.answer.answer_class != AnswerClass::nothing_left);
        CHECK(desk.page(PrivateRequest::mmp_orders).mmp == 2);  // the next is whole again
    }
}

TEST_CASE("okxsim and okx: of pages that come again and again only the first is believed") {
    Desk desk;
    desk.sim.exchange.faults().push({.kind = FaultKind::loop, .on = "orders-pending", .count = -1});
    const OrdersPage first = desk.page(PrivateRequest::all_orders);
    REQUIRE(first.full);
    CHECK_FALSE(desk.read(PrivateRequest::all_orders, first.last).facts);
}
