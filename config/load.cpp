// From the file's bytes to a Config, or to everything that is wrong with it.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "config/sections.h"

namespace scram {
namespace {

constexpr std::uintmax_t file_bytes_max = std::uintmax_t{4} << 20;

std::vector<ConfigError> whole_file_error(const std::filesystem::path& file, std::string message) {
    return {{file, 0, 0, std::move(message), {}}};
}

// Why `file` is not worth opening; empty if it is.
std::string refuse_reason(const std::filesystem::path& file) {
    std::error_code failed;
    const auto status = std::filesystem::status(file, failed);
    if (failed) return fmt::format("cannot be read: {}", failed.message());
    if (status.type() != std::filesystem::file_type::regular) return "is not a regular file";
    const auto size = std::filesystem::file_size(file, failed);
    if (failed) return fmt::format("cannot be read: {}", failed.message());
    if (size > file_bytes_max) return fmt::format("is larger than {} bytes", file_bytes_max);
    return {};
}

void read_config(const toml::table& root, config::Document& document, Config& config) {
    config::Section top{document, root, ""};
    config::read_top(top, config);
    config::read_exchange(top, config);
    config::read_timings(top, config);
    config::read_wire(top, config);
    config::read_paths(top, config);
    config::read_journal(top, config);
    config::read_rights(top, config);
    config::read_accounts(top, config);
    config::read_sources(top, config);
    config::look_up_people(config);
    config::read_rules(top, config);
    top.end();
}

// The library stops at the first thing that is not TOML, so here, and only here, errors come
// singly.
void add_syntax_error(config::Document& document, const toml::parse_error& error) {
    const auto& at = error.source().begin;
    document.error(
        {at.line, at.column},
        fmt::format("this is not TOML, and reading stopped here: {}", error.description()));
}

}  // namespace

LoadResult load(const std::filesystem::path& file) {
    try {
        if (auto reason = refuse_reason(file); !reason.empty())
            return whole_file_error(file, std::move(reason));
        std::ifstream stream{file, std::ios::binary};
        const std::string text{std::istreambuf_iterator<char>{stream}, {}};
        if (!stream)
            return whole_file_error(file, fmt::format("cannot be read: {}", std::strerror(errno)));
        return parse(text, file);
    } catch (const std::exception& error) {
        return whole_file_error(file, fmt::format("cannot be read: {}", error.what()));
    }
}

LoadResult parse(std::string_view toml, const std::filesystem::path& file_name) {
    try {
        config::Document document{toml, file_name};
        Config config;
        config.file = file_name;
        try {
            read_config(toml::parse(toml), document, config);
        } catch (const toml::parse_error& error) {
            add_syntax_error(document, error);
        }
        if (document.failed()) return document.errors();
        return config;
    } catch (const std::exception& error) {
        return whole_file_error(file_name, fmt::format("cannot be read: {}", error.what()));
    }
}

}  // namespace scram
