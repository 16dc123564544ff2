#include "core/okx/answer.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/check.h"

namespace scram {
namespace {

using enum AnswerClass;
namespace json = simdjson::dom;

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
    {50035, refused, "the endpoint needs a key that is bound to an IP address"},
    {50038, refused, "not available in demo trading"},
    {50040, throttled, "too frequent"},
    {50042, throttled, "repeated too soon"},
    {50053, refused, "only available in demo trading"},
    {50061, throttled, "over the account's order rate"},
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

AnswerClass class_of_code(std::uint32_t code) {
    const CodeRule* rule = find_rule(code);
    return rule != nullptr ? rule->answer_class : failed;
}

// For an answer whose body has no code: from the edge in front of OKX.
AnswerClass class_of_status(int http_status) {
    if (http_status == 429) return throttled;
    if (http_status == 401) return refused;
    return failed;
}

// "50011", also with a sub-code ("51008_1000"): the digits in front.
std::uint32_t code_of_text(std::string_view text) {
    std::uint32_t code = no_code;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
    const bool whole = end == text.data() + text.size() || *end == '_';
    return error == std::errc{} && whole ? code : no_code;
}

std::uint32_t code_of(json::element value) {
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) return code_of_text(text);
    std::uint64_t number = 0;
    if (value.get_uint64().get(number) != simdjson::SUCCESS || number >= no_code) return no_code;
    return static_cast<std::uint32_t>(number);
}

// What the fields of one answer say, in whatever order they stand.
struct Fields {
    std::uint32_t code = no_code;
    std::uint32_t item_code = no_code;  // data[0].sCode: the result, where there is one
    bool result = false;                // data[0].result
};

void read_item(json::object item, Fields& out) {
    for (const auto& [key, value] : item) {
        if (key == "result" && value.get_bool().get(out.result) != simdjson::SUCCESS)
            out.result = false;
        if (key == "sCode") out.item_code = code_of(value);
    }
}

// One request, one result: anything else says nothing.
void read_data(json::element data, Fields& out) {
    out.result = false;
    out.item_code = no_code;
    json::array items;
    json::object item;
    if (data.get_array().get(items) != simdjson::SUCCESS || items.size() != 1) return;
    if (items.at(0).get_object().get(item) == simdjson::SUCCESS) read_item(item, out);
}

Fields read_fields(json::object root) {
    Fields out;
    for (const auto& [key, value] : root) {
        if (key == "code") out.code = code_of(value);
        if (key == "data") read_data(value, out);
    }
    return out;
}

AnswerClass class_of(int http_status, const Fields& fields) {
    if (fields.code == no_code) return class_of_status(http_status);
    const AnswerClass by_code =
        fields.code != 0 ? class_of_code(fields.code) : (fields.result ? confirmed : failed);
    const bool ends_the_trying = by_code == confirmed || by_code == nothing_left;
    return ends_the_trying && http_status != 200 ? failed : by_code;
}

}  // namespace

std::span<const CodeRule> code_table() {
    return table;
}

// OKX's codes are 0 to 2 and five digits; a gateway before it says {"code":500} or HTML.
bool is_final(const Answer& answer) {
    const bool of_okx = answer.code <= 2 || (answer.code >= 50'000 && answer.code != no_code);
    return of_okx && answer.answer_class != AnswerClass::ambiguous;
}

std::string_view why(std::uint32_t code) {
    const CodeRule* rule = find_rule(code);
    return rule != nullptr ? rule->why : std::string_view{};
}

struct AnswerReader::Impl {
    json::parser parser{answer_body_max};
    std::vector<char> padded = std::vector<char>(answer_body_max + simdjson::SIMDJSON_PADDING);

    // The whole text is checked before any of it counts: a lazy reader would take
    // a truncated answer's first half for a confirmation. simdjson reads up to
    // SIMDJSON_PADDING bytes behind the text, so it is copied to where they are
    // ours.
    bool open(std::string_view body, json::object& root) {
        if (body.empty() || body.size() > answer_body_max) return false;
        std::memcpy(padded.data(), body.data(), body.size());
        std::memset(padded.data() + body.size(), 0, simdjson::SIMDJSON_PADDING);
        return parser.parse(padded.data(), body.size(), false).get_object().get(root) ==
               simdjson::SUCCESS;
    }
};

AnswerReader::AnswerReader() : impl_(std::make_unique<Impl>()) {
    // The parser's memory grows with the text: let it meet the largest one now.
    json::object root;
    impl_->open(std::string(answer_body_max - 2, ' ') + "{}", root);
    check(impl_->parser.capacity() >= answer_body_max, "memory for answers at start");
}

AnswerReader::~AnswerReader() = default;

Answer AnswerReader::mass_cancel(int http_status, std::string_view body) {
    Answer answer;
    answer.http_status = http_status;
    Fields fields;
    json::object root;
    if (impl_->open(body, root)) fields = read_fields(root);
    if (fields.item_code != no_code && fields.item_code != 0) fields.code = fields.item_code;
    answer.code = fields.code;
    answer.answer_class = class_of(http_status, fields);
    return answer;
}

std::optional<WallMillis> AnswerReader::time(int http_status, std::string_view body) {
    json::object root;
    std::string_view text;
    if (http_status != 200 || !impl_->open(body, root)) return std::nullopt;
    if (root["data"].at(0)["ts"].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    WallMillis ts;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ts.value);
    const bool plausible = ts.value > 1'577'836'800'000 &&
                           ts.value < 9'000'000'000'000;  // 2020; 2255, as ns in 64 bits
    if (error != std::errc{} || end != text.data() + text.size() || !plausible) return std::nullopt;
    return ts;
}

std::optional<std::vector<std::string>> AnswerReader::option_families(int http_status,
                                                                      std::string_view body) {
    json::object root;
    json::element code;
    json::array rows;
    if (http_status != 200 || !impl_->open(body, root)) return std::nullopt;
    if (root["code"].get(code) != simdjson::SUCCESS || code_of(code) != 0) return std::nullopt;
    if (root["data"].get_array().get(rows) != simdjson::SUCCESS) return std::nullopt;
    std::vector<std::string> names;
    for (const json::element row : rows) {
        std::string_view name;
        const bool read = row["instFamily"].get_string().get(name) == simdjson::SUCCESS;
        const bool sound = read && !name.empty() && name.size() <= family_name_max;
        if (!sound || names.size() == option_families_max) return std::nullopt;
        names.emplace_back(name);
    }
    return names;
}

}  // namespace scram
