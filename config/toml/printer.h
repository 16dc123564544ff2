// The keys of the effective config as lines "key = value", as a file could have them.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/toml/document.h"
#include "config/toml/section.h"
#include "config/toml/words.h"

namespace scram::config {

template <class Value>
std::string line(std::string_view key, const Value& value) {
    return fmt::format("{} = {}", key, value);
}

inline std::string line_ms(std::string_view key, Duration value) {
    return line(key, std::chrono::duration<double, std::milli>{value}.count());
}

inline std::string list(std::vector<std::string> texts) {
    for (auto& text : texts) text = in_quotes(text);
    return fmt::format("[{}]", fmt::join(texts, ", "));
}

// Writes what config/toml/keys.h declares.
class Printer {
  public:
    explicit Printer(std::vector<std::string>& lines, std::string prefix = {})
        : lines_(lines), prefix_(std::move(prefix)) {}

    void flag(std::string_view key, bool value) { add(key, value); }
    template <class Integer>
    void number(std::string_view key, Integer value, Range<std::int64_t>) {
        add(key, value);
    }
    void ms(std::string_view key, Duration value, Range<double>) {
        lines_.push_back(line_ms(prefix_ + std::string(key), value));
    }
    void s(std::string_view key, Duration value, Range<double>) {
        add(key, std::chrono::duration<double>{value}.count());
    }
    template <class Enum, std::size_t n>
    void word(std::string_view key, Enum value, const std::string_view (&words)[n]) {
        add(key, in_quotes(config::word(words, value)));
    }
    void socket(std::string_view key, const std::string& value) { add(key, in_quotes(value)); }
    void mode(std::string_view key, std::uint32_t value) {
        add(key, fmt::format("\"{:04o}\"", value));
    }
    void hosts(std::string_view key, const std::vector<std::string>& value) {
        add(key, list(value));
    }
    void pins(std::string_view key, const std::vector<std::string>& value) {
        add(key, list(value));
    }
    void metrics(std::string_view key, const std::vector<std::string>& value) {
        add(key, list(value));
    }
    void tag(std::string_view key, const std::string& value) { add(key, in_quotes(value)); }
    // Not given, and without a default.
    void file(std::string_view key, const std::string& value) {
        if (!value.empty()) add(key, in_quotes(value));
    }
    void address(std::string_view key, const std::string& value) { file(key, value); }
    void device(std::string_view key, const std::string& value) { file(key, value); }

  private:
    template <class Value>
    void add(std::string_view key, const Value& value) {
        lines_.push_back(line(prefix_ + std::string(key), value));
    }

    std::vector<std::string>& lines_;
    std::string prefix_;
};

}  // namespace scram::config
