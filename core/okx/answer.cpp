#include "core/okx/answer.h"

#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/okx/answer_json.h"

namespace scram {
namespace {

using enum AnswerClass;
namespace json = simdjson::dom;

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
        fields.code != 0 ? class_of_code(fields.code) : (fields.result ? accepted : failed);
    const bool ends_the_trying = by_code == accepted || by_code == nothing_left;
    return ends_the_trying && http_status != 200 ? failed : by_code;
}

}  // namespace

// OKX's codes are 0 to 2 and five digits; a gateway before it says {"code":500} or HTML.
bool is_final(const Answer& answer) {
    const bool of_okx = answer.code <= 2 || (answer.code >= 50'000 && answer.code != no_code);
    return of_okx && answer.answer_class != AnswerClass::ambiguous;
}

AnswerReader::AnswerReader() : json_(std::make_unique<AnswerJson>()) {
    // The parser's memory grows with the text: let it meet the largest one now.
    json::object root;
    std::string largest(answer_body_max, ' ');
    largest.replace(largest.size() - 2, 2, "{}");
    json_->open(largest, root);
    check(json_->capacity() >= answer_body_max, "memory for answers at start");
}

AnswerReader::~AnswerReader() = default;

Answer AnswerReader::mass_cancel(int http_status, std::string_view body) {
    Answer answer;
    answer.http_status = http_status;
    Fields fields;
    json::object root;
    if (json_->open(body, root)) fields = read_fields(root);
    if (fields.item_code != no_code && fields.item_code != 0) fields.code = fields.item_code;
    answer.code = fields.code;
    answer.answer_class = class_of(http_status, fields);
    return answer;
}

std::optional<WallMillis> AnswerReader::time(int http_status, std::string_view body) {
    json::object root;
    std::string_view text;
    if (http_status != 200 || !json_->open(body, root)) return std::nullopt;
    if (root["data"].at(0)["ts"].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    const WallMillis ts{static_cast<std::int64_t>(whole_number(text).value_or(0))};
    return is_plausible(ts) ? std::optional(ts) : std::nullopt;
}

std::optional<std::vector<std::string>> AnswerReader::option_families(int http_status,
                                                                      std::string_view body) {
    json::object root;
    json::element code;
    json::array rows;
    if (http_status != 200 || !json_->open(body, root)) return std::nullopt;
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
