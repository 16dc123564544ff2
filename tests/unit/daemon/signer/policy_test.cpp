#include "daemon/signer/policy.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/unit/daemon/signer/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr Time asked_at = time_from_ns(1'000'000'000);

SigningPolicy policy() {
    std::vector<std::unique_ptr<Signer>> signers;
    signers.push_back(std::make_unique<HmacSigner>(example_secret));
    signers.push_back(std::make_unique<HmacSigner>("another secret"));
    static SigningPace pace;
    pace = {};
    return SigningPolicy(signer_plan(), std::move(signers), pace);
}

// A request, or one with its orders.
template <class Message>
SignAnswer answer_to(const Message& message) {
    SigningPolicy its = policy();
    const auto answers = its.answer(std::as_bytes(std::span(&message, 1)), asked_at);
    REQUIRE(answers.size() == 1);
    return answers[0];
}

std::string signature_to(const SignRequest& request) {
    const SignAnswer answer = answer_to(request);
    CHECK(answer.verdict == SignVerdict::is_signed);
    CHECK(answer.what == request.what);
    return text(answer.signature);
}

// By the first account, at v1_time.
std::string signature_of(const PrivateCall& call) {
    HmacSigner signer(example_secret);
    std::string prehash = prehash_of(call);
    prehash.replace(0, timestamp_size, "2020-12-08T09:08:57.715Z");
    SignatureText signature;
    REQUIRE(signer.sign(prehash, signature));
    return text(signature);
}

// Nothing of a signature leaves with a refusal.
SignVerdict refusal_of(const SignRequest& request) {
    const SignAnswer answer = answer_to(request);
    CHECK(answer.signature == SignatureText{});
    CHECK(answer.number == request.number);
    return answer.verdict;
}

SignRequest read_of(PrivateRequest what, std::uint16_t family) {
    SignRequest request{};
    request.timestamp = v1_time.value;
    request.what = static_cast<std::uint8_t>(what);
    request.family = family;
    return request;
}

// Of BTC-USD, with ids from 1.
SignOrders orders_message(std::size_t count) {
    SignOrders message{};
    message.request = read_of(PrivateRequest::cancel_orders, 0);
    message.count = static_cast<std::uint32_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::string_view("BTC-USD-261225-60000-C").copy(message.orders[i].inst_id, 22);
        message.orders[i].ord_id = i + 1;
    }
    return message;
}

}  // namespace

TEST_CASE("signing policy: a mass-cancel that the config allows gets vector V2's signature") {
    const SignAnswer answer = answer_to(v2_request());
    CHECK(answer.verdict == SignVerdict::is_signed);
    CHECK(text(answer.signature) == v2_signature);
    CHECK(answer.number == 7);
    CHECK(answer.at == 3);
    CHECK(answer.timestamp == v2_time.value);
}

TEST_CASE("signing policy: each read on the list gets the signature of what is asked") {
    SignRequest older = read_of(PrivateRequest::mmp_orders, 0);
    older.after = 17;
    CHECK(
        signature_to(older) ==
        signature_of({.what = PrivateRequest::mmp_orders, .inst_family = "BTC-USD", .after = 17}));
    CHECK(signature_to(read_of(PrivateRequest::all_orders, 1)) ==
          signature_of({.what = PrivateRequest::all_orders, .inst_family = "ETH-USD"}));
    CHECK(signature_to(read_of(PrivateRequest::mmp_config, 0)) ==
          signature_of({.what = PrivateRequest::mmp_config, .inst_family = "BTC-USD"}));
    CHECK(signature_to(read_of(PrivateRequest::account_config, no_id)) ==
          signature_of({.what = PrivateRequest::account_config}));
}

TEST_CASE("signing policy: only an orders' list has pages, and only the timer a timeout") {
    for (unsigned what = 0; what < private_request_count; ++what) {
        const auto kind = static_cast<PrivateRequest>(what);
        const bool is_page =
            kind == PrivateRequest::mmp_orders || kind == PrivateRequest::all_orders;
        const bool names_none =
            kind == PrivateRequest::account_config || kind == PrivateRequest::cancel_all_after;
        SignRequest request = read_of(kind, names_none ? no_id : 0);
        request.after = 1;
        CHECK((answer_to(request).verdict == SignVerdict::is_signed) == is_page);
        request.after = 0;
        request.timeout_s = 30;
        CHECK((answer_to(request).verdict == SignVerdict::is_signed) ==
              (kind == PrivateRequest::cancel_all_after));
    }
}

TEST_CASE("signing policy: the timer, off or within OKX's bounds, with the config's tag") {
    SignRequest request = read_of(PrivateRequest::cancel_all_after, no_id);
    for (const int timeout : {0, 10, 30, 120}) {
        request.timeout_s = static_cast<std::uint8_t>(timeout);
        CHECK(signature_to(request) ==
              signature_of(
                  {.what = PrivateRequest::cancel_all_after, .timeout_s = timeout, .tag = "mm1"}));
    }
    for (const int timeout : {1, 9, 121, 255}) {
        request.timeout_s = static_cast<std::uint8_t>(timeout);
        CHECK(refusal_of(request) == SignVerdict::wrong_argument);
    }
    request.timeout_s = 30;
    request.family = 0;
    CHECK(refusal_of(request) == SignVerdict::unknown_family);
    request.family = no_id;
    request.account = 1;  // has no dead man's switch
    CHECK(refusal_of(request) == SignVerdict::not_enabled);
}

TEST_CASE("signing policy: orders of a family whose rest is to be cancelled, up to 20") {
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}, cancel_orders_max}) {
        const SignOrders message = orders_message(count);
        std::vector<OrderRef> orders;
        for (std::size_t i = 0; i < count; ++i)
            orders.push_back({FixedText<instrument_name_max>("BTC-USD-261225-60000-C"), i + 1});
        const SignAnswer answer = answer_to(message);
        CHECK(answer.what == static_cast<std::uint8_t>(PrivateRequest::cancel_orders));
        CHECK(text(answer.signature) ==
              signature_of({.what = PrivateRequest::cancel_orders, .orders = orders}));
    }
}

TEST_CASE("signing policy: a batch with anything else in it is refused whole") {
    const auto is_refused = [](SignVerdict expected, const auto& spoil) {
        SignOrders message = orders_message(3);
        spoil(message);
        const SignAnswer answer = answer_to(message);
        CHECK(answer.verdict == expected);
        CHECK(answer.signature == SignatureText{});
    };
    const auto call_it = [](const char* name) {
        return [name](SignOrders& message) {
            SignOrder order{{}, message.orders[1].ord_id};
            std::string_view(name).copy(order.inst_id, sizeof order.inst_id);
            message.orders[1] = order;
        };
    };
    for (const char* name : {"", "ETH-USD-261225-60000-C", "BTC-USD-SWAP", "BTC-USD",
                             R"(BTC-USD-261225-6"},{"instId":"BTC-C)", "BTC-USD-261225-60000-C\n"})
        is_refused(SignVerdict::wrong_argument, call_it(name));
    is_refused(SignVerdict::wrong_argument, [](SignOrders& its) { its.orders[2].ord_id = 0; });
    is_refused(SignVerdict::wrong_argument, [](SignOrders& its) { its.request.after = 1; });
    is_refused(SignVerdict::wrong_lock, [](SignOrders& its) { its.request.lock_ms = 1; });
    is_refused(SignVerdict::not_enabled, [](SignOrders& its) { its.request.family = 1; });
    is_refused(SignVerdict::unknown_family, [](SignOrders& its) { its.request.family = no_id; });
    is_refused(SignVerdict::unknown_family, [](SignOrders& its) { its.request.family = 2; });
    is_refused(SignVerdict::wrong_argument, [](SignOrders& its) { its.request.what = 0; });
    is_refused(SignVerdict::malformed, [](SignOrders& its) { its.count = 0; });
    is_refused(SignVerdict::malformed, [](SignOrders& its) { its.count = cancel_orders_max + 1; });
    is_refused(SignVerdict::malformed, [](SignOrders& its) { its.count = 0xffffffff; });
    CHECK(refusal_of(orders_message(1).request) == SignVerdict::wrong_argument);  // without any
}

TEST_CASE("signing policy: nothing else is a request") {
    SignRequest request = v2_request();
    for (unsigned what = private_request_count; what < 256; ++what) {
        request.what = static_cast<std::uint8_t>(what);
        CHECK(refusal_of(request) == SignVerdict::unknown_request);
    }
}

TEST_CASE("signing policy: accounts and families that are not configured are refused") {
    SignRequest request = v2_request();
    for (const int account : {2, 3, 255, 65535}) {
        request.account = static_cast<std::uint16_t>(account);
        CHECK(refusal_of(request) == SignVerdict::unknown_account);
    }
    request.account = 0;
    for (const int family : {3, 511, 65534, 65535}) {
        request.family = static_cast<std::uint16_t>(family);
        CHECK(refusal_of(request) == SignVerdict::unknown_family);
    }
    request.account = 1;  // has no ETH-USD
    request.family = 1;
    CHECK(refusal_of(request) == SignVerdict::unknown_family);
    CHECK(refusal_of(read_of(PrivateRequest::all_orders, no_id)) == SignVerdict::unknown_family);
    CHECK(refusal_of(read_of(PrivateRequest::account_config, 0)) == SignVerdict::unknown_family);
}

TEST_CASE("signing policy: each account has its own key") {
    SignRequest request = v2_request();
    request.family = 2;
    request.account = 1;
    const std::string of_second = text(answer_to(request).signature);
    HmacSigner second("another secret");
    SignatureText expected;
    std::string prehash = prehash_of({.inst_family = "SOL-USD", .lock = 10'000ms});
    prehash.replace(0, timestamp_size, "2026-01-15T23:27:52.907Z");
    REQUIRE(second.sign(prehash, expected));
    CHECK(of_second == text(expected));
}

TEST_CASE("signing policy: a lock is within 0 to 10000 ms, and only a mass-cancel has one") {
    SignRequest request = v2_request();
    for (const int lock : {0, 1, 9'999, 10'000}) {
        request.lock_ms = lock;
        CHECK(answer_to(request).verdict == SignVerdict::is_signed);
    }
    for (const int lock :
         {-1, 10'001, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
        request.lock_ms = lock;
        CHECK(refusal_of(request) == SignVerdict::wrong_lock);
    }
    SignRequest read = read_of(PrivateRequest::all_orders, 0);
    read.lock_ms = 1;
    CHECK(refusal_of(read) == SignVerdict::wrong_lock);
}

TEST_CASE("signing policy: a time has four digits of a year, whatever this machine's clock says") {
    SignRequest request = v2_request();
    for (const std::int64_t time : {std::int64_t{0}, v2_time.value, timestamp_max.value}) {
        request.timestamp = time;
        CHECK(answer_to(request).verdict == SignVerdict::is_signed);
    }
    for (const std::int64_t time :
         {std::int64_t{-1}, timestamp_max.value + 1, std::numeric_limits<std::int64_t>::max(),
          std::numeric_limits<std::int64_t>::min()}) {
        request.timestamp = time;
        CHECK(refusal_of(request) == SignVerdict::wrong_time);
    }
}

TEST_CASE("signing policy: a message of any other size is refused whole") {
    SigningPolicy its = policy();
    std::vector<SignRequest> many(requests_per_message_max + 1, v2_request());
    const auto bytes = std::as_bytes(std::span(many));
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        if (size == sizeof(SignOrders)) continue;  // is read as one
        const auto answers = its.answer(bytes.first(size), asked_at);
        const bool is_right = size > 0 && size < bytes.size() && size % sizeof(SignRequest) == 0;
        REQUIRE(answers.size() == (is_right ? size / sizeof(SignRequest) : 1));
        REQUIRE((answers[0].verdict == SignVerdict::is_signed) == is_right);
        if (is_right) continue;
        CHECK(answers[0].verdict == SignVerdict::malformed);
        REQUIRE(answers[0].signature == SignatureText{});
    }
}

TEST_CASE("signing policy: in one message, what is refused stands beside what is signed") {
    SigningPolicy its = policy();
    std::vector<SignRequest> three(3, v2_request());
    three[1].lock_ms = -5;
    const auto answers = its.answer(std::as_bytes(std::span(three)), asked_at);
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].verdict == SignVerdict::is_signed);
    CHECK(answers[1].verdict == SignVerdict::wrong_lock);
    CHECK(answers[1].signature == SignatureText{});
    CHECK(answers[2].verdict == SignVerdict::is_signed);
}

TEST_CASE("signing policy: another time than that of now is refused once it has moved too often") {
    SigningPolicy its = policy();
    std::vector<SignVerdict> verdicts;
    for (std::int64_t day = 0; day < 10; ++day) {
        SignRequest request = v2_request();
        request.timestamp += day * 86'400'000;
        const auto answers = its.answer(std::as_bytes(std::span(&request, 1)), asked_at);
        verdicts.push_back(answers[0].verdict);
        CHECK((answers[0].signature == SignatureText{}) ==
              (answers[0].verdict != SignVerdict::is_signed));
    }
    CHECK(verdicts[7] == SignVerdict::is_signed);
    CHECK(verdicts[8] == SignVerdict::wrong_time);
    CHECK(verdicts[9] == SignVerdict::wrong_time);
}
