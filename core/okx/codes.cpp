// OKX's codes, each with what it means for who asked.
// https://www.okx.com/docs-v5/en/#error-code-rest-api
#include <algorithm>
#include <iterator>

#include "core/okx/answer.h"

namespace scram {
namespace {

using enum AnswerClass;

// Sorted by code. HTTP statuses stand in OKX's own table; they do not decide,
// since one code comes with several (50011: 200 and 429; 50119: 200 and 401).
constexpr CodeRule table[] = {
    {1, failed, "operation failed"},
    {2, failed, "partially succeeded"},
    {50000, refused, "the request's body is empty"},
    {50001, failed, "service unavailable: maintenance or an upgrade of the matching engine"},
    {50002, refused, "the request is no JSON"},
    {50004, ambiguous, "the endpoint timed out, which says neither done nor not done"},
    {50005, refused, "the endpoint is closed"},
    {50006, refused, "wrong Content-Type"},
    {50007, refused, "the account is blocked"},
    {50008, refused, "the user does not exist"},
    {50009, refused, "the account is frozen by a liquidation"},
    {50010, refused, "the user's id is empty"},
    {50011, throttled, "over the rate limit"},
    {50012, refused, "the account's status does not allow this"},
    {50013, failed, "the exchange is busy, which is no rate limit"},
    {50014, refused, "a parameter is empty"},
    {50015, refused, "one of two parameters is needed"},
    {50016, refused, "two parameters do not match"},
    {50017, refused, "a position is frozen by automatic deleveraging"},
    {50018, refused, "the currency is frozen by automatic deleveraging"},
    {50019, refused, "the account is frozen by automatic deleveraging"},
    {50020, refused, "a position is frozen by liquidation"},
    {50021, refused, "the currency is frozen by liquidation"},
    {50022, refused, "the account is frozen by liquidation"},
    {50023, refused, "funding fees freeze the operation"},
    {50024, refused, "two parameters exclude each other"},
    {50025, refused, "too many values in a parameter"},
    {50026, failed, "system error"},
    {50027, refused, "the account is restricted from trading"},
    {50028, refused, "the account cannot trade now"},
    {50029, refused, "the account's risk control forbids it"},
    {50030, refused, "the key may not use this endpoint"},
    {50032, refused, "the asset is blocked for this account"},
    {50033, refused, "the instrument is blocked for this account"},
    {50035, refused, "the endpoint needs a key that is bound to an IP address"},
    {50038, refused, "not available in demo trading"},
    {50040, throttled, "too frequent"},
    {50041, refused, "the account is not on the list of those who may do this"},
    {50042, throttled, "repeated too soon"},
    {50046, refused, "the feature is not available to this account"},
    {50051, refused, "the laws of the account's region do not allow it"},
    {50052, refused, "the laws of the account's region do not allow it"},
    {50053, refused, "only available in demo trading"},
    {50059, refused, "the account has a step of verification to complete"},
    {50060, refused, "the account has a step of verification to complete"},
    {50061, throttled, "over the account's order rate"},
    {50062, refused, "the feature is not available now"},
    {50067, refused, "the account may not trade across OKX's sites"},
    {50100, refused, "the API is frozen for this account"},
    {50101, refused, "the key belongs to the other environment (live or demo)"},
    {50102, clock, "the timestamp is more than 30 s from the exchange's clock"},
    {50103, refused, "OK-ACCESS-KEY is empty"},
    {50104, refused, "OK-ACCESS-PASSPHRASE is empty"},
    {50105, refused, "the passphrase is wrong"},
    {50106, refused, "OK-ACCESS-SIGN is empty"},
    {50107, clock, "OK-ACCESS-TIMESTAMP is empty"},
    {50108, refused, "the exchange id does not match"},
    {50109, refused, "the exchange domain does not match"},
    {50110, refused, "this host's address is not in the key's list"},
    {50111, refused, "the key is invalid"},
    {50112, clock, "the timestamp is invalid"},
    {50113, refused, "the signature is invalid: is the secret the key's own?"},
    {50114, refused, "invalid authorization"},
    {50115, refused, "wrong request method"},
    {50118, refused, "the key's owner must complete a step at OKX first"},
    {50119, refused, "the key does not exist here: another region's host?"},
    {50120, refused, "the key lacks the permission to trade"},
    {50121, refused, "this host's address may not use OKX"},
    {51000, refused, "a parameter is wrong: is the instrument family's name right?"},
    {51010, refused, "the account mode does not support it: portfolio margin is needed"},
    {51024, refused, "the account is blocked from trading"},
    {51054, ambiguous, "the request timed out"},
    {51149, ambiguous, "the order timed out"},
    {51400, failed,
     "an order is filled, cancelled or absent already, which says nothing of "
     "the rest"},
    {51403, failed, "an order's type cannot be cancelled here"},
    {51404, failed, "the call auction does not allow it now"},
    {51405, nothing_left, "there was no order to cancel"},
    {51406, failed, "the cancellation is not possible in the order's state"},
    {51410, failed, "the orders are being cancelled already"},
    {51411, refused, "the account lacks the privilege for mass cancellation (MMP)"},
    {51412, failed, "the cancellation timed out"},
    {51413, failed, "not supported by this endpoint"},
    {54009, refused, "lockInterval is out of range"},
};

constexpr bool lower_code(const CodeRule& a, const CodeRule& b) {
    return a.code < b.code;
}
static_assert(std::is_sorted(std::begin(table), std::end(table), lower_code));

const CodeRule* find_rule(std::uint32_t code) {
    const auto* at = std::lower_bound(std::begin(table), std::end(table),
                                      CodeRule{code, failed, {}}, lower_code);
    return at != std::end(table) && at->code == code ? at : nullptr;
}

}  // namespace

std::span<const CodeRule> code_table() {
    return table;
}

AnswerClass class_of_code(std::uint32_t code) {
    const CodeRule* rule = find_rule(code);
    return rule != nullptr ? rule->answer_class : failed;
}

AnswerClass class_of_status(int http_status) {
    if (http_status == 429) return throttled;
    if (http_status == 401) return refused;
    return failed;
}

std::string_view why(std::uint32_t code) {
    const CodeRule* rule = find_rule(code);
    return rule != nullptr ? rule->why : std::string_view{};
}

}  // namespace scram
