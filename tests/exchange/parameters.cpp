#include "tests/exchange/parameters.h"

#include <fmt/format.h>

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "tests/exchange/codes.h"

namespace scram::okxsim {
namespace {

namespace dom = simdjson::dom;

using Text = std::variant<std::string, Answer>;

Answer wrong(std::string_view name) {
    return refuse("51000", fmt::format("Parameter {} error", name));
}

Text required_text(const dom::object& object, std::string_view name) {
    dom::element element;
    if (object[name].get(element) != simdjson::SUCCESS) {
        return refuse("50014", fmt::format("Parameter {} cannot be empty.", name));
    }
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) return wrong(name);
    if (text.empty()) return refuse("50014", fmt::format("Parameter {} cannot be empty.", name));
    return std::string(text);
}

// BTC-USD, BTC-USD_UM
bool has_family_form(std::string_view family) {
    const auto dash = family.find('-');
    return dash != family.npos && dash > 0 && dash + 1 < family.size() &&
           std::ranges::count(family, '-') == 1 && std::ranges::all_of(family, [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

// Nothing: out of [0, 10000] or no integer at all.
std::optional<std::chrono::milliseconds> lock_from(std::string_view text) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    if (value < 0 || value > lock_max.count()) return {};
    return std::chrono::milliseconds(value);
}

std::variant<MassCancel, Answer> from_object(const dom::object& object,
                                             const std::vector<std::string>& families) {
    Text type = required_text(object, "instType");
    if (Answer* refusal = std::get_if<Answer>(&type)) return std::move(*refusal);
    if (std::get<std::string>(type) != "OPTION") return wrong("instType");

    Text family = required_text(object, "instFamily");
    if (Answer* refusal = std::get_if<Answer>(&family)) return std::move(*refusal);
    if (!family_exists(std::get<std::string>(family), families)) return wrong("instFamily");

    MassCancel cancel{.family = std::get<std::string>(family)};
    dom::element element;
    if (object["lockInterval"].get(element) != simdjson::SUCCESS) return cancel;
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) return wrong("lockInterval");
    const auto lock = lock_from(text);
    if (!lock) return refuse("54009");
    cancel.lock = *lock;
    return cancel;
}

}  // namespace

std::variant<MassCancel, Answer> parse_mass_cancel(const Request& request,
                                                   const std::vector<std::string>& families) {
    if (!request.header("content-type").starts_with("application/json")) return refuse("50006");
    if (request.body.empty()) return refuse("50000");
    dom::parser parser;
    dom::element root;
    dom::object object;
    if (parser.parse(request.body).get(root) != simdjson::SUCCESS) return refuse("50002");
    if (root.get(object) != simdjson::SUCCESS) return refuse("50002");
    return from_object(object, families);
}

bool family_exists(const std::string& family, const std::vector<std::string>& families) {
    if (families.empty()) return has_family_form(family);
    return std::ranges::find(families, family) != families.end();
}

std::string member_text(const std::string& json, std::string_view name) {
    dom::parser parser;
    dom::element root;
    dom::element member;
    if (parser.parse(json).get(root) != simdjson::SUCCESS || !root.is_object()) return {};
    if (root[name].get(member) != simdjson::SUCCESS) return {};
    std::string_view text;
    if (member.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(member);
}

}  // namespace scram::okxsim
