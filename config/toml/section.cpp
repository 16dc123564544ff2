#include "config/toml/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace scram::config {
namespace {

Place place_of(const toml::node& node) {
    return {node.source().begin.line, node.source().begin.column};
}

std::string shown(const toml::node& node) {
    if (const auto text = node.value_exact<std::string_view>()) return short_in_quotes(*text);
    if (const auto number = node.value_exact<std::int64_t>()) return fmt::format("{}", *number);
    if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
    if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
    if (const auto* array = node.as_array()) return array->empty() ? "an empty list" : "a list";
    if (node.is_table()) return "a table";
    return "a date or time";
}

std::string because(std::string_view why) {
    return why.empty() ? "" : fmt::format(" ({})", why);
}

std::optional<double> finite_number(const toml::node& node) {
    const auto number = node.is_number() ? node.value<double>() : std::nullopt;
    return number && std::isfinite(*number) ? number : std::nullopt;
}

// Names, paths and headers are made of these texts: none may hide a line end or a NUL.
std::optional<std::string> plain_text(const toml::node& node) {
    auto text = node.value_exact<std::string>();
    const auto is_control = [](char c) { return c == 0x7f || (c >= 0 && c < ' '); };
    if (!text || text->empty() || std::any_of(text->begin(), text->end(), is_control)) return {};
    return text;
}

constexpr std::string_view plain_text_expected =
    "a string in quotes, not empty and without control characters";

}  // namespace

Section::Section(Document& document, const toml::table& table, std::string title)
    : document_(&document), table_(&table), title_(std::move(title)) {}

void Section::read(std::string_view key, bool& out) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto flag = node->value_exact<bool>();
    if (!flag) return refuse(key, *node, "true or false");
    out = *flag;
}

void Section::read(std::string_view key, std::string& out) {
    if (const auto found = text(key)) out = found->value;
}

void Section::read(std::string_view key, double& out) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto number = finite_number(*node);
    if (!number) return refuse(key, *node, "a finite number");
    out = *number;
}

void Section::read(std::string_view key, std::vector<double>& out) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto* array = node->as_array();
    if (array == nullptr) return refuse(key, *node, "a list of numbers, as in [0.5, 0.8]");
    std::vector<double> numbers;
    for (const auto& item : *array) {
        const auto number = finite_number(item);
        if (!number) return refuse(key, item, "a finite number");
        numbers.push_back(*number);
    }
    out = std::move(numbers);
}

void Section::read_ms(std::string_view key, Duration& out, Range<double> range) {
    read_duration(key, out, range, "milliseconds", 1e6);
}

void Section::read_s(std::string_view key, Duration& out, Range<double> range) {
    read_duration(key, out, range, "seconds", 1e9);
}

void Section::read_duration(std::string_view key, Duration& out, Range<double> range,
                            std::string_view unit, double ns_of_unit) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto number = finite_number(*node);
    if (!number || *number < range.min || *number > range.max) {
        return refuse(key, *node,
                      fmt::format("a number of {} from {} to {}{}", unit, range.min, range.max,
                                  because(range.why)));
    }
    out = Duration{std::llround(*number * ns_of_unit)};
}

std::optional<std::int64_t> Section::integer(std::string_view key, Range<std::int64_t> range) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto number = node->value_exact<std::int64_t>();
    if (number && *number >= range.min && *number <= range.max) return number;
    refuse(key, *node,
           fmt::format("an integer from {} to {}{}", range.min, range.max, because(range.why)));
    return std::nullopt;
}

std::optional<std::size_t> Section::choice(std::string_view key,
                                           std::vector<std::string_view> names) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto word = node->value_exact<std::string_view>().value_or("");
    const auto found = std::find(names.begin(), names.end(), word);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    std::vector<std::string> all;
    for (const auto name : names) all.push_back(in_quotes(name));
    refuse(key, *node, "one of " + joined({all.begin(), all.end()}));
    return std::nullopt;
}

std::optional<Text> Section::text(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (const auto value = plain_text(*node)) return Text{*value, place_of(*node)};
    refuse(key, *node, plain_text_expected);
    return std::nullopt;
}

std::optional<Text> Section::text_or_empty(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (node->value_exact<std::string>() == "") return Text{"", place_of(*node)};
    return text(key);
}

std::optional<std::vector<Text>> Section::list(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto* array = node->as_array();
    if (array == nullptr) {
        refuse(key, *node, "a list of strings, as in [\"...\"]");
        return std::nullopt;
    }
    std::vector<Text> texts;
    for (const auto& item : *array) {
        const auto value = plain_text(item);
        if (value) texts.push_back({*value, place_of(item)});
        if (!value) refuse(key, item, plain_text_expected);
    }
    return texts;
}

std::optional<Section> Section::table(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    const bool at_top = title_.empty();
    auto title = at_top ? fmt::format("[{}]", key) : fmt::format("{} {}", title_, key);
    if (const auto* found = node->as_table()) return Section{*document_, *found, std::move(title)};
    refuse(key, *node,
           fmt::format("a table, as in {}", at_top ? title : fmt::format("{} = {{...}}", key)));
    return std::nullopt;
}

std::vector<Section> Section::tables(std::string_view key, std::size_t count_max) {
    const auto* node = find(key);
    if (node == nullptr) return {};
    const auto title = fmt::format("[[{}]]", key);
    const auto* array = node->as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
        refuse(key, *node, fmt::format("sections that each start with a line {}", title));
        return {};
    }
    if (array->size() > count_max) {
        document_->error(
            place_of((*array)[count_max]),
            fmt::format("{}: expected at most {}, got {}", title, count_max, array->size()));
    }
    std::vector<Section> sections;
    for (std::size_t i = 0; i < std::min(array->size(), count_max); ++i) {
        sections.emplace_back(*document_, *(*array)[i].as_table(), title);
    }
    return sections;
}

bool Section::has(std::string_view key) {
    return find(key) != nullptr;
}

void Section::need(std::string_view key, std::string_view what) {
    if (!has(key))
        error(key, fmt::format("{}: expected the key {} ({})", title_, in_quotes(key), what));
}

void Section::end() {
    for (const auto& [key, node] : *table_) {
        if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
        const Place place{key.source().begin.line, key.source().begin.column};
        if (document_->only_counts(place)) {
            document_->error(place, {});
            continue;
        }
        document_->error(
            place, fmt::format("unknown key {} {}{}{}; expected one of {}",
                               short_in_quotes(key.str()), title_.empty() ? "at the top" : "in ",
                               title_, did_you_mean(key.str(), known_), joined(known_)));
    }
}

void Section::error(std::string_view key, std::string message) {
    refused_.push_back(key);
    const auto* node = table_->get(key);
    document_->error(node != nullptr ? place_of(*node) : place(), std::move(message));
}

bool Section::sound(std::initializer_list<std::string_view> keys) const {
    return std::find_first_of(refused_.begin(), refused_.end(), keys.begin(), keys.end()) ==
           refused_.end();
}

void Section::add_to_title(std::string_view name) {
    title_ += fmt::format(" {}", name);
}

Place Section::place() const {
    return title_.empty() ? Place{} : place_of(*table_);
}

const toml::node* Section::find(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
    return table_->get(key);
}

void Section::refuse(std::string_view key, const toml::node& node, std::string_view expected) {
    refused_.push_back(key);
    document_->error(place_of(node),
                     fmt::format("{}: expected {}, got {}", key, expected, shown(node)));
}

}  // namespace scram::config
