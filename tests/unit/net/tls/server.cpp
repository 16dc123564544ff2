#include "tests/unit/net/tls/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace scram::testing {

void keep_secret(const SSL* ssl, const char* line);

namespace {

int listen_on(const std::string& address, std::uint16_t& port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &name.sin_addr);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    socklen_t size = sizeof name;
    auto* generic = reinterpret_cast<sockaddr*>(&name);
    if (bind(fd, generic, size) != 0 || listen(fd, 16) != 0) {
        throw std::runtime_error("the test server cannot listen");
    }
    getsockname(fd, generic, &size);
    port = ntohs(name.sin_port);
    return fd;
}

SSL_CTX* make_context(const ServerSetup& setup) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    if (setup.version_max < TLS1_2_VERSION) {
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
    }
    SSL_CTX_set_max_proto_version(context, setup.version_max);
    if (setup.certificate != nullptr) {
        SSL_CTX_use_certificate(context, setup.certificate->x509.get());
        SSL_CTX_use_PrivateKey(context, setup.certificate->key.get());
    }
    if (*setup.suite != '\0') SSL_CTX_set_ciphersuites(context, setup.suite);
    SSL_CTX_set_keylog_callback(context, keep_secret);
    if (setup.also_sends != nullptr) SSL_CTX_add1_chain_cert(context, setup.also_sends->x509.get());
    return context;
}

// A client that is gone must not end the test program.
void block_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

// "CLIENT_TRAFFIC_SECRET_0 RANDOM SECRET"
void keep_secret(const SSL* ssl, const char* line) {
    const std::string text(line);
    if (!text.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
    auto& secret = static_cast<Client*>(SSL_get_app_data(ssl))->secret_;
    secret.clear();
    for (auto at = text.rfind(' ') + 1; at < text.size(); at += 2) {
        secret += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
    }
}

long Client::keep_raw(BIO* bio, int operation, const char* bytes, std::size_t, int, long,
                      int result, std::size_t* got) {
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0) {
        reinterpret_cast<Client*>(BIO_get_callback_arg(bio))->raw_.append(bytes, *got);
    }
    return result;
}

Client::Client(SSL_CTX* context, int fd) : fd_(fd), ssl_(SSL_new(context)) {
    SSL_set_fd(ssl_, fd);
    SSL_set_app_data(ssl_, this);
    BIO_set_callback_arg(SSL_get_rbio(ssl_), reinterpret_cast<char*>(this));
    BIO_set_callback_ex(SSL_get_rbio(ssl_), keep_raw);
}

Client::~Client() {
    SSL_free(ssl_);
}

bool Client::shake_hands() {
    return SSL_accept(ssl_) == 1;
}

std::string Client::read_request() {
    std::string request;
    while (!request.ends_with("\r\n\r\n")) {
        const auto byte = read_bytes(1);
        if (byte.empty()) return "";
        request += byte;
    }
    return request;
}

std::string Client::read_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        std::size_t got = 0;
        if (SSL_read_ex(ssl_, bytes.data() + have, count - have, &got) != 1) return "";
        have += got;
    }
    return bytes;
}

bool Client::write(const std::string& bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

bool Client::answer(const std::string& body) {
    return write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                 body);
}

bool Client::write_plain(const std::string& bytes) {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

std::string Client::read_plain() {
    char bytes[4096];
    const auto got = recv(fd_, bytes, sizeof bytes, 0);
    return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : "";
}

void Client::say_goodbye() {
    SSL_shutdown(ssl_);
}

void Client::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// close() by itself would wait for the visit's end; connecting to nowhere cuts at once.
void Client::reset_now() {
    const sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
    connect(fd_, &nowhere, sizeof nowhere);
}

void Client::send_ticket() {
    SSL_new_session_ticket(ssl_);
    SSL_do_handshake(ssl_);
}

void Client::renew_keys(bool and_asks_for_new_ones) {
    SSL_key_update(ssl_,
                   and_asks_for_new_ones ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(ssl_);
}

void Client::ask_to_renegotiate() {
    SSL_renegotiate(ssl_);
    SSL_do_handshake(ssl_);
}

void Client::refuse_next_record() {
    read_plain();
    BIO* garbage = BIO_new(BIO_s_mem());
    const std::string record = std::string("\x17\3\3\0\x20", 5) + std::string(32, 'x');
    BIO_write(garbage, record.data(), static_cast<int>(record.size()));
    SSL_set0_rbio(ssl_, garbage);
    char byte;
    SSL_read(ssl_, &byte, 1);
}

void Client::await_close() {
    while (!read_plain().empty()) {
    }
}

std::string Client::how_it_ended() {
    char byte;
    int result;
    do {
        errno = 0;
        result = SSL_read(ssl_, &byte, 1);
    } while (result > 0);
    if (SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) return "goodbye";
    return errno == ECONNRESET ? "reset" : "closed";
}

TlsServer::TlsServer(const ServerSetup& setup, Behaviour behaviour)
    : behaviour_(std::move(behaviour)),
      context_(make_context(setup)),
      port_(setup.port),
      listener_(listen_on(setup.address, port_)),
      thread_([this] { serve(); }) {}

TlsServer::~TlsServer() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        shutdown(listener_, SHUT_RDWR);
        if (current_ >= 0) shutdown(current_, SHUT_RDWR);
    }
    thread_.join();
    close(listener_);
    SSL_CTX_free(context_);
}

void TlsServer::serve() {
    block_sigpipe();
    while (true) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        if (set_current(fd)) {
            Client client(context_, fd);
            behaviour_(client, ++visits_);
        }
        set_current(-1);
        close(fd);
    }
}

bool TlsServer::set_current(int fd) {
    const std::lock_guard lock(mutex_);
    current_ = fd;
    return !ending_;
}

void answer_all(Client& client, int) {
    if (client.shake_hands()) answer_on(client);
}

void answer_on(Client& client) {
    while (!client.read_request().empty()) {
        if (!client.answer("pong")) return;
    }
}

std::uint16_t dead_port() {
    std::uint16_t port = 0;
    close(listen_on("127.0.0.1", port));
    return port;
}

}  // namespace scram::testing
