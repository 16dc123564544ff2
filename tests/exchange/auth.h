// OKX's authentication, read from its documentation alone: headers, timestamp, signature.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tests/exchange/accounts.h"
#include "tests/exchange/message.h"

namespace scram::okxsim {

inline constexpr std::chrono::seconds timestamp_skew_max{30};

// Exactly "2020-12-08T09:08:57.715Z", a date that exists; anything else is nothing.
std::optional<std::chrono::milliseconds> parse_timestamp(std::string_view text);

// Base64(HMAC-SHA256(secret, text)).
std::string sign(std::string_view secret, std::string_view text);

// `account` is the key's owner, or null if nobody has this key. Nothing: the request is authentic.
std::optional<Answer> auth_refusal(const Request& request, const Account* account,
                                   std::chrono::milliseconds exchange_time);

}  // namespace scram::okxsim
