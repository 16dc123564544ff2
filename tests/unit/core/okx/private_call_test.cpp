// What is asked of OKX beside mass-cancels: the signed text, and the bytes that are sent.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/okx/request.h"

using namespace scram;

namespace {

using enum PrivateRequest;

constexpr WallMillis v1_time{1607418537715};  // 2020-12-08T09:08:57.715Z
constexpr std::string_view orders = "/api/v5/trade/orders-pending?instType=OPTION&instFamily=";

RequestIdentity identity() {
    return {"www.okx.com", "a-test-key", "a test passphrase", false};
}

OrderRef order(std::string_view instrument, std::uint64_t id) {
    return {FixedText<instrument_name_max>(instrument), id};
}

// Behind the timestamp.
std::string signed_text(const PrivateCall& call) {
    const std::string text = prehash_of(call);
    CHECK(text.substr(0, timestamp_size) == std::string(timestamp_size, ' '));
    return text.substr(timestamp_size);
}

std::string signature_of(const PrivateCall& call) {
    HmacSigner signer("22582BD0CFF14C41EDBF1AB98506286D");
    std::string text = prehash_of(call);
    const TimestampText timestamp = timestamp_text(v1_time);
    text.replace(0, timestamp_size, timestamp.data(), timestamp_size);
    SignatureText signature;
    REQUIRE(signer.sign(text, signature));
    return {signature.data(), signature.size()};
}

std::string sent(const PrivateCall& call) {
    SignatureText signature;
    signature.fill('x');
    return call_bytes(identity(), call, v1_time, signature);
}

const std::string headers =
    "OK-ACCESS-KEY: a-test-key\r\n"
    "OK-ACCESS-PASSPHRASE: a test passphrase\r\n"
    "OK-ACCESS-TIMESTAMP: 2020-12-08T09:08:57.715Z\r\n"
    "OK-ACCESS-SIGN: " +
    std::string(signature_size, 'x') + "\r\n\r\n";

std::string head(std::string_view line) {
    return std::string(line) +
           " HTTP/1.1\r\n"
           "Host: www.okx.com\r\n"
           "User-Agent: scramd/" SCRAM_PROJECT_VERSION
           "\r\n"
           "Accept: application/json\r\n";
}

std::string get(std::string_view path) {
    return head("GET " + std::string(path)) + headers;
}

std::string post(std::string_view path, std::string_view body) {
    return head("POST " + std::string(path)) + "Content-Type: application/json\r\n" +
           "Content-Length: " + std::to_string(body.size()) + "\r\n" + headers + std::string(body);
}

}  // namespace

TEST_CASE("private call: what is signed and what is sent is this, and nothing else") {
    const auto reads = [](const PrivateCall& call, const std::string& path) {
        CHECK(signed_text(call) == "GET" + path);
        CHECK(sent(call) == get(path));
    };
    const auto does = [](const PrivateCall& call, const std::string& path,
                         const std::string& body) {
        CHECK(signed_text(call) == "POST" + path + body);
        CHECK(sent(call) == post(path, body));
    };
    reads({.what = account_config}, "/api/v5/account/config");
    reads({.what = mmp_config, .inst_family = "ETH-USD"},
          "/api/v5/account/mmp-config?instFamily=ETH-USD");
    reads({.what = mmp_orders, .inst_family = "BTC-USD"},
          std::string(orders) + "BTC-USD&ordType=mmp,mmp_and_post_only&limit=20");
    reads({.what = all_orders, .inst_family = "BTC-USD_UM"},
          std::string(orders) + "BTC-USD_UM&limit=20");
    does({.what = mass_cancel, .inst_family = "BTC-USD", .lock = 10ms}, "/api/v5/trade/mass-cancel",
         mass_cancel_body("BTC-USD", 10ms));
    const std::vector<OrderRef> two = {order("BTC-USD-261225-60000-C", 17),
                                       order("BTC-USD-261225-0.5-P", 18446744073709551615U)};
    does({.what = cancel_orders, .orders = two}, "/api/v5/trade/cancel-batch-orders",
         R"([{"instId":"BTC-USD-261225-60000-C","ordId":"17"},)"
         R"({"instId":"BTC-USD-261225-0.5-P","ordId":"18446744073709551615"}])");
    does({.what = cancel_all_after, .timeout_s = 0}, "/api/v5/trade/cancel-all-after",
         R"({"timeOut":"0"})");
    does({.what = cancel_all_after, .timeout_s = 120, .tag = "mm1"},
         "/api/v5/trade/cancel-all-after", R"({"timeOut":"120","tag":"mm1"})");
}

TEST_CASE("private call: the next page is asked for by the last order of the one before") {
    CHECK(signed_text({.what = mmp_orders, .inst_family = "A", .after = 9}) ==
          "GET" + std::string(orders) + "A&ordType=mmp,mmp_and_post_only&limit=20&after=9");
    CHECK(signed_text({.what = all_orders, .inst_family = "A", .after = 18446744073709551615U}) ==
          "GET" + std::string(orders) + "A&limit=20&after=18446744073709551615");
}

// Signed beforehand by python's hmac and by openssl; those of orders-pending without a limit, and
// of the login, stand in sign_test.cpp.
TEST_CASE("private call: vectors that others have signed") {
    CHECK(signature_of({.what = cancel_all_after, .timeout_s = 60}) ==
          "KLDsTjICb6BJcLPD4W1tFkQphGBtst0KE9Gum/S5cK8=");
    CHECK(signature_of({.what = mmp_orders, .inst_family = "BTC-USD"}) ==
          "Bl+Vwh5TJjaiP23UavXRyiG0fmJj1tKxhYAu+vLoRic=");
    CHECK(signature_of({.what = all_orders, .inst_family = "BTC-USD", .after = 17}) ==
          "5kSj/xHe44QIP4OvH1YoxeFuUx5iGNtf+QsRCSYpYY8=");
    CHECK(signature_of({.what = account_config}) == "Kr/8IrbDYujS4cg2KkmB+tO2HMUXxyayG6ZwNb4H/yA=");
    CHECK(signature_of({.what = mmp_config, .inst_family = "BTC-USD"}) ==
          "VCwNoGWjipwCdF0tcofc7+femcXaWx1Fj3qQtkR0dfw=");
    const std::vector<OrderRef> one = {order("BTC-USD-261225-60000-C", 17)};
    CHECK(signature_of({.what = cancel_orders, .orders = one}) ==
          "w+SsgTSQIbuZ9x5cf9CVGputzCqCrBmuJBILhr71y64=");
}

TEST_CASE("private call: in simulated trading each says so") {
    RequestIdentity demo = identity();
    demo.simulated_trading = true;
    for (unsigned what = 0; what < private_request_count; ++what) {
        const PrivateCall call{.what = static_cast<PrivateRequest>(what), .inst_family = "BTC-USD"};
        CHECK(call_bytes(demo, call, v1_time, {}).find("\r\nx-simulated-trading: 1\r\n") !=
              std::string::npos);
    }
}

TEST_CASE("instrument: the options of a family, and nothing that only looks like one") {
    for (const std::string_view its :
         {"BTC-USD-261225-60000-C", "BTC-USD-261225-0.5-P", "BTC-USD-261225-1-C"})
        CHECK(is_option_of(its, "BTC-USD"));
    CHECK(is_option_of("BTC-USD_UM-261225-60000-C", "BTC-USD_UM"));
    for (const std::string_view other : {"",
                                         "BTC-USD",
                                         "BTC-USD-",
                                         "BTC-USD-SWAP",
                                         "BTC-USD-261225",
                                         "BTC-USD-261225-60000",
                                         "BTC-USD-261225-60000-",
                                         "BTC-USD-261225-60000-X",
                                         "BTC-USD-261225-60000-C ",
                                         "BTC-USD-261225-60000-C-C",
                                         "BTC-USD-26122-60000-C",
                                         "BTC-USD-2612255-60000-C",
                                         "BTC-USD-26122x-60000-C",
                                         "BTC-USD-261225--C",
                                         "BTC-USD-261225-.-C",
                                         "BTC-USD-261225-1.-C",
                                         "BTC-USD-261225-.5-C",
                                         "BTC-USD-261225-1.2.3-C",
                                         "BTC-USD-261225--1-C",
                                         "BTC-USD-261225-6\"-C",
                                         "BTC-USD-261225-1e3-C",
                                         "BTC-USD_UM-261225-60000-C",
                                         "ETH-USD-261225-60000-C",
                                         "XBTC-USD-261225-60000-C",
                                         "btc-usd-261225-60000-C",
                                         "BTC-USD-261225-600000000000000000000000-C"})
        CHECK_MESSAGE(!is_option_of(other, "BTC-USD"), other);
    CHECK_FALSE(is_option_of("-261225-60000-C", ""));
}
