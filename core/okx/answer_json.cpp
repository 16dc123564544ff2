#include "core/okx/answer_json.h"

#include <charconv>
#include <cstring>

namespace scram {
namespace {

std::uint32_t code_of_text(std::string_view text) {
    std::uint32_t code = no_code;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
    const bool whole = end == text.data() + text.size() || *end == '_';
    return error == std::errc{} && whole ? code : no_code;
}

}  // namespace

// simdjson reads up to SIMDJSON_PADDING bytes behind the text, so it is copied to where they are
// ours.
bool AnswerJson::open(std::string_view body, simdjson::dom::object& root) {
    if (body.empty() || body.size() > answer_body_max) return false;
    std::memcpy(padded_.data(), body.data(), body.size());
    std::memset(padded_.data() + body.size(), 0, simdjson::SIMDJSON_PADDING);
    return parser_.parse(padded_.data(), body.size(), false).get_object().get(root) ==
           simdjson::SUCCESS;
}

std::uint32_t code_of(simdjson::dom::element value) {
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) return code_of_text(text);
    std::uint64_t number = 0;
    if (value.get_uint64().get(number) != simdjson::SUCCESS || number >= no_code) return no_code;
    return static_cast<std::uint32_t>(number);
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool is_plausible(WallMillis time) {
    return time.value > 1'577'836'800'000 &&
           time.value < 9'000'000'000'000;  // 2020; 2255, as ns in 64 bits
}

}  // namespace scram
