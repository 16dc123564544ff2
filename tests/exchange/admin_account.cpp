#include "tests/exchange/admin_account.h"

#include <fmt/format.h>

#include <simdjson.h>

#include <string_view>
#include <type_traits>

#include "tests/exchange/codes.h"

namespace scram::okxsim {
namespace {

namespace dom = simdjson::dom;

// Whether `key` is one of `fields` and its value of the right type.
template <class Fields>
bool set(const Fields& fields, Account& account, std::string_view key, dom::element value) {
    for (const auto& [name, member] : fields) {
        if (name != key) continue;
        using Field = std::remove_reference_t<decltype(account.*member)>;
        if constexpr (std::is_same_v<Field, std::string>) {
            std::string_view text;
            if (value.get(text) != simdjson::SUCCESS) return false;
            account.*member = text;
            return true;
        } else {
            return value.get(account.*member) == simdjson::SUCCESS;
        }
    }
    return false;
}

bool set_key_use(Seat& seat, std::string_view key, dom::element value, Now now) {
    std::int64_t unused_ms = 0;
    if (key != "key_unused_ms" || value.get(unused_ms) != simdjson::SUCCESS) return false;
    seat.key_used_at = now.mono - std::chrono::milliseconds(unused_ms);
    return true;
}

}  // namespace

Answer change_account(Seat& seat, const std::string& body, Now now) {
    dom::parser parser;
    const dom::object wanted = parser.parse(body);
    for (const auto& [key, value] : wanted) {
        if (key == "account" || set(account_texts, seat.account, key, value) ||
            set(account_numbers, seat.account, key, value) ||
            set(account_flags, seat.account, key, value) || set_key_use(seat, key, value, now)) {
            continue;
        }
        const std::string why = fmt::format("{}: no such setting, or a value of no use", key);
        return {.status = 400,
                .code = "400",
                .body = fmt::format(R"({{"error":{}}})", json_string(why))};
    }
    return {.code = "0", .body = "{}"};
}

}  // namespace scram::okxsim
