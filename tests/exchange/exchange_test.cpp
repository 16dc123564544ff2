#include "tests/exchange/exchange.h"

#include <doctest/doctest.h>

#include "tests/exchange/fixture.h"
#include "tests/exchange/sample.h"
#include "tests/exchange/state.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;
using sample::after;
using sample::mass_cancel;
using sample::moment;

const std::string accepted = R"({"code":"0","msg":"","data":[{"result":true}]})";

TEST_CASE("exchange: a mass-cancel cancels, confirms, and is logged with its age") {
    Fixture fixture;
    fixture.place("mmp");
    fixture.place("limit");
    const Delivery delivery = fixture.serve(mass_cancel(sample::btc_body), 250ms);
    CHECK(body_of(delivery) == accepted);
    CHECK(status_of(delivery) == "200");
    CHECK(delivery.ending == Ending::keep);
    CHECK(fixture.seat().book.orders().size() == 1);
    CHECK(fixture.cancels().accepted == 1);
    CHECK(fixture.cancels().log.back().family == "BTC-USD");
    CHECK(fixture.cancels().log.back().age == 250ms);
}

TEST_CASE("exchange: the content type, the body and its JSON are checked in this order") {
    Fixture fixture;
    Request request = mass_cancel("");
    sample::set(request, "content-type", "text/plain");
    CHECK(fixture.code(request) == "50006");
    CHECK(fixture.code("") == "50000");
    CHECK(fixture.code("{\"instType\":") == "50002");
    CHECK(fixture.code("[]") == "50002");
    sample::set(request = mass_cancel(sample::btc_body), "content-type",
                "application/json; charset=utf-8");
    CHECK(fixture.code(request) == "0");
}

TEST_CASE("exchange: type and family must be there, be strings, and exist") {
    Fixture fixture(sample::account(), {"BTC-USD"});
    CHECK(fixture.code(R"({"instFamily":"BTC-USD"})") == "50014");
    CHECK(fixture.code(R"({"instType":"OPTION"})") == "50014");
    CHECK(fixture.code(R"({"instType":"OPTION","instFamily":""})") == "50014");
    CHECK(fixture.code(R"({"instType":"SWAP","instFamily":"BTC-USD"})") == "51000");
    CHECK(fixture.code(R"({"instType":"OPTION","instFamily":7})") == "51000");
    CHECK(fixture.code(R"({"instType":"OPTION","instFamily":"SOL-USD"})") == "51000");
    CHECK(fixture.code(sample::btc_body) == "0");
}

TEST_CASE("exchange: without a list any family of the right form exists") {
    Fixture fixture;
    CHECK(fixture.code(R"({"instType":"OPTION","instFamily":"SOL-USD_UM"})") == "0");
    CHECK(fixture.code(R"({"instType":"OPTION","instFamily":"BTC"})") == "51000");
    CHECK(fixture.code(R"({"instType":"OPTION","instFamily":"BTC-USD-261225"})") == "51000");
    CHECK(fixture.code(R"({"instType":"OPTION","instFamily":"btc-usd"})") == "51000");
}

TEST_CASE("exchange: the lock is a string of an integer from 0 to 10000") {
    const auto body = [](const std::string& lock) {
        return R"({"instType":"OPTION","instFamily":"BTC-USD","lockInterval":)" + lock + "}";
    };
    Fixture fixture;
    CHECK(fixture.code(body("\"0\"")) == "0");
    CHECK(fixture.code(body("\"10000\"")) == "0");
    for (const char* wrong : {"\"10001\"", "\"-1\"", "\"1.5\"", "\"\"", "\"1s\"", "\" 1\""}) {
        CAPTURE(wrong);
        CHECK(fixture.code(body(wrong)) == "54009");
    }
    CHECK(fixture.code(body("1000")) == "51000");
}

TEST_CASE("exchange: account mode, MMP privilege and trade permission each have their code") {
    const auto code_with = [](auto change) {
        Account account = sample::account();
        change(account);
        return Fixture(account).code(sample::btc_body);
    };
    CHECK(code_with([](Account& account) { account.mode = 3; }) == "51010");
    CHECK(code_with([](Account& account) { account.mmp = false; }) == "51411");
    CHECK(code_with([](Account& account) { account.perm = "read_only"; }) == "50120");
    CHECK(code_with([](Account& account) { account.ip = "192.0.2.1"; }) == "50110");
}

TEST_CASE("exchange: MMP orders are for portfolio margin accounts only") {
    Account account = sample::account();
    account.mode = 2;
    Fixture fixture(account);
    CHECK(fixture.place("mmp") == "51036");
    CHECK(fixture.place("limit") == "0");
}

TEST_CASE("exchange: the sixth request in 2 s gets 429 and cancels nothing") {
    Fixture fixture;
    for (int i = 0; i < 5; ++i) fixture.serve(mass_cancel(sample::btc_body), i * 1ms);
    fixture.exchange.place(fixture.seat(), sample::order("mmp"), after(4ms));
    const Delivery sixth = fixture.serve(mass_cancel(sample::btc_body), 5ms);
    CHECK(status_of(sixth) == "429");
    CHECK(body_of(sixth) == R"({"msg":"Too Many Requests","code":"50011"})");
    CHECK(fixture.seat().book.orders().size() == 1);
    CHECK(fixture.seat().window.sliding_max() == 6);
    CHECK(body_of(fixture.serve(mass_cancel(sample::btc_body), 2006ms)) == accepted);
}

TEST_CASE("exchange: a request with a wrong signature counts against its key's owner") {
    Fixture fixture;
    Request forged = mass_cancel(sample::btc_body);
    sample::set(forged, "ok-access-sign", "AAAA");
    for (int i = 0; i < 5; ++i) fixture.serve(forged, i * 1ms);
    CHECK(status_of(fixture.serve(mass_cancel(sample::btc_body), 5ms)) == "429");
    CHECK(fixture.cancels().codes.at("50113") == 5);
    CHECK(fixture.cancels().codes.at("50011") == 1);
}

TEST_CASE("exchange: its clock can be shifted, for answers and for signatures") {
    Fixture fixture;
    fixture.exchange.shift_clock(31s);
    const Request time{.method = "GET", .target = "/api/v5/public/time", .headers = {}};
    CHECK(body_of(fixture.exchange.serve(time, moment)) ==
          R"({"code":"0","msg":"","data":[{"ts":"1768519703907"}]})");
    CHECK(body_of(fixture.serve(mass_cancel(sample::btc_body), 0ms)) ==
          R"({"msg":"Timestamp request expired","code":"50102"})");
    fixture.exchange.shift_clock(0s);
    CHECK(fixture.code(sample::btc_body) == "0");
}

TEST_CASE("exchange: an unknown path is 404, a wrong method 405") {
    Fixture fixture;
    CHECK(status_of(fixture.serve(sample::request("GET", "/api/v5/nothing"))) == "404");
    CHECK(status_of(fixture.serve(sample::request("GET", "/api/v5/trade/mass-cancel"))) == "405");
    CHECK(status_of(fixture.serve(sample::request("POST", "/api/v5/public/time"))) == "405");
}

TEST_CASE("exchange: accounts have their own books and budgets") {
    Account other = sample::account();
    other.name = "mm-2";
    other.key = "test-key-2";
    Exchange exchange({.accounts = {sample::account(), other}, .families = {}},
                      WindowKind::sliding);
    exchange.place(*exchange.find_account("mm-2"), sample::order("mmp"), moment);
    for (int i = 0; i < 6; ++i) exchange.serve(mass_cancel(sample::btc_body), moment);
    CHECK(exchange.find_account("mm-2")->book.orders().size() == 1);
    CHECK(body_of(exchange.serve(mass_cancel(sample::btc_body, other), moment)) == accepted);
    CHECK(exchange.find_account("mm-2")->book.orders().empty());
}

TEST_CASE("exchange: the log keeps the last 1000 requests and counts all") {
    Fixture fixture;
    for (int i = 0; i < 1001; ++i) fixture.serve(mass_cancel(sample::btc_body));
    CHECK(fixture.cancels().log.size() == 1000);
    CHECK(fixture.cancels().requests == 1001);
}

}  // namespace
}  // namespace scram::okxsim
