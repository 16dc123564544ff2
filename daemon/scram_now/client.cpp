#include "daemon/scram_now/client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "net/clock.h"

namespace scram {
namespace {

const char* const no_answer = "no answer in time";
const char* const told_to_stop = "told to stop";
// Of a handshake or an answer, with all that TLS says for its own part.
constexpr std::size_t tls_bytes_max = 256 * 1024;
constexpr int quiet_turns_max = 16;

std::string system_text(int error) {
    return std::generic_category().message(error);
}

}  // namespace

std::string NowAddress::text() const {
    char host[NI_MAXHOST] = "?";
    char port[NI_MAXSERV] = "?";
    getnameinfo(reinterpret_cast<const sockaddr*>(&bytes), size, host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    const bool v6 = bytes.ss_family == AF_INET6;
    return (v6 ? "[" : "") + std::string(host) + (v6 ? "]:" : ":") + port;
}

std::string NowClient::connect(const NowAddress& address, Time deadline) {
    close();
    std::string failure = open_tcp(address, deadline);
    if (failure.empty()) failure = shake_hands(deadline);
    if (!failure.empty()) close();
    return failure;
}

std::string NowClient::open_tcp(const NowAddress& address, Time deadline) {
    const int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    socket_ = socket(address.bytes.ss_family, kind, 0);
    if (socket_ < 0) return system_text(errno);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto* to = reinterpret_cast<const sockaddr*>(&address.bytes);
    if (::connect(socket_, to, address.size) == 0) return {};
    if (errno != EINPROGRESS) return system_text(errno);
    if (auto failure = wait(POLLOUT, deadline); !failure.empty()) return failure;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? "" : system_text(error);
}

std::string NowClient::shake_hands(Time deadline) {
    ssl_.reset(tls_.new_connection());
    if (!ssl_ || !tls_socket_.attach(ssl_.get(), socket_))
        return "TLS cannot be set up: out of memory";
    auto failure = drive([this] { return SSL_connect(ssl_.get()); }, deadline);
    return failure.empty() ? tls_.refuse_reason(ssl_.get()) : failure;
}

template <class Step>
std::string NowClient::drive(Step step, Time deadline) {
    while (true) {
        tls_socket_.begin_turn();
        ERR_clear_error();
        errno = 0;
        const int result = step();
        if (result > 0) return {};
        last_error_ = SSL_get_error(ssl_.get(), result);
        const bool wants_read = last_error_ == SSL_ERROR_WANT_READ;
        if (!wants_read && last_error_ != SSL_ERROR_WANT_WRITE)
            return tls_.failure_text(ssl_.get(), last_error_);
        auto failure = tls_socket_.turn_is_over() ? go_on(deadline)
                                                  : wait(wants_read ? POLLIN : POLLOUT, deadline);
        if (!failure.empty()) return failure;
    }
}

// Between two turns of a peer that says more than one turn holds: the deadline and the stop count,
// and what comes to nothing ends.
std::string NowClient::go_on(Time deadline) const {
    if (tls_socket_.bytes() > tls_bytes_max)
        return "over " + std::to_string(tls_bytes_max) + " bytes without an answer";
    if (monotonic_now() >= deadline) return no_answer;
    pollfd stop{stop_fd_, POLLIN, 0};
    return poll(&stop, 1, 0) == 1 ? told_to_stop : "";
}

// Rounded up, so that it never spins through the last millisecond.
std::string NowClient::wait(short events, Time deadline) {
    std::array<pollfd, 2> both{pollfd{socket_, events, 0}, pollfd{stop_fd_, POLLIN, 0}};
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - monotonic_now()).count();
        if (left <= 0) return no_answer;
        const auto patience = static_cast<int>(std::min<std::int64_t>(left, 60'000));
        const int ready = poll(both.data(), both.size(), patience);
        if (ready < 0 && errno != EINTR) return system_text(errno);
        if (ready <= 0) continue;
        if (both[1].revents != 0) return told_to_stop;
        return {};
    }
}

bool NowClient::is_quiet() {
    if (!ssl_) return false;
    char byte = 0;
    for (int turn = 0; turn < quiet_turns_max; ++turn) {
        tls_socket_.begin_turn();
        ERR_clear_error();
        errno = 0;
        const int result = SSL_peek(ssl_.get(), &byte, 1);  // takes in TLS 1.3's tickets on the way
        const int error = SSL_get_error(ssl_.get(), result);
        if (result > 0) return fail("an answer to a request never sent");
        if (error != SSL_ERROR_WANT_READ) return fail(tls_.failure_text(ssl_.get(), error));
        if (!tls_socket_.turn_is_over()) return true;
    }
    return fail("TLS messages without end");
}

std::optional<HttpResponse> NowClient::ask(std::string_view request, Time deadline) {
    parser_.reset();
    tls_socket_.forget_counts();
    const auto size = static_cast<int>(request.size());
    auto failure = drive([&] { return SSL_write(ssl_.get(), request.data(), size); }, deadline);
    if (!failure.empty()) fail(std::move(failure));
    if (!is_open() || !read_answer(deadline)) return std::nullopt;
    return parser_.answer();
}

// Behind an answer that ends the connection, or that is followed by what nobody asked for, it ends.
bool NowClient::read_answer(Time deadline) {
    std::array<char, 16 * 1024> buffer;
    while (true) {
        int got = 0;
        const auto read = [&] {
            return got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
        };
        auto failure = drive(read, deadline);
        // Only a close_notify may end an answer without a length: a bare end could be a cut.
        const bool ended = !failure.empty();
        if (ended && last_error_ != SSL_ERROR_ZERO_RETURN) return fail(std::move(failure));
        const std::string_view bytes(buffer.data(), ended ? 0 : static_cast<std::size_t>(got));
        std::size_t consumed = 0;
        const auto step = ended ? parser_.end_of_stream() : parser_.feed(bytes, consumed);
        if (step == HttpResponseParser::Step::broken) return fail(parser_.broken_reason());
        if (step == HttpResponseParser::Step::need_more) continue;
        if (ended || consumed < bytes.size() || !parser_.answer().keep_alive) close();
        return true;
    }
}

bool NowClient::fail(std::string why) {
    failure_ = std::move(why);
    close();
    return false;
}

std::string NowClient::tls_text() const {
    return std::string(SSL_get_version(ssl_.get())) + " " + SSL_get_cipher_name(ssl_.get());
}

void NowClient::close() {
    ssl_.reset();
    if (socket_ < 0) return;
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(socket_);
    socket_ = -1;
}

}  // namespace scram
