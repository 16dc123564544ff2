// URLs, as far as notices are sent to them.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "daemon/scram_notify/config.h"

namespace scram {
namespace {

constexpr std::string_view url_expected =
    "expected a URL as in https://HOST/PATH, in printable ASCII and without user, password or "
    "fragment";

bool is_loopback(const std::string& host) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return !error && address.is_loopback();
}

bool is_host_name(std::string_view host) {
    const auto is_fit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_' || c == ':';
    };
    return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), is_fit);
}

// "HOST", "HOST:PORT", "[IPV6]:PORT"
bool take_authority(std::string_view text, WebAddress& out) {
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return false;
        out.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else {
        const auto colon = std::min(text.find(':'), text.size());
        out.host = text.substr(0, colon);
        port = text.substr(colon);
    }
    if (!is_host_name(out.host)) return false;
    if (port.empty()) return true;
    const char* end = port.data() + port.size();
    const auto result = std::from_chars(port.data() + 1, end, out.port);
    return port.front() == ':' && result.ec == std::errc{} && result.ptr == end && out.port > 0;
}

}  // namespace

std::string WebAddress::host_header() const {
    const std::string shown = host.find(':') == host.npos ? host : "[" + host + "]";
    const bool is_usual = port == (is_tls ? 443 : 80);
    return is_usual ? shown : fmt::format("{}:{}", shown, port);
}

std::variant<WebAddress, std::string> web_address(std::string_view url) {
    WebAddress out;
    const bool is_plain = url.starts_with("http://");
    const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
    if ((!is_plain && !url.starts_with("https://")) ||
        !std::all_of(url.begin(), url.end(), is_printable) || url.find('#') != url.npos)
        return std::string(url_expected);
    url.remove_prefix(is_plain ? 7 : 8);
    out.is_tls = !is_plain;
    out.port = is_plain ? 80 : 443;
    const auto end = std::min(url.find_first_of("/?"), url.size());
    if (!take_authority(url.substr(0, end), out)) return std::string(url_expected);
    out.target = url.substr(end);
    if (!out.target.starts_with('/')) out.target.insert(0, "/");
    if (is_plain && !is_loopback(out.host))
        return std::string(
            "expected https://: http:// is not encrypted, and is taken for the "
            "loopback addresses 127.0.0.1 and [::1] alone");
    return out;
}

}  // namespace scram
