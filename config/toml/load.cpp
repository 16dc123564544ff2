// From the file's bytes to a Config, or to everything that is wrong with it.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "config/plain_file.h"
#include "config/toml/sections.h"
#include "config/toml/text_bounds.h"
#include "config/toml/validate.h"

namespace scram {
namespace {

std::vector<ConfigError> whole_file_error(const std::filesystem::path& file, std::string message) {
    return {{file, 0, 0, std::move(message), {}}};
}

std::string because_of(int error) {
    return fmt::format("cannot be read: {}", std::strerror(error));
}

// What the file holds; says why it cannot be read.
std::string read_file(const std::filesystem::path& file, std::string& text) {
    const UniqueFd opened = open_to_read(file.c_str());
    struct stat status {};
    if (!opened || fstat(opened.get(), &status) != 0) return because_of(errno);
    if (!S_ISREG(status.st_mode)) return "is not a regular file";
    text.resize(config_bytes_max + 1);
    if (!read_full(opened, text)) return because_of(errno);
    if (text.size() <= config_bytes_max) return {};
    return fmt::format("is larger than {} bytes", config_bytes_max);
}

// Empty where OpenSSL has no SHA-256.
std::string sha256_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        return {};
    std::string out;
    for (unsigned int i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
    return out;
}

void read_config(const toml::table& root, config::Document& document, Config& config) {
    config::Section top{document, root, ""};
    config::read_top(top, config);
    config::read_exchange(top, config);
    config::read_timings(top, config);
    config::read_wire(top, config);
    config::read_paths(top, config);
    config::read_journal(top, config);
    config::read_recording(top, config);
    config::read_rights(top, config);
    config::read_accounts(top, config);
    config::check_hosts_have_links(top, config);
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

std::variant<std::string, std::vector<ConfigError>> read_config_text(
    const std::filesystem::path& file) {
    try {
        std::string text;
        if (auto why = read_file(file, text); !why.empty())
            return whole_file_error(file, std::move(why));
        if (auto fault = config::beyond_bounds(text)) {
            config::Document document{text, file};
            document.error(fault->place, std::move(fault->message));
            return document.errors();
        }
        return text;
    } catch (const std::exception& error) {
        return whole_file_error(file, fmt::format("cannot be read: {}", error.what()));
    }
}

LoadResult load(const std::filesystem::path& file) {
    auto text = read_config_text(file);
    if (auto* errors = std::get_if<std::vector<ConfigError>>(&text)) return std::move(*errors);
    LoadResult result = parse(std::get<std::string>(text), file);
    if (auto* config = std::get_if<Config>(&result))
        config->sha256 = sha256_of(std::get<std::string>(text));
    return result;
}

LoadResult parse(std::string_view toml, const std::filesystem::path& file_name, ForWhat for_what) {
    try {
        config::Document document{toml, file_name, for_what};
        Config config;
        config.file = file_name;
        try {
            if (auto fault = config::beyond_bounds(toml))
                document.error(fault->place, std::move(fault->message));
            else
                read_config(toml::parse(toml), document, config);
        } catch (const toml::parse_error& error) {
            add_syntax_error(document, error);
        }
        if (document.failed()) return document.errors();
        config.plan.reads = config.plan.account_checks = true;
        config.warnings = document.warnings();
        return config;
    } catch (const std::exception& error) {
        return whole_file_error(file_name, fmt::format("cannot be read: {}", error.what()));
    }
}

}  // namespace scram
