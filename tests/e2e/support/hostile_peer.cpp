// An exchange of which one connection at a time is hostile, for bounded_turn_test.py: the first
// HONEST connections that live are led on to okxsim, and each further one does as MODE says,
// without end and as fast as the peer takes it. The port is the first line on stdout.
//     hostile_peer MODE OKXSIM_PORT CERTIFICATE KEY HONEST
// Modes before TLS is up, for anybody in the network's way: hello, certificate. After the first
// request, for who has the key: key_update, key_update_quiet, ticket, tiny, or any text, which is
// the answer's beginning and, behind "|", what follows for ever (\r and \n are written so).
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

struct Setup {
    std::string mode;
    std::uint16_t upstream;
    SSL_CTX* context;
    int honest_max;
    std::atomic<int> honest{0};
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return name;
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void lead_on(int client, std::uint16_t port) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto name = loopback(port);
    bool goes_on = connect(server, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
    std::array<pollfd, 2> both{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    while (goes_on && poll(both.data(), both.size(), -1) > 0) {
        for (std::size_t i = 0; i < both.size(); ++i) {
            if (both[i].revents == 0) continue;
            char bytes[16384];
            const auto got = recv(both[i].fd, bytes, sizeof bytes, 0);
            const auto size = static_cast<std::size_t>(got > 0 ? got : 0);
            goes_on = goes_on && got > 0 && write_all(both[1 - i].fd, {bytes, size});
        }
    }
    close(server);
}

std::string repeated(std::string_view piece, std::size_t size) {
    std::string all;
    while (all.size() < size) all += piece;
    return all;
}

std::string unescaped(std::string text) {
    for (const auto& [from, to] : {std::pair{"\\r", "\r"}, std::pair{"\\n", "\n"}}) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from))
            text.replace(at, 2, to);
    }
    return text;
}

void write_for_ever(int fd, const std::string& bytes) {
    while (write_all(fd, bytes)) {
    }
}

// A message of 100,000 bytes after a ServerHello of TLS 1.2, in records of one byte. Without the
// extension (renegotiation_info) OpenSSL would end at the hello.
void certificate(int fd) {
    std::string hello("\x16\3\3\0\x31\2\0\0\x2d\3\3", 11);
    hello += std::string(32, 'r') + std::string("\0\xc0\x2f\0\0\5\xff\1\0\1\0", 11);
    const std::string message =
        std::string("\x0b\1\x86\xa0\1\x86\x9d", 7) + std::string(99'993, 'c');
    std::string all = hello;
    for (const char byte : message) all += std::string("\x16\3\3\0\1", 5) + byte;
    write_all(fd, all);
    char byte;
    recv(fd, &byte, 1, 0);  // until the client has had enough
}

bool act(SSL* ssl, const std::string& mode) {
    if (mode == "ticket") return SSL_new_session_ticket(ssl) == 1 && SSL_do_handshake(ssl) == 1;
    if (mode == "tiny") return SSL_write(ssl, "x", 1) == 1;
    const int kind = mode == "key_update" ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
    return SSL_key_update(ssl, kind) == 1 && SSL_do_handshake(ssl) == 1;
}

void spoil(SSL* ssl, const std::string& mode) {
    char request[4096];
    if (SSL_accept(ssl) != 1 || SSL_read(ssl, request, sizeof request) <= 0) return;
    const auto bar = mode.find('|');
    if (bar == std::string::npos) {
        if (mode == "tiny") SSL_write(ssl, "HTTP/1.1 200 OK\r\n\r\n", 19);
        while (act(ssl, mode)) {
        }
        return;
    }
    const std::string first = unescaped(mode.substr(0, bar));
    const std::string rest = repeated(unescaped(mode.substr(bar + 1)), 15'000);
    SSL_write(ssl, first.data(), static_cast<int>(first.size()));
    while (SSL_write(ssl, rest.data(), static_cast<int>(rest.size())) > 0) {
    }
}

void be_hostile(int fd, const Setup& setup) {
    char hello[4096];
    if (setup.mode == "hello" || setup.mode == "certificate") {
        if (recv(fd, hello, sizeof hello, 0) <= 0) return;
        if (setup.mode == "certificate") return certificate(fd);
        return write_for_ever(fd, repeated(std::string_view("\x16\3\3\0\4\0\0\0\0", 9), 60'000));
    }
    SSL* const ssl = SSL_new(setup.context);
    SSL_set_fd(ssl, fd);
    spoil(ssl, setup.mode);
    SSL_free(ssl);
}

void serve(int fd, Setup& setup) {
    if (setup.honest.fetch_add(1) < setup.honest_max) {
        lead_on(fd, setup.upstream);
        --setup.honest;
    } else {
        --setup.honest;
        be_hostile(fd, setup);
    }
    close(fd);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 6) return 2;
    std::signal(SIGPIPE, SIG_IGN);
    Setup setup{arguments[1], static_cast<std::uint16_t>(std::atoi(arguments[2])),
                SSL_CTX_new(TLS_server_method()), std::atoi(arguments[5])};
    if (SSL_CTX_use_certificate_file(setup.context, arguments[3], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(setup.context, arguments[4], SSL_FILETYPE_PEM) != 1) {
        return 1;
    }
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto name = loopback(0);
    socklen_t size = sizeof name;
    auto* const generic = reinterpret_cast<sockaddr*>(&name);
    if (bind(listener, generic, size) != 0 || listen(listener, 64) != 0) return 1;
    getsockname(listener, generic, &size);
    std::printf("%d\n", ntohs(name.sin_port));
    std::fflush(stdout);
    while (true) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) std::thread([fd, &setup] { serve(fd, setup); }).detach();
    }
}
