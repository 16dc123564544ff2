#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace scram::testing {

// Both ends of a connection.
struct Connection {
    explicit Connection(int family = AF_INET) {
        const int listener = socket(family, SOCK_STREAM, 0);
        sockaddr_in6 address{};  // room for either
        socklen_t size = sizeof address;
        address.sin6_family = static_cast<sa_family_t>(family);
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (family == AF_INET6) address.sin6_addr = in6addr_loopback;
        works = bind(listener, any, size) == 0 && listen(listener, 1) == 0 &&
                getsockname(listener, any, &size) == 0;
        near = socket(family, SOCK_STREAM, 0);
        works = works && connect(near, any, size) == 0;
        far = works ? accept(listener, nullptr, nullptr) : -1;
        close(listener);
    }
    ~Connection() {
        close(near);
        close(far);
    }
    void send(std::size_t bytes) { send(std::string(bytes, 'x')); }
    void send(const std::string& text) {
        REQUIRE(::send(near, text.data(), text.size(), MSG_NOSIGNAL) == std::ssize(text));
        written += text.size();
    }
    bool error_waits() const {
        pollfd look{near, 0, 0};
        return poll(&look, 1, 0) == 1 && (look.revents & POLLERR) != 0;
    }

    bool works = false;
    int near = -1, far = -1;
    std::uint64_t written = 0;
};

}  // namespace scram::testing
