#include "tests/exchange/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "tests/exchange/codes.h"

namespace scram::okxsim {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool has_form(std::string_view text, std::string_view form) {  // '0' stands for any digit
    return std::ranges::equal(
        text, form, [](char c, char wanted) { return wanted == '0' ? is_digit(c) : c == wanted; });
}

int number(std::string_view digits) {
    int value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

bool is_key_text(std::string_view key) {
    return std::ranges::all_of(key, [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
}

std::string_view key_refusal(const Request& request, const Account* account) {
    const std::string_view key = request.header("ok-access-key");
    if (key.empty()) return "50103";
    if (!is_key_text(key)) return "50111";
    if (!account) return "50119";
    return account->allows(request.peer) ? "" : "50110";
}

std::string_view passphrase_refusal(const Request& request, const Account& account) {
    const std::string_view passphrase = request.header("ok-access-passphrase");
    if (passphrase.empty()) return "50104";
    return passphrase == account.passphrase ? "" : "50105";
}

std::string_view timestamp_refusal(const Request& request, std::chrono::milliseconds now) {
    const std::string_view text = request.header("ok-access-timestamp");
    if (text.empty()) return "50107";
    const auto timestamp = parse_timestamp(text);
    if (!timestamp) return "50112";
    return std::chrono::abs(now - *timestamp) <= timestamp_skew_max ? "" : "50102";
}

std::string_view sign_refusal(const Request& request, const Account& account) {
    const std::string_view given = request.header("ok-access-sign");
    if (given.empty()) return "50106";
    const std::string text = std::string(request.header("ok-access-timestamp")) + request.method +
                             request.target + request.body;
    return given == sign(account.secret, text) ? "" : "50113";
}

std::string_view environment_refusal(const Request& request, const Account& account) {
    const bool demo = request.header("x-simulated-trading") == "1";
    return demo == account.demo ? "" : "50101";
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_timestamp(std::string_view text) {
    using namespace std::chrono;
    if (!has_form(text, "0000-00-00T00:00:00.000Z")) return {};
    const year_month_day date{year(number(text.substr(0, 4))),
                              month(static_cast<unsigned>(number(text.substr(5, 2)))),
                              day(static_cast<unsigned>(number(text.substr(8, 2))))};
    const int hour = number(text.substr(11, 2));
    const int minute = number(text.substr(14, 2));
    const int second = number(text.substr(17, 2));
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return {};
    return sys_days(date).time_since_epoch() + hours(hour) + minutes(minute) + seconds(second) +
           milliseconds(number(text.substr(20, 3)));
}

std::string sign(std::string_view secret, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned mac_size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &mac_size);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
    const int size = EVP_EncodeBlock(base64.data(), mac.data(), static_cast<int>(mac_size));
    return {base64.begin(), base64.begin() + size};
}

std::optional<Answer> auth_refusal(const Request& request, const Account* account,
                                   std::chrono::milliseconds exchange_time) {
    std::string_view code = key_refusal(request, account);
    if (code.empty()) code = passphrase_refusal(request, *account);
    if (code.empty()) code = timestamp_refusal(request, exchange_time);
    if (code.empty()) code = sign_refusal(request, *account);
    if (code.empty()) code = environment_refusal(request, *account);
    if (code.empty()) return {};
    if (code != "50110") return refuse(code);
    return refuse(code, fmt::format("Your IP {} is not included in your API key's IP whitelist.",
                                    request.peer));
}

}  // namespace scram::okxsim
