#include "daemon/scramctl/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace scram {

ControlClient::ControlClient(const std::string& path) : path_(path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw std::runtime_error(fmt::format("socket path '{}' is too long", path));
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // One that hangs takes no more connections at some point, and no more bytes.
    const timeval patience{5, 0};
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
    const int error = errno;
    ::close(fd_);
    throw std::runtime_error(
        fmt::format("cannot reach scramd at {}: {}. Is it running? --socket names another", path,
                    std::strerror(error)));
}

ControlClient::~ControlClient() {
    ::close(fd_);
}

std::string ControlClient::ask(std::string_view line, int timeout_s) {
    set_timeout(timeout_s);
    const std::string text = fmt::format("{}\n", line);
    std::string answer;
    const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    const bool whole = sent == static_cast<ssize_t>(text.size());
    if (!whole || !next_line(answer)) {
        throw std::runtime_error(
            fmt::format("scramd at {} gave no answer within {} s", path_, timeout_s));
    }
    set_timeout(0);
    return answer;
}

bool ControlClient::next_line(std::string& line) {
    for (;;) {
        const std::size_t end = buffer_.find('\n');
        if (end != std::string::npos) {
            line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return true;
        }
        std::array<char, 16 * 1024> chunk;
        const ssize_t size = recv(fd_, chunk.data(), chunk.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return false;
        buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    }
}

void ControlClient::set_timeout(int seconds) {
    timeval timeout{};
    timeout.tv_sec = seconds;
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

}  // namespace scram
