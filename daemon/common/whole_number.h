// A number on a command line is read whole or refused: CLI11 takes "" for 0, and a script whose
// $(...) failed would publish a position of 0.
#pragma once

#include <charconv>
#include <string>

namespace scram {

// As a CLI11 check: why the text is refused, or nothing.
inline std::string whole_number(const std::string& text) {
    const char* begin = text.data();
    const char* const end = begin + text.size();
    if (text.size() > 1 && *begin == '+' && begin[1] != '-') ++begin;
    double number = 0;
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (error == std::errc{} && stop == end) return {};
    return "expected a number, got \"" + text + "\"";
}

}  // namespace scram
