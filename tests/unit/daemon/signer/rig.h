// What tests of the signer share: two accounts with three families, the example key of OKX's
// documents, and requests for it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "daemon/signer/process.h"

namespace scram::test {

inline constexpr std::string_view example_secret = "22582BD0CFF14C41EDBF1AB98506286D";
inline constexpr WallMillis v1_time{1607418537715};  // 2020-12-08T09:08:57.715Z
inline constexpr WallMillis v2_time{1768519672907};  // 2026-01-15T23:27:52.907Z

// mm-1 has BTC-USD, whose rest is to be cancelled, and ETH-USD, and a dead man's switch; mm-2 has
// SOL-USD.
inline Plan signer_plan() {
    Plan plan;
    plan.accounts = {{"mm-1", {}, 5}, {"mm-2", {}, 5}};
    plan.families = {{"mm-1/BTC-USD", AccountId{0}, "BTC-USD", 10'000ms},
                     {"mm-1/ETH-USD", AccountId{0}, "ETH-USD", 10'000ms},
                     {"mm-2/SOL-USD", AccountId{1}, "SOL-USD", 10'000ms}};
    plan.families[0].cancel_rest = true;
    plan.accounts[0].dead_man = DeadMan{30, "mm1"};
    return plan;
}

// Vector V2: the cancel of ETH-USD with the longest lock.
inline SignRequest v2_request() {
    SignRequest request{};
    request.number = 7;
    request.timestamp = v2_time.value;
    request.lock_ms = 10'000;
    request.family = 1;
    request.at = 3;
    return request;
}
inline constexpr std::string_view v2_signature = "FmGWS6i0ZdgPCMU+Eg9XT+1oj0Fiyckc17lRuuQUVjU=";

inline std::string text(const SignatureText& signature) {
    return {signature.begin(), signature.end()};
}

inline std::variant<Credentials, std::string> example_credentials(AccountId of) {
    const std::string number = std::to_string(index(of) + 1);
    return Credentials{"fake-key-" + number, Secret(std::string(example_secret)),
                       Secret("fake-passphrase-" + number)};
}

inline SignerLine started(const Plan& plan = signer_plan()) {
    auto line = start_signer(plan, example_credentials);
    REQUIRE_MESSAGE(std::holds_alternative<SignerLine>(line), std::get<std::string>(line));
    return std::get<SignerLine>(std::move(line));
}

}  // namespace scram::test
