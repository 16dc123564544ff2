#include "config/credentials.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "config/plain_file.h"

namespace scram {
namespace {

constexpr std::size_t file_bytes_max = 4096;
constexpr std::size_t value_bytes_max = 128;  // OKX's are 36, 32 and up to 32

// Over the whole capacity: what a short string leaves in its own buffer counts too.
void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

// systemd lets the service read its credentials by an ACL, whose mask appears as group bits (mode
// 0440, github.com/systemd/systemd/issues/29435); the folder itself admits nobody else.
bool is_from_service_manager(const std::filesystem::path& file) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder != '/') return false;
    std::error_code failed;
    const auto home = std::filesystem::canonical(folder, failed);
    if (failed) return false;
    const auto real = std::filesystem::canonical(file, failed);
    return !failed && real.parent_path() == home;
}

std::optional<std::string> refuse_reason(const struct stat& status, bool group_may_read) {
    if (!S_ISREG(status.st_mode)) return "is not a regular file";
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return fmt::format("belongs to uid {}: run chown root or chown {}", status.st_uid,
                           geteuid());
    const mode_t refused = group_may_read ? mode_t{S_IWGRP | S_IRWXO} : mode_t{S_IRWXG | S_IRWXO};
    if ((status.st_mode & refused) != 0)
        return fmt::format("has mode {:04o}, so others may get at the key: run chmod 0600",
                           status.st_mode & 07777);
    if (static_cast<std::size_t>(status.st_size) > file_bytes_max)
        return fmt::format("is larger than {} bytes", file_bytes_max);
    return std::nullopt;
}

// A start without them is the usual first one: it is told where they belong.
std::string why_not_opened(const std::filesystem::path& file, int error) {
    const auto why = fmt::format("cannot be opened: {}", std::strerror(error));
    if (error != ENOENT) return why;
    return fmt::format(
        "{}. With systemd, put it at /etc/scramd/credentials/{}: owned by root, mode 0600, with "
        "lines for key, secret and passphrase; then: systemctl restart scramd",
        why, file.filename().string());
}

std::string cannot_be_read() {
    return fmt::format("cannot be read: {}", std::strerror(errno));
}

std::string read_private(const UniqueFd& opened, const std::filesystem::path& file,
                         std::string& text) {
    struct stat status {};
    if (fstat(opened.get(), &status) != 0) return cannot_be_read();
    if (auto reason = refuse_reason(status, is_from_service_manager(file))) return *reason;
    text.resize(file_bytes_max + 1);
    if (!read_full(opened, text)) return cannot_be_read();
    if (text.size() > file_bytes_max) return fmt::format("is larger than {} bytes", file_bytes_max);
    return {};
}

std::string open_and_read(const std::filesystem::path& file, std::string& text) {
    const UniqueFd opened = open_to_read(file.c_str());
    if (!opened) return why_not_opened(file, errno);
    return read_private(opened, file, text);
}

// The values go into HTTP headers as they are: a line end in one would forge a header.
bool is_sendable(std::string_view text) {
    const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
    return !text.empty() && text.size() <= value_bytes_max &&
           std::all_of(text.begin(), text.end(), is_printable) && text.front() != ' ' &&
           text.back() != ' ';
}

// Takes the string out of the table, so that no copy of it stays behind there.
std::string take(toml::table& table, const char* key, std::string& problem) {
    auto* value = table.get_as<std::string>(key);
    if (value == nullptr || !is_sendable(value->get())) {
        if (problem.empty())
            problem = fmt::format(
                "needs {} = \"...\": 1 to {} printable ASCII characters, no space at "
                "either end",
                key, value_bytes_max);
        return {};
    }
    return std::move(value->get());
}

std::variant<Credentials, std::string> parse_credentials(std::string_view text) {
    auto table = toml::parse(text);
    std::string problem;
    Credentials credentials{take(table, "key", problem), Secret{take(table, "secret", problem)},
                            Secret{take(table, "passphrase", problem)}};
    if (!problem.empty()) return problem;
    for (const auto& [key, node] : table) {
        const auto name = key.str();
        if (name == "key" || name == "secret" || name == "passphrase") continue;
        return fmt::format("has an unknown key in line {}; expected key, secret and passphrase",
                           key.source().begin.line);
    }
    return credentials;
}

// The parser's own words may quote the text, and the text is secret: only the place is told.
std::variant<Credentials, std::string> parse_quietly(std::string_view text) {
    try {
        return parse_credentials(text);
    } catch (const toml::parse_error& error) {
        const auto& at = error.source().begin;
        return fmt::format(
            "is not TOML at line {}, column {}; expected key, secret and passphrase, "
            "each as NAME = \"...\"",
            at.line, at.column);
    } catch (const std::exception&) {
        return "cannot be read: out of memory or an error of the TOML library";
    }
}

}  // namespace

Secret::Secret(std::string text) noexcept : text_(std::move(text)) {
    wipe(text);
}

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
    wipe(other.text_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe(text_);
    text_.swap(other.text_);
    wipe(other.text_);
    return *this;
}

Secret::~Secret() {
    wipe(text_);
}

std::filesystem::path credentials_file(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    const auto from_a_folder = folder / ("scramd_" + file.filename().string());
    for (const auto& place : {file, from_a_folder, folder / "credentials" / file.filename()}) {
        std::error_code failed;
        const auto status = std::filesystem::symlink_status(place, failed);
        if (status.type() != std::filesystem::file_type::not_found) return place;
    }
    return file;
}

std::variant<Credentials, std::string> load_credentials(const std::filesystem::path& named_file) {
    const auto file = credentials_file(named_file);
    const auto named = [&file](const std::string& reason) {
        return fmt::format("credentials {} {}", file.string(), reason);
    };
    std::string text;
    auto reason = open_and_read(file, text);
    auto result =
        reason.empty() ? parse_quietly(text) : std::variant<Credentials, std::string>{reason};
    wipe(text);
    if (auto* problem = std::get_if<std::string>(&result)) return named(*problem);
    return result;
}

std::variant<Secret, std::string> load_secret(const std::filesystem::path& file) {
    const auto named = [&file](std::string_view reason) {
        return fmt::format("{} {}", file.string(), reason);
    };
    const UniqueFd opened = open_to_read(file.c_str());
    if (!opened) return named(fmt::format("cannot be opened: {}", std::strerror(errno)));
    std::string text;
    if (std::string reason = read_private(opened, file, text); !reason.empty()) {
        wipe(text);
        return named(reason);
    }
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    const auto is_fit = [](char c) { return c > ' ' && c <= '~'; };
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_fit)) {
        wipe(text);
        return named("expected one line of printable ASCII without spaces, and nothing else");
    }
    return Secret(std::move(text));
}

}  // namespace scram
