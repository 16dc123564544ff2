// The exchange at the other end of a link, in every phase: before TLS is up, in its handshake, and
// behind it, where it has the key. Small inputs make long streams: each step says how often.
//
// What must hold whatever comes: a turn of the loop takes no more from the kernel than TlsTurn
// says, and ends after little work (CPU time, generously); memory stays; a link that is lost says
// why.
//
// Input: byte 0 says what the server does after the client's hello: even, it shakes hands; odd, it
// does not. Then steps: what, how often (a byte, squared), the size of a piece, the piece.
#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "core/base/check.h"
#include "net/exchange/link.h"
#include "net/tls/socket_bio.h"
#include "tests/fuzz/input.h"
#include "tests/unit/net/tls/certificates.h"

extern "C" [[gnu::weak]] std::size_t __sanitizer_get_current_allocated_bytes();

namespace {

using namespace scram;
using scram::testing::Certificate;
using scram::testing::CertificateAuthority;

constexpr Duration turn_max = 250ms;  // of this thread; under sanitizers too
constexpr std::size_t memory_max = 4 * 1024 * 1024;
constexpr int turns_max = 20'000;
constexpr std::size_t sent_max = 4 * 1024 * 1024;
constexpr unsigned pieces_per_turn = 32;  // more than a turn takes; all at once only costs time
const std::string request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

Duration cpu_time() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return Duration{std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec};
}

std::size_t allocated() {
    if (__sanitizer_get_current_allocated_bytes != nullptr)
        return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks;
}

struct Trust {
    CertificateAuthority authority;
    Certificate certificate = authority.issue({.alternative_name = "IP:127.0.0.1"});
    std::unique_ptr<TlsContext> client;
    SSL_CTX* server = SSL_CTX_new(TLS_server_method());

    Trust() {
        std::signal(SIGPIPE, SIG_IGN);  // of the server's end: OpenSSL itself writes by write()
        TlsOptions options;
        options.ca_file = authority.file();
        client = std::move(std::get<0>(TlsContext::make(options)));
        SSL_CTX_use_certificate(server, certificate.x509.get());
        SSL_CTX_use_PrivateKey(server, certificate.key.get());
        SSL_CTX_set_mode(server, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
};

Trust& trust() {
    static Trust one;
    return one;
}

struct Witness : LinkObserver {
    bool up = false, down = false;
    void link_up(LinkId, const std::string&, const std::string&) override { up = true; }
    void link_down(LinkId, bool, Taken, const std::string& reason) override {
        check(!reason.empty(), "a lost link says why");
        down = true;
    }
    void link_answered(LinkId, const HttpResponse&, Time) override {}
};

int listen_on(std::uint16_t& port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* const generic = reinterpret_cast<sockaddr*>(&name);
    check(bind(fd, generic, size) == 0 && listen(fd, 8) == 0, "a port to listen on");
    getsockname(fd, generic, &size);
    port = ntohs(name.sin_port);
    return fd;
}

class Visit {
  public:
    explicit Visit(fuzz::Input input) : input_(input), listener_(listen_on(port_)) {
        link_.emplace(
            io_, *trust().client, LinkId{0},
            LinkOptions{
                .host = "127.0.0.1", .port = port_, .reconnect_first = 1h, .reconnect_max = 1h},
            seen_);
    }
    ~Visit() {
        link_->stop();
        io_.restart();
        io_.poll();
        SSL_free(ssl_);
        if (fd_ >= 0) close(fd_);
        close(listener_);
    }
    void run() {
        const bool shakes_hands = input_.byte() % 2 == 0;
        link_->start();
        if (!accept_one()) return;
        if (shakes_hands && !shake_hands()) return;
        while (!input_.empty() && !seen_.down && sent_ < sent_max) step();
        for (int i = 0; i < 1000 && !seen_.down && turn(); ++i) {
        }
    }

  private:
    enum Step { raw, text, ask_for_keys, renew_keys, ticket, asks, goodbye, steps };

    // True: something was done.
    bool turn() {
        check(++turns_ < turns_max * 10, "all comes to an end");
        const Duration began = cpu_time();
        const auto before = unread();
        io_.restart();
        const bool any = io_.poll_one() > 0;
        const auto after = unread();
        check(!before || !after || *before <= *after + TlsTurn::bytes_max,
              "a turn takes so much and no more");
        check(cpu_time() - began < turn_max, "a turn is bounded");
        check(allocated() < at_first_ + memory_max, "memory is bounded");
        return any;
    }

    // What the kernel holds for the link. None: its connection is no more.
    std::optional<std::size_t> unread() const {
        int count = 0;
        if (links_fd_ < 0 || ioctl(links_fd_, FIONREAD, &count) != 0) return std::nullopt;
        return static_cast<std::size_t>(count);
    }

    // The other end of the connection that was accepted, in this process too.
    int fd_of_link() const {
        sockaddr_in wanted{}, found{};
        socklen_t size = sizeof wanted;
        getpeername(fd_, reinterpret_cast<sockaddr*>(&wanted), &size);
        for (int fd = 0; fd < 256; ++fd) {
            size = sizeof found;
            if (fd == fd_ || getsockname(fd, reinterpret_cast<sockaddr*>(&found), &size) != 0)
                continue;
            if (found.sin_family == AF_INET && found.sin_port == wanted.sin_port) return fd;
        }
        return -1;
    }

    bool accept_one() {
        for (int i = 0; i < turns_max && fd_ < 0; ++i) {
            turn();
            fd_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        }
        links_fd_ = fd_of_link();
        check(fd_ < 0 || links_fd_ >= 0, "the link's own end");
        ssl_ = SSL_new(trust().server);
        SSL_set_fd(ssl_, fd_);
        return fd_ >= 0;
    }

    bool shake_hands() {
        for (int i = 0; i < turns_max && SSL_accept(ssl_) != 1; ++i) turn();
        for (int i = 0; i < turns_max && !seen_.up && !seen_.down; ++i) turn();
        return seen_.up;
    }

    void step() {
        const auto what = static_cast<Step>(input_.byte() % steps);
        const unsigned times = input_.byte();
        const std::string_view piece = input_.take(input_.byte());
        if (what == asks) {
            link_->send(request);
        } else if (what == goodbye) {
            shutdown(fd_, SHUT_WR);
        } else {
            for (unsigned i = 0; i <= times * times && !seen_.down && sent_ < sent_max; ++i) {
                if (!act(what, piece)) return;
                if (i % pieces_per_turn == 0) turn();
            }
        }
        turn();
    }

    // Whatever the kernel does not take at once waits for the link's turns.
    bool act(Step what, std::string_view piece) {
        sent_ += piece.size() + 1;
        for (int i = 0; i < turns_max && !seen_.down; ++i) {
            const bool done = what == raw ? write_raw(piece) : write_tls(what, piece);
            if (done) return true;
            turn();
        }
        return false;
    }

    bool write_raw(std::string_view piece) {
        return piece.empty() || send(fd_, piece.data(), piece.size(), MSG_NOSIGNAL) > 0;
    }

    bool write_tls(Step what, std::string_view piece) {
        if (SSL_in_before(ssl_)) return true;
        if (what == text)
            return piece.empty() ||
                   SSL_write(ssl_, piece.data(), static_cast<int>(piece.size())) > 0;
        if (what == ticket) {
            SSL_new_session_ticket(ssl_);
        } else {
            SSL_key_update(ssl_, what == ask_for_keys ? SSL_KEY_UPDATE_REQUESTED
                                                      : SSL_KEY_UPDATE_NOT_REQUESTED);
        }
        SSL_do_handshake(ssl_);
        return true;
    }

    fuzz::Input input_;
    std::uint16_t port_ = 0;
    int listener_;
    int fd_ = -1;
    int links_fd_ = -1;
    SSL* ssl_ = nullptr;
    boost::asio::io_context io_;
    Witness seen_;
    std::optional<Link> link_;
    std::size_t sent_ = 0;
    std::size_t at_first_ = allocated();
    int turns_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    trust();
    Visit(fuzz::Input(data, size)).run();
    return 0;
}
