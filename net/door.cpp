#include "net/door.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "core/time.h"

namespace scram {
namespace {

constexpr int connections_per_turn = 4;  // then the loop's other work has its turn

}  // namespace

Door::Door(boost::asio::io_context& io, Listener listener,
           std::function<void(int fd)> on_connection)
    : path_(std::move(listener.path)),
      on_connection_(std::move(on_connection)),
      listener_(io, listener.fd),
      pause_(io) {}

void Door::open() {
    await();
}

void Door::close() {
    boost::system::error_code ignored;
    pause_.cancel();
    listener_.close(ignored);
    unlink(path_.c_str());
}

void Door::await() {
    listener_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](auto error) {
        if (!error) accept_some();
    });
}

void Door::accept_some() {
    for (int i = 0; i < connections_per_turn; ++i) {
        const int fd =
            accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            on_connection_(fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            // The one that waits makes the socket readable at once again: looking at it without a
            // pause would be a loop that does nothing else.
            pause_.expires_after(100ms);
            pause_.async_wait([this](auto error) {
                if (!error) await();
            });
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        }
    }
    await();
}

}  // namespace scram
