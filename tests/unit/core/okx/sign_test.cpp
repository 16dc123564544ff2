#include "core/okx/sign.h"

#include <doctest/doctest.h>

#include <string>

using namespace scram;

namespace {

// The example secret of OKX's own documents.
constexpr std::string_view secret = "22582BD0CFF14C41EDBF1AB98506286D";
constexpr std::string_view to_mass_cancel = "POST/api/v5/trade/mass-cancel";

std::string sign(std::string_view prehash) {
    HmacSigner signer(secret);
    SignatureText out;
    REQUIRE(signer.sign(prehash, out));
    return {out.data(), out.size()};
}

std::string text(std::int64_t wall_millis) {
    const TimestampText out = timestamp_text(WallMillis{wall_millis});
    return {out.data(), out.size()};
}

}  // namespace

TEST_CASE("sign: vector V1, a body without lockInterval") {
    const std::string prehash = "2020-12-08T09:08:57.715Z" + std::string(to_mass_cancel) +
                                R"({"instType":"OPTION","instFamily":"BTC-USD"})";
    CHECK(sign(prehash) == "uvH9sYTr+3FsYIXGamcwu/7FanAJwHS9GNjGHYIW5Is=");
}

TEST_CASE("sign: vector V2, a body with a lock of ten seconds") {
    const std::string prehash =
        "2026-01-15T23:27:52.907Z" + std::string(to_mass_cancel) +
        R"({"instType":"OPTION","instFamily":"ETH-USD","lockInterval":"10000"})";
    CHECK(sign(prehash) == "FmGWS6i0ZdgPCMU+Eg9XT+1oj0Fiyckc17lRuuQUVjU=");
}

TEST_CASE("sign: vector V3, spaces in the body are signed as they are sent") {
    const std::string prehash = "2020-12-08T09:08:57.715Z" + std::string(to_mass_cancel) +
                                R"({"instType": "OPTION", "instFamily": "BTC-USD"})";
    CHECK(sign(prehash) == "mmoBkFhRBTcWSLkJAZOkZWsOeaGaTQhvPOqBhu9SECk=");
}

TEST_CASE("sign: GETs with a query, another POST, and the login of the WebSocket") {
    const std::string at = "2020-12-08T09:08:57.715Z";
    CHECK(sign(at + "GET/api/v5/account/balance?ccy=BTC") ==
          "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY=");
    CHECK(sign(at + R"(POST/api/v5/trade/cancel-all-after{"timeOut":"60"})") ==
          "KLDsTjICb6BJcLPD4W1tFkQphGBtst0KE9Gum/S5cK8=");
    CHECK(sign(at + "GET/api/v5/trade/orders-pending?instType=OPTION&instFamily=BTC-USD") ==
          "lTRIEygVux4iLvpdM9mWG3n1IuuVXZBcZmZKq1nIYp0=");
    CHECK(sign("1538054050GET/users/self/verify") ==
          "+LdIr8lkkvhr5hoA3g9TMC0+uQJ849ftAcocA/ouu4M=");
}

TEST_CASE("sign: a signer signs any number of texts, each as if it were the first") {
    HmacSigner signer(secret);
    SignatureText first, between, again;
    REQUIRE(signer.sign("a text", first));
    REQUIRE(signer.sign("", between));
    REQUIRE(signer.sign("a text", again));
    CHECK(first == again);
    CHECK(first != between);
}

TEST_CASE("sign: another secret, another signature") {
    HmacSigner signer("another secret");
    SignatureText out;
    REQUIRE(signer.sign("a text", out));
    CHECK(std::string(out.data(), out.size()) != sign("a text"));
}

TEST_CASE("timestamp: the documents' examples") {
    CHECK(text(1607418537715) == "2020-12-08T09:08:57.715Z");
    CHECK(text(1768519672907) == "2026-01-15T23:27:52.907Z");
}

TEST_CASE("timestamp: the first millisecond of 1970 and the last of 9999") {
    CHECK(text(0) == "1970-01-01T00:00:00.000Z");
    CHECK(text(253402300799999) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("timestamp: milliseconds always have three digits") {
    CHECK(text(7) == "1970-01-01T00:00:00.007Z");
    CHECK(text(70) == "1970-01-01T00:00:00.070Z");
    CHECK(text(700) == "1970-01-01T00:00:00.700Z");
    CHECK(text(999) == "1970-01-01T00:00:00.999Z");
    CHECK(text(1000) == "1970-01-01T00:00:01.000Z");
}

TEST_CASE("timestamp: leap days, where they are and where they are not") {
    CHECK(text(951782400000) == "2000-02-29T00:00:00.000Z");
    CHECK(text(1709251199999) == "2024-02-29T23:59:59.999Z");
    CHECK(text(1709251200000) == "2024-03-01T00:00:00.000Z");
    CHECK(text(1740787200000) == "2025-03-01T00:00:00.000Z");
    CHECK(text(4107542400000) == "2100-03-01T00:00:00.000Z");  // 2100 is no leap year
    CHECK(text(4107542399999) == "2100-02-28T23:59:59.999Z");
}

TEST_CASE("timestamp: a year's last and first instants") {
    CHECK(text(1767225599999) == "2025-12-31T23:59:59.999Z");
    CHECK(text(1767225600000) == "2026-01-01T00:00:00.000Z");
}
