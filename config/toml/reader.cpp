#include "config/toml/reader.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

#include "config/toml/names.h"
#include "config/toml/validate.h"
#include "core/okx/request.h"

namespace scram::config {
namespace {

constexpr std::size_t socket_path_max = sizeof(sockaddr_un::sun_path) - 1;

bool is_address(const std::string& text, int family) {
    in6_addr parsed{};
    return inet_pton(family, text.c_str(), &parsed) == 1;
}

bool is_host(const std::string& host) {
    constexpr std::string_view accepted =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    const bool is_name = host.find_first_not_of(accepted) == host.npos && host.size() <= 253;
    return is_name || is_address(host, AF_INET6);
}

// 32 bytes in Base64: 43 characters, of which the last has four bits to spare, and one "=".
bool is_pin(std::string_view pin) {
    constexpr std::string_view prefix = "sha256/";
    constexpr std::string_view base64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!pin.starts_with(prefix) || !pin.ends_with('=')) return false;
    pin.remove_prefix(prefix.size());
    pin.remove_suffix(1);
    return pin.size() == 43 && pin.find_first_not_of(base64) == pin.npos &&
           base64.find(pin.back()) % 4 == 0;
}

// A name would have to be looked up, while this is for every few milliseconds.
bool is_address_and_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) return false;
    std::string address(text.substr(0, colon));
    const std::string_view port = text.substr(colon + 1);
    int number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size()) return false;
    if (number < 1 || number > 65535) return false;
    if (is_address(address, AF_INET)) return true;
    if (!address.starts_with('[') || !address.ends_with(']')) return false;
    address = address.substr(1, address.size() - 2);
    return is_address(address, AF_INET6);
}

// "0660": as chmod takes it.
std::optional<std::uint32_t> mode_of(std::string_view text) {
    std::uint32_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, 8);
    const bool is_sound = error == std::errc{} && stop == end && text.size() == 4 &&
                          number <= 0777 && (number & 0600) == 0600;
    return is_sound ? std::optional(number) : std::nullopt;
}

}  // namespace

// A file with one name may have it as `host`.
void Reader::hosts(std::string_view key, std::vector<std::string>& out) {
    const auto one = section_.text("host");
    const auto several = section_.list(key);
    if (section_.has("host") && section_.has(key)) {
        return section_.error(key, fmt::format("{}: expected {} or host, not both: put every name "
                                               "into {} and take host out",
                                               key, key, key));
    }
    if (one) check_hosts("host", {*one});
    if (several) check_hosts(key, *several);
    if (!one && !several) return;
    out.clear();
    for (const Text& host : one ? std::vector{*one} : *several) out.push_back(host.value);
}

void Reader::check_hosts(std::string_view key, const std::vector<Text>& hosts) {
    std::vector<std::string_view> earlier;
    for (const Text& host : hosts) {
        if (!is_host(host.value)) {
            section_.document().error(
                host.place, fmt::format("{}: expected a host's name or address alone, as in "
                                        "\"www.okx.com\" (no https://, no path; the key `port` has "
                                        "the port), got {}",
                                        key, in_quotes(host.value)));
        }
        check_name_is_new(section_.document(), host, key, earlier);
        earlier.push_back(host.value);
    }
    const bool fits = !hosts.empty() && hosts.size() <= hosts_max;
    if (fits || !section_.sound({key})) return;
    section_.error(key,
                   fmt::format("{}: expected 1 to {} names, got {}", key, hosts_max, hosts.size()));
}

void Reader::address(std::string_view key, std::string& out) {
    section_.read(key, out);
    if (out.empty() || is_address_and_port(out)) return;
    section_.error(key, fmt::format("{}: expected an address and a port, as in \"192.0.2.1:9\" or "
                                    "\"[2001:db8::1]:9\", got {}",
                                    key, in_quotes(out)));
}

// As the kernel takes one (IFNAMSIZ).
void Reader::device(std::string_view key, std::string& out) {
    section_.read(key, out);
    if (out.size() <= 15 && out.find_first_of("/ \t\n:") == out.npos) return;
    section_.error(key, fmt::format("{}: expected a network device as `ip link` names it, of 15 "
                                    "bytes at most, got {}",
                                    key, in_quotes(out)));
}

void Reader::pins(std::string_view key, std::vector<std::string>& out) {
    for (auto& pin : section_.list(key).value_or(std::vector<Text>{})) {
        if (!is_pin(pin.value)) {
            section_.document().error(
                pin.place, fmt::format("{}: expected \"sha256/\" and the Base64 of a SHA-256 (44 "
                                       "characters), got {}",
                                       key, in_quotes(pin.value)));
        }
        out.push_back(std::move(pin.value));
    }
}

void Reader::file(std::string_view key, std::string& out) {
    section_.read(key, out);
    if (!out.empty()) out = section_.document().resolve(out).string();
}

void Reader::socket(std::string_view key, std::string& out) {
    file(key, out);
    if (out.size() <= socket_path_max) return;
    section_.error(
        key, fmt::format("{}: expected at most {} bytes (a Unix socket's address), got {}: {}", key,
                         socket_path_max, out.size(), in_quotes(out)));
}

void Reader::mode(std::string_view key, std::uint32_t& out) {
    const auto text = section_.text(key);
    if (!text) return;
    const auto mode = mode_of(text->value);
    if (mode) {
        out = *mode;
        return;
    }
    section_.error(key,
                   fmt::format("{}: expected four octal digits from \"0600\" to \"0777\", as in "
                               "\"0660\" (scramd's own user reads and writes), got {}",
                               key, in_quotes(text->value)));
}

void Reader::metrics(std::string_view key, std::vector<std::string>& out) {
    for (auto& name : section_.list(key).value_or(std::vector<Text>{})) {
        check_name(section_.document(), name);
        check_name_is_new(section_.document(), name, "metric", {out.begin(), out.end()});
        out.push_back(std::move(name.value));
    }
    if (out.size() > metrics_max) {
        section_.error(
            key, fmt::format("{}: expected at most {}, got {}", key, metrics_max, out.size()));
    }
}

// OKX refuses any other, and would do so when scramd runs.
void Reader::tag(std::string_view key, std::string& out) {
    const auto text = section_.text_or_empty(key);
    if (!text) return;
    constexpr std::string_view accepted =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (text->value.size() > order_tag_max ||
        text->value.find_first_not_of(accepted) != text->value.npos)
        return section_.error(
            key, fmt::format("{}: expected up to {} letters and digits (OKX), got {}", key,
                             order_tag_max, in_quotes(text->value)));
    out = text->value;
}

}  // namespace scram::config
