// What the command line takes as a number, as CLI11 checks: why the text is refused, or nothing.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include "daemon/common/whole_number.h"

namespace scram {

inline std::string wait_seconds(const std::string& text) {
    constexpr double day = 86400;
    if (std::string why = whole_number(text); !why.empty()) return why;
    const double seconds = std::stod(text);
    if (seconds >= 0 && seconds <= day) return {};
    return "expected seconds from 0 (do not wait) to 86400 (a day), got \"" + text + "\"";
}

// CLI11 would take -3 for 2^64 - 3.
inline std::string trip_id(const std::string& text) {
    std::uint64_t id = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, id);
    if (error == std::errc{} && stop == end && id > 0) return {};
    return "expected the id of a trip, a number from 1 that 'scramctl receipts' lists, got \"" +
           text + "\"";
}

}  // namespace scram
