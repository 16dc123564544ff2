// Plain TCP connections to the sink, and what the floors send by them.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

#include "bench/contenders.h"

namespace scram::bench {

inline constexpr std::size_t request_bytes = 442;  // an armed request as a TLS record

inline int need(int result, const char* what) {
    if (result >= 0) return result;
    throw std::system_error(errno, std::generic_category(), what);
}

inline int connect_to(const Address& to) {
    const int fd = need(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(to.port);
    inet_pton(AF_INET, to.host.c_str(), &at.sin_addr);
    need(connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), "connect to the sink");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    return fd;
}

inline void send_all(int fd, const char* bytes, std::size_t size) {
    need(static_cast<int>(send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT)), "send");
}

}  // namespace scram::bench
