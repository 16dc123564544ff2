#include "net/unix/acceptor.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/time.h"

namespace scram {
namespace {

constexpr int connections_per_turn = 4;  // then the loop's other work has its turn

}  // namespace

Acceptor::Acceptor(boost::asio::io_context& io, Listener listener,
                   std::function<void(int fd)> on_connection, std::function<void()> on_exhausted)
    : path_(std::move(listener.path)),
      type_(listener.type),
      mode_(listener.mode),
      on_connection_(std::move(on_connection)),
      on_exhausted_(std::move(on_exhausted)),
      listener_(io, listener.fd),
      pause_(io) {}

void Acceptor::open() {
    await();
}

std::string Acceptor::restore() {
    struct stat info {};
    if (!listener_.is_open() || lstat(path_.c_str(), &info) == 0 || errno != ENOENT) return {};
    const auto made = listen_at(path_, type_, mode_);
    if (const auto* why = std::get_if<std::string>(&made)) {
        const bool is_news = !std::exchange(told_failure_, true);
        return is_news ? path_ + " was removed, so nobody can connect: " + *why : std::string();
    }
    told_failure_ = false;
    boost::system::error_code ignored;
    pause_.cancel();
    listener_.close(ignored);
    listener_.assign(std::get<Listener>(made).fd);
    await();
    return path_ + " was removed by somebody; it is there again";
}

void Acceptor::close() {
    boost::system::error_code ignored;
    pause_.cancel();
    listener_.close(ignored);
    unlink(path_.c_str());
}

void Acceptor::await() {
    listener_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](auto error) {
        if (!error) accept_some();
    });
}

void Acceptor::accept_some() {
    for (int i = 0; i < connections_per_turn; ++i) {
        const int fd =
            accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            exhausted_ = false;
            on_connection_(fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            // The one that waits makes the socket readable at once again: looking at it without a
            // pause would be a loop that does nothing else.
            if (!std::exchange(exhausted_, true)) on_exhausted_();
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
