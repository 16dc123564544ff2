// The words that the file has for our enums, in the order of the enums.
#pragma once

#include <string_view>

#include "core/model/plan.h"

namespace scram::config {

inline constexpr std::string_view wait_words[] = {"sleep", "spin"};
inline constexpr std::string_view ready_when_words[] = {"armed", "first_link"};
inline constexpr std::string_view readable_credentials_words[] = {"refuse", "warn"};
inline constexpr std::string_view records_words[] = {"sealed", "plain"};
inline constexpr std::string_view kind_words[] = {"limit",      "drawdown", "change", "count",
                                                  "divergence", "stale",    "gone",   "bad"};
inline constexpr std::string_view bound_words[] = {"above", "below", "beyond"};
inline constexpr std::string_view per_words[] = {"family", "all"};
inline constexpr std::string_view over_words[] = {"sum", "each"};
inline constexpr std::string_view on_stop_words[] = {"leave", "disarm"};
inline constexpr std::string_view after_crash_words[] = {"latched", "fire", "armed"};

// Rules of these names cover every source that no rule of the file covers.
inline constexpr std::string_view implicit_gone = "gone";
inline constexpr std::string_view implicit_bad = "bad";

template <class Enum, std::size_t n>
constexpr std::string_view word(const std::string_view (&words)[n], Enum value) {
    return words[static_cast<std::size_t>(value)];
}

}  // namespace scram::config
