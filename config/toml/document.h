// The operator's text, and everything that is wrong with it so far.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace scram::config {

inline constexpr std::size_t errors_max = 50;  // that are told; more are counted

struct Place {
    std::uint32_t line = 0;  // from 1; 0: the file as a whole
    std::uint32_t column = 0;
};

class Document {
  public:
    Document(std::string_view text, std::filesystem::path file, ForWhat for_what = ForWhat::daemon);

    void error(Place place, std::string message);
    // What voids one entry, and nothing else: the file loads all the same.
    void warn(Place place, std::string message);
    // An error for the daemon; for a kill without it no reason to leave the rest alone.
    void refuse_unless_for_a_kill(Place place, std::string message);
    // As many errors stand before this place as are told: one here would be counted only, and
    // needs no text.
    bool only_counts(Place place) const;
    bool failed() const { return !errors_.first.empty(); }
    std::vector<ConfigError> errors() const { return all_of(errors_, "errors"); }
    std::vector<ConfigError> warnings() const { return all_of(warnings_, "warnings"); }

    // A path in the file is absolute, or starts at the file's own folder.
    std::filesystem::path resolve(const std::filesystem::path& path) const;

  private:
    // The first by their lines, and how many more there are.
    struct Found {
        std::vector<ConfigError> first;
        std::size_t more = 0;
        bool only_counts(Place place) const;
    };
    void add(Found& to, Place place, std::string message);
    std::vector<ConfigError> all_of(const Found& found, std::string_view what) const;

    std::vector<std::string_view> lines_;
    std::filesystem::path file_;
    ForWhat for_what_;
    Found errors_;
    Found warnings_;
};

// Between quotes, with TOML's escapes: safe to print, and TOML again.
std::string in_quotes(std::string_view text);
std::string joined(const std::vector<std::string_view>& words);

// The same of its first letters, if it is long: for messages.
std::string short_in_quotes(std::string_view text);

// " (did you mean "share"?)", or nothing if no accepted word is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& accepted);

}  // namespace scram::config
