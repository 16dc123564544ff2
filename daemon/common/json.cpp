#include "daemon/common/json.h"

#include <fmt/format.h>

#include <cmath>

namespace scram {

std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t size = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
    if (size == 0 || size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    const bool too_high = first == 0xf4 && byte(1) >= 0x90;
    return overlong || surrogate || too_high ? 0 : size;
}

namespace {

// Of a sequence that is whole.
std::uint32_t code_point(std::string_view sequence) {
    const auto first = static_cast<unsigned char>(sequence[0]);
    std::uint32_t code = sequence.size() == 1 ? first : first & (0x7fu >> sequence.size());
    for (const char next : sequence.substr(1))
        code = code << 6 | (static_cast<unsigned char>(next) & 0x3fu);
    return code;
}

}  // namespace

bool is_command_to_terminal(std::string_view sequence) {
    const std::uint32_t code = code_point(sequence);
    const auto within = [code](std::uint32_t low, std::uint32_t high) {
        return code >= low && code <= high;
    };
    return code < 0x20 || within(0x7f, 0x9f) || code == 0x061c || within(0x200e, 0x200f) ||
           within(0x2028, 0x202e) || within(0x2066, 0x2069) || code == 0xfeff;
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const std::size_t size = utf8_length(text);
        const char c = text[0];
        if (size == 0) {
            out += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            out.append("\\").push_back(c);
        } else if (is_command_to_terminal(text.substr(0, size))) {
            out += fmt::format("\\u{:04x}", code_point(text.substr(0, size)));
        } else {
            out.append(text.substr(0, size));
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return out + "\"";
}

std::string json_number(double value) {
    return std::isfinite(value) ? fmt::format("{}", value) : std::string("null");
}

}  // namespace scram
