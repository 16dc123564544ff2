#include "tests/exchange/json_body.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "tests/exchange/codes.h"
#include "tests/exchange/parameters.h"

namespace scram::okxsim {

void Fields::refused(Answer answer) {
    if (!refusal_) refusal_ = std::move(answer);
}

void Fields::refuse_for(std::string_view name) {
    refused(refuse("51000", fmt::format("Parameter {} error", name)));
}

std::string Fields::text(std::string_view name) {
    std::string found = text_or(name, "");
    if (found.empty()) {
        refused(refuse("50014", fmt::format("Parameter {} cannot be empty.", name)));
    }
    return found;
}

std::string Fields::text_or(std::string_view name, std::string_view otherwise) {
    simdjson::dom::element element;
    if (object_[name].get(element) != simdjson::SUCCESS) return std::string(otherwise);
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) refuse_for(name);
    return std::string(text);
}

std::int64_t Fields::count(std::string_view name) {
    const std::string digits = text(name);
    std::int64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || at != end || value < 0) refuse_for(name);
    return value;
}

std::int64_t Fields::count_or_number(std::string_view name) {
    std::int64_t value = 0;
    if (object_[name].get(value) != simdjson::SUCCESS) return count(name);
    if (value < 0) refuse_for(name);
    return value;
}

std::string Fields::family(const std::vector<std::string>& families) {
    std::string found = text("instFamily");
    if (!family_exists(found, families)) refuse_for("instFamily");
    return found;
}

std::optional<Answer> read_json(const Request& request, simdjson::dom::parser& parser,
                                simdjson::dom::element& root) {
    if (!request.header("content-type").starts_with("application/json")) return refuse("50006");
    if (request.body.empty()) return refuse("50000");
    if (parser.parse(request.body).get(root) != simdjson::SUCCESS) return refuse("50002");
    return {};
}

}  // namespace scram::okxsim
