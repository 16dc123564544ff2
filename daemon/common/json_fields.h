// Fields of a JSON answer, as the printing functions want them: what is missing is "-", 0 or empty.
#pragma once

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/common/json.h"

namespace scram::printing {

namespace dom = simdjson::dom;

// In one line, and without what a terminal would take as a command: somebody else wrote some of it.
inline std::string text_of(dom::element value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return simdjson::minify(value);
    std::string out;
    while (!text.empty()) {
        const std::size_t size = std::max<std::size_t>(utf8_length(text), 1);
        const std::string_view sequence = text.substr(0, size);
        const bool is_shown = utf8_length(text) > 0 && !is_command_to_terminal(sequence);
        out.append(is_shown ? sequence : "?");
        text.remove_prefix(size);
    }
    return out;
}

// The field as text, or `otherwise` if there is none.
inline std::string field(dom::element object, std::string_view key,
                         std::string_view otherwise = "-") {
    dom::element value;
    if (object[key].get(value) != simdjson::SUCCESS) return std::string(otherwise);
    return text_of(value);
}

// As it stands, for a program.
inline std::string raw(dom::element object, std::string_view key) {
    dom::element value;
    if (object[key].get(value) != simdjson::SUCCESS) return "null";
    return simdjson::minify(value);
}

inline bool has(dom::element object, std::string_view key) {
    dom::element value;
    return object[key].get(value) == simdjson::SUCCESS;
}

inline double number(dom::element object, std::string_view key) {
    double value = 0;
    return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

inline std::vector<dom::element> list(dom::element object, std::string_view key) {
    dom::array items;
    if (object[key].get(items) != simdjson::SUCCESS) return {};
    return {items.begin(), items.end()};
}

inline bool flag(dom::element object, std::string_view key) {
    bool value = false;
    return object[key].get(value) == simdjson::SUCCESS && value;
}

// The time of day in UTC, as in the receipts, the journal and at OKX, whatever this host's zone.
inline std::string clock_time(std::int64_t wall_ms) {
    const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
    return fmt::format("{:%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), wall_ms % 1000);
}

// With its day.
inline std::string utc_time(std::int64_t wall_ms) {
    const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
    return fmt::format("{:%Y-%m-%d}T{}", fmt::gmtime(seconds), clock_time(wall_ms));
}

// "3.1 s", "5 min", "4 h", "9 d".
inline std::string span_text(double s) {
    if (s < 120) return fmt::format("{:.1f} s", s);
    if (s < 7200) return fmt::format("{:.0f} min", s / 60);
    return s < 48 * 3600 ? fmt::format("{:.0f} h", s / 3600) : fmt::format("{:.0f} d", s / 86400);
}

// Of a family that one person wants armed, and a second must.
inline std::string wanted_text(dom::element family) {
    return fmt::format("{} wants it armed, a second person must too within {:.0f} s",
                       field(family, "rearm_wanted_by"), number(family, "rearm_left_ms") / 1000);
}

}  // namespace scram::printing
