#include "tests/exchange/auth.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/exchange/codes.h"
#include "tests/exchange/sample.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

const std::string secret = "22582BD0CFF14C41EDBF1AB98506286D";

std::string code_of(const Request& request, std::chrono::milliseconds at = sample::moment.wall,
                    const Account& account = sample::account()) {
    const auto refusal = auth_refusal(request, &account, at);
    return refusal ? refusal->code : "0";
}

Request changed(const std::string& header, const std::string& value) {
    Request request = sample::mass_cancel(sample::btc_body);
    sample::set(request, header, value);
    return request;
}

TEST_CASE("auth: signatures are those of the documented vectors") {
    const std::string post = "POST/api/v5/trade/mass-cancel";
    const std::string day = "2020-12-08T09:08:57.715Z";
    CHECK(sign(secret, day + post + R"({"instType":"OPTION","instFamily":"BTC-USD"})") ==
          "uvH9sYTr+3FsYIXGamcwu/7FanAJwHS9GNjGHYIW5Is=");
    CHECK(sign(secret,
               "2026-01-15T23:27:52.907Z" + post +
                   R"({"instType":"OPTION","instFamily":"ETH-USD","lockInterval":"10000"})") ==
          "FmGWS6i0ZdgPCMU+Eg9XT+1oj0Fiyckc17lRuuQUVjU=");
    CHECK(sign(secret, day + post + R"({"instType": "OPTION", "instFamily": "BTC-USD"})") ==
          "mmoBkFhRBTcWSLkJAZOkZWsOeaGaTQhvPOqBhu9SECk=");
    CHECK(
        sign(secret, day + "GET/api/v5/trade/orders-pending?instType=OPTION&instFamily=BTC-USD") ==
        "lTRIEygVux4iLvpdM9mWG3n1IuuVXZBcZmZKq1nIYp0=");
}

TEST_CASE("auth: a timestamp is exactly ISO 8601 in milliseconds, of a date that exists") {
    CHECK(parse_timestamp("2026-01-15T23:27:52.907Z") == sample::moment.wall);
    CHECK(parse_timestamp("1970-01-01T00:00:00.000Z") == 0ms);
    CHECK(parse_timestamp("2024-02-29T00:00:00.000Z"));
    for (const char* wrong :
         {"2026-01-15T23:27:52Z", "2026-01-15T23:27:52.90Z", "2026-01-15T23:27:52.907123Z",
          "2026-01-15 23:27:52.907Z", "2026-01-15T23:27:52.907", "2026-01-15T23:27:52.907+00:00",
          "2026-02-29T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-01-15T24:00:00.000Z",
          "2026-01-15T23:60:00.000Z", "2026-01-15T23:27:60.000Z", "1768519672.907", ""}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_timestamp(wrong));
    }
}

TEST_CASE("auth: an authentic request passes") {
    CHECK(code_of(sample::mass_cancel(sample::btc_body)) == "0");
    CHECK(code_of(sample::request("GET", "/api/v5/trade/orders-pending?instType=OPTION")) == "0");
}

TEST_CASE("auth: each header has its code when it is missing and when it is wrong") {
    CHECK(code_of(changed("ok-access-key", "")) == "50103");
    CHECK(code_of(changed("ok-access-key", "no key!")) == "50111");
    CHECK(code_of(changed("ok-access-passphrase", "")) == "50104");
    CHECK(code_of(changed("ok-access-passphrase", "Test-pass")) == "50105");
    CHECK(code_of(changed("ok-access-timestamp", "")) == "50107");
    CHECK(code_of(changed("ok-access-timestamp", "1768519672907")) == "50112");
    CHECK(code_of(changed("ok-access-sign", "")) == "50106");
    CHECK(code_of(changed("ok-access-sign", "AAAA")) == "50113");
    CHECK(code_of(changed("x-simulated-trading", "1")) == "50101");
    CHECK(code_of(changed("x-simulated-trading", "0")) == "0");
}

TEST_CASE("auth: an unknown key gets the 46 bytes that were seen on the wire") {
    const auto refusal = auth_refusal(sample::mass_cancel(""), nullptr, sample::moment.wall);
    REQUIRE(refusal);
    CHECK(refusal->status == 401);
    CHECK(refusal->body == R"({"msg":"API key doesn't exist","code":"50119"})");
    CHECK(refusal->body.size() == 46);
}

TEST_CASE("auth: the signature covers method, path with query, and each byte of the body") {
    const Request authentic = sample::mass_cancel(sample::btc_body);
    Request request = authentic;
    request.body += " ";
    CHECK(code_of(request) == "50113");
    request = authentic;
    request.method = "GET";
    CHECK(code_of(request) == "50113");
    request = authentic;
    request.target += "?a=b";
    CHECK(code_of(request) == "50113");
    request = authentic;
    sample::set(request, "ok-access-timestamp", "2026-01-15T23:27:52.908Z");
    CHECK(code_of(request) == "50113");
}

TEST_CASE("auth: a timestamp may be 30 s old or ahead and no millisecond more") {
    const Request request = sample::mass_cancel(sample::btc_body);
    CHECK(code_of(request, sample::moment.wall + 30s) == "0");
    CHECK(code_of(request, sample::moment.wall - 30s) == "0");
    CHECK(code_of(request, sample::moment.wall + 30s + 1ms) == "50102");
    CHECK(code_of(request, sample::moment.wall - 30s - 1ms) == "50102");
}

TEST_CASE(
    "auth: a demo key wants the demo header, and an address outside the whitelist is refused") {
    Account account = sample::account();
    account.demo = true;
    CHECK(code_of(sample::mass_cancel(""), sample::moment.wall, account) == "50101");
    CHECK(code_of(changed("x-simulated-trading", "1"), sample::moment.wall, account) == "0");
    account.ip = "192.0.2.1,192.0.2.2";
    CHECK(code_of(sample::mass_cancel(""), sample::moment.wall, account) == "50110");
}

TEST_CASE("auth: every refusal is a 401 with msg first and no data") {
    for (const char* code : {"50101", "50102", "50105", "50113", "50119"}) {
        const Answer answer = refuse(code);
        CHECK(answer.status == 401);
        CHECK(answer.body.starts_with(R"({"msg":)"));
        CHECK(answer.body.find("data") == std::string::npos);
    }
}

}  // namespace
}  // namespace scram::okxsim
