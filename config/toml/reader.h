// Reads the keys of one section as config/toml/keys.h declares them, with the checks of each kind
// of key. What is wrong is collected in the section's document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/toml/section.h"

namespace scram::config {

class Reader {
  public:
    explicit Reader(Section& section) : section_(section) {}

    void flag(std::string_view key, bool& out) { section_.read(key, out); }
    template <class Integer>
    void number(std::string_view key, Integer& out, Range<std::int64_t> range) {
        section_.read(key, out, range);
    }
    void ms(std::string_view key, Duration& out, Range<double> range) {
        section_.read_ms(key, out, range);
    }
    template <class Enum, std::size_t n>
    void word(std::string_view key, Enum& out, const std::string_view (&words)[n]) {
        section_.read(key, out, words);
    }
    void s(std::string_view key, Duration& out, Range<double> range) {
        section_.read_s(key, out, range);
    }
    void hosts(std::string_view key, std::vector<std::string>& out);
    void address(std::string_view key, std::string& out);
    void device(std::string_view key, std::string& out);
    void pins(std::string_view key, std::vector<std::string>& out);
    void file(std::string_view key, std::string& out);
    void socket(std::string_view key, std::string& out);
    void mode(std::string_view key, std::uint32_t& out);
    void metrics(std::string_view key, std::vector<std::string>& out);
    void tag(std::string_view key, std::string& out);

  private:
    void check_hosts(std::string_view key, const std::vector<Text>& hosts);

    Section& section_;
};

}  // namespace scram::config
