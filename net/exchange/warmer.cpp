#include "net/exchange/warmer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <cstring>

namespace scram {
namespace {

constexpr std::size_t request_size = 450;  // about that of a sealed mass-cancel

std::string refused(const char* what) {
    return std::string("warming the way to the wire: ") + what + ": " + std::strerror(errno) +
           "; [wire] warm_every_ms = 0 goes without";
}

sockaddr* generic(sockaddr_in& address) {
    return reinterpret_cast<sockaddr*>(&address);
}

// Both ends of a connection that never leaves the machine.
std::string connect_to_itself(UniqueFd& from, UniqueFd& to) {
    constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC;
    UniqueFd listener(socket(AF_INET, kind, 0)), near(socket(AF_INET, kind, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (!listener || !near) return refused("no socket");
    if (bind(listener.get(), generic(address), size) != 0 || listen(listener.get(), 1) != 0 ||
        getsockname(listener.get(), generic(address), &size) != 0) {
        return refused("cannot listen on 127.0.0.1");
    }
    if (connect(near.get(), generic(address), size) != 0) return refused("cannot connect to it");
    UniqueFd far(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!far) return refused("cannot accept it");
    const int on = 1;
    setsockopt(near.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Every exercise is acknowledged at once, and leaves no timer behind.
    setsockopt(far.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    from = std::move(near);
    to = std::move(far);
    return {};
}

std::string connect_to_peer(const std::string& peer, UniqueFd& fd) {
    const std::size_t colon = peer.rfind(':');
    std::string host = peer.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    if (error) return "warming the way to the wire: warm_peer " + peer + ": " + error.message();
    const boost::asio::ip::udp::endpoint endpoint(
        address, static_cast<std::uint16_t>(std::stoi(peer.substr(colon + 1))));
    UniqueFd made(socket(endpoint.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!made ||
        connect(made.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
        return refused(("no way to warm_peer " + peer).c_str());
    }
    fd = std::move(made);
    return {};
}

}  // namespace

std::variant<std::unique_ptr<Warmer>, std::string> Warmer::make(const std::string& peer) {
    std::unique_ptr<Warmer> warmer(new Warmer);
    std::string error = connect_to_itself(warmer->from_, warmer->to_);
    if (error.empty() && !peer.empty()) error = connect_to_peer(peer, warmer->peer_);
    if (!error.empty()) return error;
    return warmer;
}

void Warmer::exercise() {
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    std::array<char, request_size> bytes{};
    (void)send(from_.get(), bytes.data(), bytes.size(), flags);
    (void)recv(to_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (peer_) (void)send(peer_.get(), bytes.data(), 1, flags);
}

}  // namespace scram
