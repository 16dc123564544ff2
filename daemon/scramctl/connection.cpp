#include "daemon/scramctl/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/control/protocol.h"
#include "daemon/scramctl/exit.h"

namespace scram {
namespace {

constexpr std::chrono::milliseconds patience{5000};

timeval timeval_of(std::chrono::milliseconds time) {
    return {time.count() / 1000, time.count() % 1000 * 1000};
}

}  // namespace

JsonObject request(std::string_view op) {
    JsonObject out;
    out.add("v", control_version).add("op", op);
    return out;
}

ControlClient::ControlClient(const std::string& path) : path_(path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw Unreachable(fmt::format("socket path '{}' is too long", path));
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // One that hangs takes no more connections at some point, and no more bytes.
    const timeval longest = timeval_of(patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
    const int error = errno;
    ::close(fd_);
    throw Unreachable(
        fmt::format("cannot reach scramd at {}: {}. Is it running? --socket names another", path,
                    std::strerror(error)));
}

ControlClient::~ControlClient() {
    ::close(fd_);
}

Reply ControlClient::ask(const JsonObject& request) {
    const std::string text = request.text() + "\n";
    // What could not be sent is not answered either, unless by a last line that says why.
    (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    return answer_within(patience);
}

Reply ControlClient::outcome(std::chrono::milliseconds at_most) {
    return answer_within(at_most + patience);
}

Reply ControlClient::answer_within(std::chrono::milliseconds at_most) {
    set_timeout(at_most);
    std::string line;
    const Read came = read_line(line);
    set_timeout(std::chrono::milliseconds(0));
    if (came == Read::closed)
        throw Unreachable(
            fmt::format("scramd at {} has closed the connection without an answer", path_));
    if (came == Read::timeout)
        throw Unreachable(fmt::format("scramd at {} gave no answer within {:g} s", path_,
                                      static_cast<double>(at_most.count()) / 1000));
    if (auto answer = Reply::read(line)) return std::move(*answer);
    throw Unreachable(
        fmt::format("what answers at {} is no scramd: its line is no JSON object", path_));
}

bool ControlClient::next_line(std::string& line) {
    return read_line(line) == Read::line;
}

ControlClient::Read ControlClient::read_line(std::string& line) {
    for (;;) {
        const std::size_t end = buffer_.find('\n');
        if (end != std::string::npos) {
            line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return Read::line;
        }
        std::array<char, 16 * 1024> chunk;
        const ssize_t size = recv(fd_, chunk.data(), chunk.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Read::timeout;
        if (size <= 0) return Read::closed;
        buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    }
}

// 0: none.
void ControlClient::set_timeout(std::chrono::milliseconds timeout) const {
    const timeval longest = timeval_of(timeout);
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
}

}  // namespace scram
