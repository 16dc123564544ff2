#include "core/okx/request.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

constexpr WallMillis v2_time{1768519672907};  // 2026-01-15T23:27:52.907Z

RequestIdentity its_identity() {
    return {"www.okx.com", "a-test-key", "a test passphrase", false};
}

HmacSigner test_signer() {
    return HmacSigner("22582BD0CFF14C41EDBF1AB98506286D");
}

struct NoSigner final : Signer {
    bool sign(std::string_view, SignatureText& out) override {
        out.fill('x');
        return false;
    }
};

std::string_view body_of(std::string_view request) {
    return request.substr(request.find("\r\n\r\n") + 4);
}

std::string_view header(std::string_view request, std::string_view name) {
    const std::string key = "\r\n" + std::string(name) + ": ";
    const std::size_t at = request.find(key);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = request.substr(at + key.size());
    return rest.substr(0, rest.find("\r\n"));
}

}  // namespace

TEST_CASE("request: vector V2 gives exactly these bytes") {
    ArmedRequest request(its_identity(), "ETH-USD", 10'000ms);
    HmacSigner signer = test_signer();
    REQUIRE(request.refresh(signer, v2_time));
    const std::string expected =
        "POST /api/v5/trade/mass-cancel HTTP/1.1\r\n"
        "Host: www.okx.com\r\n"
        "User-Agent: scramd/" SCRAM_PROJECT_VERSION
        "\r\n"
        "Accept: application/json\r\n"
        "Content-Type: application/json\r\n"
        "Content-Length: 67\r\n"
        "OK-ACCESS-KEY: a-test-key\r\n"
        "OK-ACCESS-PASSPHRASE: a test passphrase\r\n"
        "OK-ACCESS-TIMESTAMP: 2026-01-15T23:27:52.907Z\r\n"
        "OK-ACCESS-SIGN: FmGWS6i0ZdgPCMU+Eg9XT+1oj0Fiyckc17lRuuQUVjU=\r\n"
        "\r\n"
        R"({"instType":"OPTION","instFamily":"ETH-USD","lockInterval":"10000"})";
    CHECK(request.bytes() == expected);
    CHECK(request.signed_at() == v2_time);
}

TEST_CASE("request: Content-Length is the body's, for every family and lock") {
    for (const std::string_view family : {"BTC-USD", "BTC-USD_UM", "A", ""}) {
        for (const milliseconds lock : {0ms, 9ms, 10ms, 10'000ms}) {
            const ArmedRequest request(its_identity(), family, lock);
            const std::string_view body = body_of(request.bytes());
            CHECK(body == mass_cancel_body(family, lock));
            CHECK(header(request.bytes(), "Content-Length") == std::to_string(body.size()));
        }
    }
}

TEST_CASE("request: lockInterval is always there, as text, since 0 unlocks") {
    CHECK(mass_cancel_body("BTC-USD", 0ms) ==
          R"({"instType":"OPTION","instFamily":"BTC-USD","lockInterval":"0"})");
}

TEST_CASE("request: a refresh changes the timestamp's 24 bytes and the signature's 44, no other") {
    ArmedRequest request(its_identity(), "BTC-USD", 0ms);
    const std::string before(request.bytes());
    const char* where = request.bytes().data();
    HmacSigner signer = test_signer();
    REQUIRE(request.refresh(signer, v2_time));
    const std::string after(request.bytes());
    const std::size_t timestamp = after.find("OK-ACCESS-TIMESTAMP: ") + 21;
    const std::size_t signature = after.find("OK-ACCESS-SIGN: ") + 16;
    REQUIRE(before.size() == after.size());
    CHECK(request.bytes().data() == where);
    for (std::size_t i = 0; i < after.size(); ++i) {
        const bool may_change = (i >= timestamp && i < timestamp + timestamp_size) ||
                                (i >= signature && i < signature + signature_size);
        if (!may_change) REQUIRE(before[i] == after[i]);
    }
    CHECK(after[timestamp + timestamp_size] == '\r');
    CHECK(after[signature + signature_size] == '\r');
}

TEST_CASE("request: the same time gives the same bytes, and another time others") {
    ArmedRequest request(its_identity(), "BTC-USD", 0ms);
    HmacSigner signer = test_signer();
    REQUIRE(request.refresh(signer, v2_time));
    const std::string first(request.bytes());
    REQUIRE(request.refresh(signer, WallMillis{v2_time.value + 1}));
    CHECK(header(request.bytes(), "OK-ACCESS-TIMESTAMP") == "2026-01-15T23:27:52.908Z");
    CHECK(header(request.bytes(), "OK-ACCESS-SIGN") != header(first, "OK-ACCESS-SIGN"));
    REQUIRE(request.refresh(signer, v2_time));
    CHECK(request.bytes() == first);
}

TEST_CASE("request: a signer that fails leaves the bytes and their time as they were") {
    ArmedRequest request(its_identity(), "BTC-USD", 0ms);
    HmacSigner signer = test_signer();
    REQUIRE(request.refresh(signer, v2_time));
    const std::string before(request.bytes());
    NoSigner broken;
    CHECK_FALSE(request.refresh(broken, WallMillis{v2_time.value + 1000}));
    CHECK(request.bytes() == before);
    CHECK(request.signed_at() == v2_time);
    REQUIRE(request.refresh(signer, v2_time));  // and it is none the worse for it
    CHECK(request.bytes() == before);
}

TEST_CASE("request: a signature made elsewhere from the same prehash gives the same bytes") {
    ArmedRequest here(its_identity(), "ETH-USD", 10'000ms),
        elsewhere(its_identity(), "ETH-USD", 10'000ms);
    HmacSigner signer = test_signer();
    REQUIRE(here.refresh(signer, v2_time));
    std::string prehash = prehash_of({.inst_family = "ETH-USD", .lock = 10'000ms});
    const TimestampText timestamp = timestamp_text(v2_time);
    prehash.replace(0, timestamp_size, timestamp.data(), timestamp_size);
    SignatureText signature;
    REQUIRE(signer.sign(prehash, signature));
    elsewhere.renew(v2_time, signature);
    CHECK(elsewhere.bytes() == here.bytes());
    CHECK(elsewhere.signed_at() == v2_time);
}

TEST_CASE("request: one that was never refreshed says so") {
    CHECK(ArmedRequest(its_identity(), "BTC-USD", 0ms).signed_at() == WallMillis{0});
}

TEST_CASE("request: only simulated trading sends its header") {
    RequestIdentity demo = its_identity();
    demo.simulated_trading = true;
    const ArmedRequest simulated(demo, "BTC-USD", 0ms);
    const ArmedRequest live(its_identity(), "BTC-USD", 0ms);
    CHECK(header(simulated.bytes(), "x-simulated-trading") == "1");
    CHECK(live.bytes().find("simulated") == std::string_view::npos);
}

TEST_CASE("request: the rehearsal gives exactly these bytes, and no key") {
    CHECK(rehearsal_request("www.okx.com") ==
          "GET /api/v5/public/time HTTP/1.1\r\n"
          "Host: www.okx.com\r\n"
          "User-Agent: scramd/" SCRAM_PROJECT_VERSION
          "\r\n"
          "Accept: application/json\r\n"
          "\r\n");
}
