// Config texts for the tests: the smallest that loads, and what each test adds to it.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"

namespace scram::test {

inline const std::string account = R"([[account]]
name = "mm-1"
credentials = "mm-1.credentials"
)";

// One account, two families, one source, two metrics.
inline const std::string small = R"(metrics = ["delta", "pnl"]
)" + account + R"([[family]]
name = "mm-1/BTC-USD"
[[family]]
name = "mm-1/ETH-USD"
[[source]]
name = "maker-1"
)";

inline std::string rule(const std::string& keys) {
    return small + "[[rule]]\nname = \"r\"\n" + keys + "\n";
}

inline std::vector<ConfigError> errors_of(const std::string& text) {
    auto result = parse(text, "/etc/scramd/scramd.toml");
    if (auto* errors = std::get_if<std::vector<ConfigError>>(&result)) return *errors;
    return {};
}

// The messages of all errors, one a line.
inline std::string messages(const std::string& text) {
    std::string all;
    for (const auto& error : errors_of(text)) all += error.message + "\n";
    return all;
}

// The messages about a rule with these keys.
inline std::string refused(const std::string& keys) {
    return messages(rule(keys));
}

inline Config config_of(const std::string& text) {
    auto result = parse(text, "/etc/scramd/scramd.toml");
    if (auto* config = std::get_if<Config>(&result)) return std::move(*config);
    FAIL_CHECK(messages(text));
    return {};
}

inline RuleSpec first_rule(const std::string& keys) {
    const auto config = config_of(rule(keys));
    REQUIRE_FALSE(config.plan.rules.empty());
    return config.plan.rules.front();
}

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

// Removed with all that is in it.
class TempFolder {
  public:
    TempFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "scram-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TempFolder() { std::filesystem::remove_all(path_); }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream{path_ / name, std::ios::binary} << text;
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

// $CREDENTIALS_DIRECTORY for one test.
class CredentialsFolder {
  public:
    explicit CredentialsFolder(const std::filesystem::path& path) {
        setenv("CREDENTIALS_DIRECTORY", path.c_str(), 1);
    }
    ~CredentialsFolder() { unsetenv("CREDENTIALS_DIRECTORY"); }
    CredentialsFolder(const CredentialsFolder&) = delete;
    CredentialsFolder& operator=(const CredentialsFolder&) = delete;
};

inline std::string repeated(int count, const std::string& header, const std::string& prefix) {
    std::string text;
    for (int i = 0; i < count; ++i)
        text += header + "\nname = \"" + prefix + std::to_string(i) + "\"\n";
    return text;
}

}  // namespace scram::test
