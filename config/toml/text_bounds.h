// What a text may not exceed before the TOML library is asked to read it. The library builds and
// frees nested tables by recursion, so that a key of ten thousand parts would exhaust the stack of
// the process that reads it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/toml/document.h"

namespace scram::config {

inline constexpr std::size_t nesting_max = 16;    // lists and inline tables within each other
inline constexpr std::size_t key_parts_max = 16;  // a.b.c has three

struct TextFault {
    Place place;
    std::string message;
};

// The first place that exceeds a bound. Reads the text once, whatever it is.
std::optional<TextFault> beyond_bounds(std::string_view text);

}  // namespace scram::config
