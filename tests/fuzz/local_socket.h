// A Unix socket to listen at that has no name in the file system, and connections to it: the doors
// of net/ without a folder to clean up. All its descriptors are non-blocking.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/check.h"
#include "net/unix/socket.h"

namespace scram::fuzz {

class LocalSocket {
  public:
    // `type` is SOCK_STREAM or SOCK_SEQPACKET.
    explicit LocalSocket(int type) : type_(type), fd_(make(type)) {
        address_.sun_family = AF_UNIX;
        // Bound to nothing but a family, it gets a free name from the kernel.
        const bool bound = bind(fd_, generic(), sizeof address_.sun_family) == 0;
        check(bound && listen(fd_, 64) == 0, "a socket to listen at");
        check(getsockname(fd_, generic(), &size_) == 0, "the socket has a name");
    }

    // For a Acceptor, which owns the descriptor from then on.
    Listener listener() const { return {fd_, {}}; }

    // `serve` has the listener take those that wait, if they are too many.
    template <class Serve>
    int connect(Serve&& serve) {
        const int fd = make(type_);
        if (::connect(fd, generic(), size_) == 0) return fd;
        serve();
        check(::connect(fd, generic(), size_) == 0, "the socket takes a connection");
        return fd;
    }

  private:
    static int make(int type) {
        const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        check(fd >= 0, "a socket");
        return fd;
    }
    sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

    int type_;
    int fd_;
    sockaddr_un address_{};
    socklen_t size_ = sizeof address_;
};

// How many descriptors are open. One that another thread is still opening, or fails to, does not
// count: it is not there for fcntl.
inline int open_descriptors() {
    int count = 0;
    for (int fd = 0; fd < 256; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

}  // namespace scram::fuzz
