// What the unit tests share: an account, a moment, and requests signed for both.
#pragma once

#include <string>

#include "tests/exchange/accounts.h"
#include "tests/exchange/auth.h"
#include "tests/exchange/book.h"
#include "tests/exchange/message.h"

namespace scram::okxsim::sample {

inline const std::string moment_text = "2026-01-15T23:27:52.907Z";
inline constexpr Now moment{.mono = std::chrono::seconds(1000),
                            .wall = std::chrono::milliseconds(1768519672907)};

inline Now after(std::chrono::milliseconds passed) {
    return {.mono = moment.mono + passed, .wall = moment.wall + passed};
}

inline Account account() {
    return {.name = "mm-1",
            .key = "test-key-1",
            .secret = "22582BD0CFF14C41EDBF1AB98506286D",
            .passphrase = "test-pass"};
}

inline void set(Request& request, const std::string& name, const std::string& value) {
    std::erase_if(request.headers, [&](const auto& field) { return field.first == name; });
    request.headers.emplace_back(name, value);
}

inline Request request(const std::string& method, const std::string& target,
                       const std::string& body = "", const Account& by = account()) {
    Request made{.method = method, .target = target, .headers = {}, .body = body};
    set(made, "ok-access-key", by.key);
    set(made, "ok-access-passphrase", by.passphrase);
    set(made, "ok-access-timestamp", moment_text);
    set(made, "ok-access-sign", sign(by.secret, moment_text + method + target + body));
    set(made, "content-type", "application/json");
    return made;
}

inline Request mass_cancel(const std::string& body, const Account& by = account()) {
    return request("POST", "/api/v5/trade/mass-cancel", body, by);
}

inline const std::string btc_body = R"({"instType":"OPTION","instFamily":"BTC-USD"})";

inline Order order(const std::string& type, const std::string& family = "BTC-USD") {
    return {.instrument = family + "-261225-60000-C",
            .type = type,
            .side = "buy",
            .price = "0.1",
            .size = 2};
}

}  // namespace scram::okxsim::sample
