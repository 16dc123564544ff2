#include <doctest/doctest.h>

#include "tests/exchange/fixture.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

const std::string cancel_path = "/api/v5/trade/cancel-batch-orders";

std::string row(OrderId id, const std::string& family = "BTC-USD") {
    return R"({"instId":")" + family + R"(-261225-60000-C","ordId":")" + std::to_string(id) + "\"}";
}

std::string batch(int count, const std::string& family = "BTC-USD") {
    std::string rows;
    for (int i = 1; i <= count; ++i) {
        rows += (rows.empty() ? "" : ",") + row(static_cast<OrderId>(i), family);
    }
    return "[" + rows + "]";
}

struct Batch : Fixture {
    using Fixture::Fixture;
    std::string ask(const std::string& body) { return Fixture::ask("POST", cancel_path, body); }
    std::string at_once(const std::string& body) {
        return body_of(Fixture::serve(sample::request("POST", cancel_path, body), 1ms));
    }
};

TEST_CASE("batch: any order is cancelled, by either id, and each row has its code") {
    Batch fixture;
    for (const char* type : {"mmp", "limit", "post_only"}) fixture.place(type);
    Order named = sample::order("limit");
    named.client_id = "mine";
    fixture.exchange.place(fixture.seat(), named, sample::moment);
    CHECK(fixture.ask("[" + row(1) + "," + row(2) + "]") ==
          R"({"code":"0","data":[)"
          R"({"clOrdId":"","ordId":"1","sCode":"0","sMsg":"","ts":"1768519673907"},)"
          R"({"clOrdId":"","ordId":"2","sCode":"0","sMsg":"","ts":"1768519673907"}],)"
          R"("inTime":"1768519673907000","msg":"","outTime":"1768519673907001"})");
    const std::string mixed =
        fixture.ask(R"([{"instId":"BTC-USD-261225-60000-C","clOrdId":"mine"},)" + row(1) + "]");
    CHECK(mixed.starts_with(R"({"code":"2","data":[{"clOrdId":"mine","ordId":"","sCode":"0")"));
    CHECK(contains(mixed, R"("ordId":"1","sCode":"51400")"));
    CHECK(fixture.ask("[" + row(1) + "," + row(9) + "]").starts_with(R"({"code":"1",)"));
    CHECK(fixture.seat().book.orders().size() == 1);
}

TEST_CASE("batch: a row of another instrument or without an id cancels nothing") {
    Batch fixture;
    fixture.place("mmp");
    CHECK(contains(fixture.ask("[" + row(1, "ETH-USD") + "]"), R"("sCode":"51400")"));
    CHECK(contains(fixture.ask(R"([{"instId":"BTC-USD-261225-60000-C"}])"), R"("sCode":"50015")"));
    CHECK(contains(fixture.ask(R"([{"ordId":"1"}])"), R"("sCode":"50014")"));
    CHECK(contains(fixture.ask(R"([{"instId":"BTC-USD-261225-60000-C","ordId":1}])"),
                   R"("sCode":"51000")"));
    CHECK(contains(fixture.ask("[1]"), R"("sCode":"50014")"));
    CHECK(fixture.seat().book.orders().size() == 1);
}

TEST_CASE("batch: one to twenty rows in an array") {
    Batch fixture;
    for (int i = 0; i < 21; ++i) fixture.place("mmp");
    CHECK(contains(fixture.ask(batch(21)), R"("code":"50025")"));
    CHECK(contains(fixture.ask("[]"), R"("code":"50014")"));
    CHECK(contains(fixture.ask(row(1)), R"("code":"50002")"));
    CHECK(fixture.seat().book.orders().size() == 21);
    CHECK(fixture.ask(batch(20)).starts_with(R"({"code":"0")"));
    CHECK(fixture.seat().book.orders().size() == 1);
}

TEST_CASE("batch: 300 orders of a family in 2 s, and 60 batches of one order") {
    Batch fixture;
    for (int i = 0; i < 15; ++i) CHECK_FALSE(contains(fixture.at_once(batch(20)), "50011"));
    CHECK(contains(fixture.at_once(batch(2)), "50011"));
    CHECK_FALSE(contains(fixture.at_once(batch(20, "ETH-USD")), "50011"));
    for (int i = 0; i < 60; ++i) REQUIRE_FALSE(contains(fixture.at_once(batch(1)), "50011"));
    CHECK(contains(fixture.at_once(batch(1)), "50011"));
}

TEST_CASE("batch: only a key that may trade cancels") {
    Account account = sample::account();
    account.perm = "read_only";
    CHECK(contains(Batch(account).ask(batch(1)), R"("code":"50120")"));
}

}  // namespace
}  // namespace scram::okxsim
