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

// A descriptor that closes unless it is taken.
class Owned {
  public:
    explicit Owned(int fd) : fd_(fd) {}
    ~Owned() {
        if (fd_ >= 0) close(fd_);
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    int get() const { return fd_; }
    int take() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

std::string refused(const char* what) {
    return std::string("warming the way to the wire: ") + what + ": " + std::strerror(errno) +
           "; [wire] warm_every_ms = 0 goes without";
}

sockaddr* generic(sockaddr_in& address) {
    return reinterpret_cast<sockaddr*>(&address);
}

// Both ends of a connection that never leaves the machine.
std::string connect_to_itself(int& from, int& to) {
    constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC;
    Owned listener(socket(AF_INET, kind, 0)), near(socket(AF_INET, kind, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener.get() < 0 || near.get() < 0) return refused("no socket");
    if (bind(listener.get(), generic(address), size) != 0 || listen(listener.get(), 1) != 0 ||
        getsockname(listener.get(), generic(address), &size) != 0) {
        return refused("cannot listen on 127.0.0.1");
    }
    if (connect(near.get(), generic(address), size) != 0) return refused("cannot connect to it");
    Owned far(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (far.get() < 0) return refused("cannot accept it");
    const int on = 1;
    setsockopt(near.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Every exercise is acknowledged at once, and leaves no timer behind.
    setsockopt(far.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    from = near.take();
    to = far.take();
    return {};
}

std::string connect_to_peer(const std::string& peer, int& fd) {
    const std::size_t colon = peer.rfind(':');
    std::string host = peer.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    if (error) return "warming the way to the wire: warm_peer " + peer + ": " + error.message();
    const boost::asio::ip::udp::endpoint endpoint(
        address, static_cast<std::uint16_t>(std::stoi(peer.substr(colon + 1))));
    Owned made(socket(endpoint.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (made.get() < 0 ||
        connect(made.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
        return refused(("no way to warm_peer " + peer).c_str());
    }
    fd = made.take();
    return {};
}

}  // namespace

std::variant<std::unique_ptr<Warmer>, std::string> Warmer::make(const std::string& peer) {
    std::unique_ptr<Warmer> warmer(new Warmer({}));
    Sockets& sockets = warmer->sockets_;
    std::string error = connect_to_itself(sockets.from, sockets.to);
    if (error.empty() && !peer.empty()) error = connect_to_peer(peer, sockets.peer);
    if (!error.empty()) return error;
    return warmer;
}

Warmer::~Warmer() {
    for (const int fd : {sockets_.from, sockets_.to, sockets_.peer}) {
        if (fd >= 0) close(fd);
    }
}

void Warmer::exercise() {
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    std::array<char, request_size> bytes{};
    (void)send(sockets_.from, bytes.data(), bytes.size(), flags);
    (void)recv(sockets_.to, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (sockets_.peer >= 0) (void)send(sockets_.peer, bytes.data(), 1, flags);
}

}  // namespace scram
