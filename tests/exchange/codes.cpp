#include "tests/exchange/codes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace scram::okxsim {
namespace {

struct Code {
    std::string_view code;
    int status;
    std::string_view message;
};

constexpr std::array codes{
    Code{"1", 200, "Operation failed."},
    Code{"2", 200, "Bulk operation partially succeeded."},
    Code{"50000", 400, "Body for POST request cannot be empty."},
    Code{"50001", 503, "Service temporarily unavailable. Please try again later."},
    Code{"50002", 400, "JSON syntax error"},
    Code{"50004", 400, "API endpoint request timeout. Please check the order's state."},
    Code{"50005", 410, "API endpoint is inactive or unavailable."},
    Code{"50006", 400, "Invalid Content-Type. Please use \"application/json\"."},
    Code{"50011", 429, "Too Many Requests"},
    Code{"50013", 429, "Systems are busy. Please try again later."},
    Code{"50014", 400, "Parameter cannot be empty."},
    Code{"50015", 400, "Either parameter is required."},
    Code{"50016", 400, "Parameters do not match."},
    Code{"50025", 200, "Parameter count exceeds the limit 20."},
    Code{"50026", 500, "System error. Try again later"},
    Code{"50030", 200, "You don't have permission to use this API endpoint."},
    Code{"50035", 403, "This endpoint requires that APIKey must be bound to IP"},
    Code{"50038", 200, "This feature is unavailable in demo trading"},
    Code{"50100", 400, "API frozen, please contact customer service."},
    Code{"50101", 401, "APIKey does not match current environment."},
    Code{"50102", 401, "Timestamp request expired"},
    Code{"50103", 401, "Request header OK-ACCESS-KEY cannot be empty."},
    Code{"50104", 401, "Request header OK-ACCESS-PASSPHRASE cannot be empty."},
    Code{"50105", 401, "Request header OK-ACCESS-PASSPHRASE incorrect."},
    Code{"50106", 401, "Request header OK-ACCESS-SIGN cannot be empty."},
    Code{"50107", 401, "Request header OK-ACCESS-TIMESTAMP cannot be empty."},
    Code{"50108", 401, "Exchange ID does not exist."},
    Code{"50109", 401, "Exchange domain does not exist."},
    Code{"50110", 401, "Your IP is not included in your API key's IP whitelist."},
    Code{"50111", 401, "Invalid OK-ACCESS-KEY"},
    Code{"50112", 401, "Invalid OK-ACCESS-TIMESTAMP"},
    Code{"50113", 401, "Invalid Sign"},
    Code{"50114", 401, "Invalid Authorization"},
    Code{"50115", 405, "Invalid request method"},
    Code{"50119", 401, "API key doesn't exist"},
    Code{"50120", 200, "This API key doesn't have permission to use this function"},
    Code{"51000", 400, "Parameter error"},
    Code{"51001", 200, "Instrument ID does not exist."},
    Code{"51010", 200, "Request unsupported under current account mode"},
    Code{
        "51034", 200,
        "The fill rate exceeds the limit that you set. Please reset the market maker protection to "
        "inactive for new trades."},
    Code{"51036", 200, "Only options of the PM account supports MMP orders."},
    Code{"51042", 200,
         "Under the Portfolio margin account, you can only place market maker protection orders in "
         "cross mode in Options."},
    Code{"51054", 500, "Request timed out. Please try again."},
    Code{"51149", 500, "Order timed out. Please try again."},
    Code{"51071", 200, "You've reached the maximum limit for tag level cancel all after timers."},
    Code{"51400", 200, "Cancellation failed as the order has been filled, canceled or is absent."},
    Code{"51405", 200, "Cancellation failed as you don't have any pending orders."},
    Code{"51406", 400, "Canceling the order is not possible in its state."},
    Code{"51410", 200, "Cancellation failed as the order is already in canceling status."},
    Code{"51411", 200, "Account does not have permission for mass cancellation."},
    Code{"51412", 200, "Cancellation timed out, please try again later."},
    Code{"54008", 200,
         "This operation is disabled by the 'mass cancel order' endpoint. "
         "Please enable it using this endpoint."},
    Code{"59509", 200, "Account doesn't have permission to reset MMP status."},
    Code{"54009", 200, "The range of lockInterval should be [0, 10000]."},
};

// What OKX.md does not list by name is answered with 200, as most of OKX's codes are.
Code find(std::string_view code) {
    const auto* at = std::ranges::find(codes, code, &Code::code);
    return at != codes.end() ? *at : Code{code, 200, "Operation failed."};
}

bool from_gateway(std::string_view code) {
    return code.starts_with("501") || code == "50011";
}

}  // namespace

int http_status(std::string_view code) {
    return find(code).status;
}

std::string_view message(std::string_view code) {
    return find(code).message;
}

Answer refuse(std::string_view code) {
    return refuse(code, find(code).message);
}

Answer refuse(std::string_view code, std::string_view message) {
    const std::string body =
        from_gateway(code)
            ? fmt::format(R"({{"msg":{},"code":{}}})", json_string(message), json_string(code))
            : fmt::format(R"({{"code":{},"data":[],"msg":{}}})", json_string(code),
                          json_string(message));
    return {.status = http_status(code), .code = std::string(code), .body = body};
}

Answer succeed(std::string_view data) {
    return {.code = "0", .body = fmt::format(R"({{"code":"0","msg":"","data":{}}})", data)};
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace scram::okxsim
