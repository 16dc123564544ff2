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

bool set_time(Seat& seat, std::string_view key, dom::element value, Now now) {
    std::int64_t count = 0;
    if (value.get(count) != simdjson::SUCCESS || count < 0) return false;
    const std::chrono::milliseconds time(count);
    if (key == "key_unused_ms") {
        seat.key_used_at = now.mono - time;
    } else if (key == "list_delay_ms") {
        seat.book.delay_list(time);
    } else if (key == "skip_ms") {
        seat.settle(now.mono, time);
    } else if (key == "list_stale_ms") {
        seat.book.hold_list(now.mono, now.mono + time);
    } else {
        return false;
    }
    return true;
}

}  // namespace

Answer change_account(Seat& seat, const std::string& body, Now now) {
    dom::parser parser;
    const dom::object wanted = parser.parse(body);
    for (const auto& [key, value] : wanted) {
        if (key == "account" || set(account_texts, seat.account, key, value) ||
            set(account_numbers, seat.account, key, value) ||
            set(account_flags, seat.account, key, value) || set_time(seat, key, value, now)) {
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
