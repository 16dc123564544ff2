#include "daemon/scramd_exporter/listening.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "config/unique_fd.h"

namespace scram {
namespace {

namespace ip = boost::asio::ip;
constexpr int waiting_connections = 64;

std::string wanted(const std::string& text) {
    return fmt::format(
        "--listen: expected ADDRESS:PORT (127.0.0.1:9467, [::1]:9467) or unix:/PATH, got '{}'",
        text);
}

std::optional<unsigned short> port_in(std::string_view text) {
    unsigned short port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return port;
}

}  // namespace

std::variant<ListenPlace, std::string> listen_place(const std::string& text, bool is_public) {
    if (text.rfind("unix:/", 0) == 0) return ListenPlace{{}, 0, text.substr(5)};
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return wanted(text);
    std::string host = text.substr(0, colon);
    const auto port = port_in(std::string_view(text).substr(colon + 1));
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed) host = host.substr(1, host.size() - 2);
    boost::system::error_code bad;
    const auto address = ip::make_address(host, bad);
    if (bad || !port || address.is_v6() != is_bracketed) return wanted(text);
    if (!address.is_loopback() && !is_public)
        return fmt::format(
            "--listen {}: others reach this address, and what is told has no password. Take a "
            "loopback address or unix:/PATH, or add --public",
            text);
    return ListenPlace{address.to_string(), *port, {}};
}

std::variant<Listening, std::string> listen_to(const ListenPlace& place) {
    if (place.address.empty()) {
        auto made = listen_at(place.path, SOCK_STREAM, 0660);
        if (auto* why = std::get_if<std::string>(&made)) return std::move(*why);
        return Listening{std::get<Listener>(std::move(made)), "unix:" + place.path};
    }
    ip::tcp::endpoint at(ip::make_address(place.address), place.port);
    UniqueFd fd(socket(at.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    auto size = static_cast<socklen_t>(at.size());
    const bool ok = fd && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                    bind(fd.get(), at.data(), size) == 0 &&
                    listen(fd.get(), waiting_connections) == 0;
    if (!ok)
        return fmt::format("cannot listen at {}:{}: {}; take another address or port by --listen",
                           place.address, place.port, std::strerror(errno));
    size = static_cast<socklen_t>(at.capacity());
    if (getsockname(fd.get(), at.data(), &size) == 0) at.resize(size);
    const std::string host = at.address().is_v6() ? "[" + place.address + "]" : place.address;
    return Listening{{fd.take(), {}, SOCK_STREAM, 0}, fmt::format("http://{}:{}", host, at.port())};
}

}  // namespace scram
