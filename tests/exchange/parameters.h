// What a mass-cancel request asks for, read from its JSON body as OKX reads it.
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "tests/exchange/message.h"

namespace scram::okxsim {

struct MassCancel {
    std::string family;
    std::chrono::milliseconds lock{};
};

inline constexpr int portfolio_margin = 4;  // acctLv
inline constexpr std::chrono::milliseconds lock_max{10000};

// `families` are those that exist; empty: any of the right form.
std::variant<MassCancel, Answer> parse_mass_cancel(const Request& request,
                                                   const std::vector<std::string>& families);

bool family_exists(const std::string& family, const std::vector<std::string>& families);

// One member of a JSON object as text, as far as it can be read; for the log.
std::string member_text(const std::string& json, std::string_view name);

}  // namespace scram::okxsim
