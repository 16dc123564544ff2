#include "tests/exchange/orders_pending.h"

#include <doctest/doctest.h>

#include "tests/exchange/admin_account.h"
#include "tests/exchange/fixture.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

const std::string orders_path = "/api/v5/trade/orders-pending";

struct Pending : Fixture {
    Pending() : Fixture() {
        for (const char* type : {"mmp", "limit", "mmp_and_post_only"}) place(type);
        exchange.place(seat(), sample::order("mmp", "ETH-USD_UM"), sample::moment);
    }

    std::string ids(const std::string& query = "") {
        const std::string body = ask("GET", orders_path + query);
        std::string found;
        for (auto at = body.find("ordId\":"); at != body.npos; at = body.find("ordId\":", at + 1)) {
            found += body[at + 8];
        }
        return found;
    }

    void change(const std::string& settings) {
        CHECK(change_account(seat(), settings, sample::after(passed_)).body == "{}");
    }

    std::string spoiled(FaultKind kind, const std::string& query = "?instFamily=BTC-USD") {
        exchange.faults().push({.kind = kind, .on = "orders-pending"});
        return ask("GET", orders_path + query);
    }
};

std::size_t rows(const std::string& body) {
    std::size_t count = 0;
    for (auto at = body.find("\"ordId\""); at != body.npos; at = body.find("\"ordId\"", at + 1)) {
        ++count;
    }
    return count;
}

TEST_CASE("pending: orders are filtered by what OKX filters by, newest first") {
    Pending fixture;
    CHECK(fixture.ids() == "4321");
    CHECK(fixture.ids("?instType=SWAP") == "");
    CHECK(fixture.ids("?instType=OPTION&instFamily=BTC-USD") == "321");
    CHECK(fixture.ids("?instFamily=BTC-USD&ordType=mmp,mmp_and_post_only") == "31");
    CHECK(fixture.ids("?ordType=mmp%2Cmmp_and_post_only") == "431");
    CHECK(fixture.ids("?ordType=post_only") == "");
    CHECK(fixture.ids("?instId=ETH-USD_UM-261225-60000-C") == "4");
    CHECK(fixture.ids("?uly=ETH-USD") == "4");
}

TEST_CASE("pending: pages exclude the order that they are asked by") {
    Pending fixture;
    CHECK(fixture.ids("?limit=2") == "43");
    CHECK(fixture.ids("?after=3") == "21");
    CHECK(fixture.ids("?after=3&limit=1") == "2");
    CHECK(fixture.ids("?before=3") == "4");
    CHECK(fixture.ids("?after=1") == "");
}

TEST_CASE("pending: a partly filled order is another state") {
    Pending fixture;
    fixture.seat().book.fill(2, 0.5, sample::moment.mono);
    CHECK(fixture.ids("?state=partially_filled") == "2");
    CHECK(fixture.ids("?state=live") == "431");
    CHECK(contains(fixture.ask("GET", orders_path), R"("accFillSz":"0.5")"));
}

TEST_CASE("pending: a parameter that is no number or no type is refused") {
    Pending fixture;
    for (const char* wrong : {"?after=x", "?before=1.5", "?limit=ten", "?instType=OPTIONS"}) {
        CAPTURE(wrong);
        CHECK(fixture.asked("GET", orders_path + wrong) == "51000");
    }
}

TEST_CASE("pending: a page has a hundred rows at the most") {
    Pending fixture;
    for (int i = 0; i < 100; ++i) fixture.place("mmp");
    CHECK(rows(fixture.ask("GET", orders_path)) == 100);
    CHECK(rows(fixture.ask("GET", orders_path + "?limit=1000")) == 100);
}

TEST_CASE("pending: sixty requests in 2 s") {
    Fixture fixture;
    const auto ask = [&] {
        return body_of(fixture.serve(sample::request("GET", orders_path), 1ms));
    };
    for (int i = 0; i < 60; ++i) REQUIRE(contains(ask(), R"("code":"0")"));
    CHECK(contains(ask(), R"("code":"50011")"));
}

TEST_CASE("pending: a key that may only read may read") {
    Pending fixture;
    fixture.change(R"({"perm":"read_only"})");
    CHECK(fixture.ids() == "4321");
}

TEST_CASE("pending: an order and its cancel show after the delay that is set") {
    Pending fixture;
    fixture.change(R"({"list_delay_ms":2500})");
    CHECK(fixture.ids() == "");  // asked 1, 2, 3 s after the orders
    CHECK(fixture.ids() == "");
    CHECK(fixture.ids() == "4321");
    fixture.serve(sample::mass_cancel(sample::btc_body));  // after 4 s
    CHECK(fixture.ids() == "4321");
    CHECK(fixture.ids() == "4321");
    CHECK(fixture.ids() == "42");
}

TEST_CASE("pending: a stale page shows what was, and an order on its way shows after the cancel") {
    Pending fixture;
    fixture.exchange.send(fixture.seat(), sample::order("mmp"), sample::moment, 3500ms);
    fixture.change(R"({"list_stale_ms":3000})");
    fixture.serve(sample::mass_cancel(sample::btc_body));
    CHECK(fixture.ids() == "4321");
    CHECK(fixture.ids() == "42");
    CHECK(fixture.ids() == "542");
}

TEST_CASE("pending: an endless list always has an older page, a loop always the same") {
    Pending fixture;
    const std::string first = fixture.spoiled(FaultKind::endless);
    CHECK(rows(first) == 100);
    CHECK(contains(first, R"("ordId":"1000000000000010000")"));
    const std::string older = fixture.spoiled(FaultKind::endless, "?after=1000000000000000001");
    CHECK(rows(older) == 100);
    CHECK(contains(older, R"("ordId":"1000000000000000000")"));
    CHECK(fixture.spoiled(FaultKind::loop) ==
          fixture.spoiled(FaultKind::loop, "?instFamily=BTC-USD&after=1000000000000009901"));
}

TEST_CASE("pending: a crowd is ten thousand orders of the family and the type asked for") {
    Pending fixture;
    std::size_t count = 0;
    std::string after;
    for (int i = 0; i < 101; ++i) {
        const std::string body = fixture.spoiled(
            FaultKind::crowd, "?instFamily=ETH-USD&ordType=mmp_and_post_only" + after);
        count += rows(body);
        CHECK_FALSE(contains(body, "BTC"));
        after = "&after=" + std::to_string(1'000'000'000'000'010'001 - count);
    }
    CHECK(count == 10'000);
}

TEST_CASE("pending: foreign orders are of another product and another family") {
    Pending fixture;
    const std::string body = fixture.spoiled(FaultKind::foreign);
    CHECK(contains(body, R"("instId":"BTC-USD-SWAP","instType":"SWAP")"));
    CHECK(contains(body, R"("instId":"XRP-USD-261225-2-P","instType":"OPTION")"));
}

TEST_CASE("pending: bodies that are cut, have numbers for strings, or lack a field") {
    Pending fixture;
    const std::string whole = fixture.ask("GET", orders_path + "?instFamily=BTC-USD");
    CHECK(fixture.spoiled(FaultKind::truncated) == whole.substr(0, whole.size() / 2));
    const std::string numbers = fixture.spoiled(FaultKind::numbers);
    CHECK(numbers.starts_with(R"({"code":0,"msg":"","data":[)"));
    CHECK(contains(numbers, R"("ordId":3,)"));
    CHECK(contains(numbers, R"("px":0.1,)"));
    const std::string missing = fixture.spoiled(FaultKind::missing);
    CHECK(rows(missing) == 0);
    CHECK(rows(whole) == 3);
    fixture.exchange.faults().push(
        {.kind = FaultKind::missing, .on = "orders-pending", .field = "instId"});
    CHECK_FALSE(contains(fixture.ask("GET", orders_path), "instId"));
}

TEST_CASE("pending: lies about orders leave other answers as they are") {
    Fixture fixture;
    fixture.exchange.faults().push({.kind = FaultKind::crowd});
    CHECK(contains(fixture.ask(sample::mass_cancel(sample::btc_body)), "true"));
}

}  // namespace
}  // namespace scram::okxsim
