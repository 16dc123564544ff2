#include "daemon/signer/policy.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/unit/daemon/signer/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr Time start = time_from_ns(1'000'000'000);

SigningPolicy policy() {
    std::vector<std::unique_ptr<Signer>> signers;
    signers.push_back(std::make_unique<HmacSigner>(example_secret));
    signers.push_back(std::make_unique<HmacSigner>("another secret"));
    static SigningPace pace;
    pace = {};
    return SigningPolicy(signer_plan(), std::move(signers), pace);
}

SignAnswer answer_to(const SignRequest& request) {
    SigningPolicy its = policy();
    const auto answers = its.answer(std::as_bytes(std::span(&request, 1)), start);
    REQUIRE(answers.size() == 1);
    return answers[0];
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

}  // namespace

TEST_CASE("signing policy: a mass-cancel that the config allows gets vector V2's signature") {
    const SignAnswer answer = answer_to(v2_request());
    CHECK(answer.verdict == SignVerdict::is_signed);
    CHECK(text(answer.signature) == v2_signature);
    CHECK(answer.number == 7);
    CHECK(answer.at == 3);
    CHECK(answer.timestamp == v2_time.value);
}

TEST_CASE("signing policy: of reads, those on the list are signed") {
    const SignAnswer orders = answer_to(read_of(PrivateRequest::orders_pending, 0));
    CHECK(text(orders.signature) == "lTRIEygVux4iLvpdM9mWG3n1IuuVXZBcZmZKq1nIYp0=");
    const SignAnswer config = answer_to(read_of(PrivateRequest::account_config, no_id));
    CHECK(config.verdict == SignVerdict::is_signed);
    CHECK(
        prehash_of(PrivateRequest::account_config, "", 0ms).ends_with("GET/api/v5/account/config"));
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
    CHECK(refusal_of(read_of(PrivateRequest::orders_pending, no_id)) ==
          SignVerdict::unknown_family);
    CHECK(refusal_of(read_of(PrivateRequest::account_config, 0)) == SignVerdict::unknown_family);
}

TEST_CASE("signing policy: each account has its own key") {
    SignRequest request = v2_request();
    request.family = 2;
    request.account = 1;
    const std::string of_second = text(answer_to(request).signature);
    HmacSigner second("another secret");
    SignatureText expected;
    std::string prehash = prehash_of(PrivateRequest::mass_cancel, "SOL-USD", 10'000ms);
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
    SignRequest read = read_of(PrivateRequest::orders_pending, 0);
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
        const auto answers = its.answer(bytes.first(size), start);
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
    const auto answers = its.answer(std::as_bytes(std::span(three)), start);
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
        const auto answers = its.answer(std::as_bytes(std::span(&request, 1)), start);
        verdicts.push_back(answers[0].verdict);
        CHECK((answers[0].signature == SignatureText{}) ==
              (answers[0].verdict != SignVerdict::is_signed));
    }
    CHECK(verdicts[7] == SignVerdict::is_signed);
    CHECK(verdicts[8] == SignVerdict::wrong_time);
    CHECK(verdicts[9] == SignVerdict::wrong_time);
}
