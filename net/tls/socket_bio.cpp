#include "net/tls/socket_bio.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/clock.h"

namespace scram {
namespace {

TlsSocket& socket_of(BIO* bio) {
    return *static_cast<TlsSocket*>(BIO_get_data(bio));
}

}  // namespace

void TlsSocket::begin_turn() {
    turn_began_ = monotonic_now();
    turn_reads_ = 0;
    turn_bytes_ = 0;
    turn_is_over_ = false;
}

// The first read of a turn is always allowed, so that each turn gets on.
bool TlsSocket::may_read() {
    const bool spent = turn_reads_ == TlsTurn::reads_max || turn_bytes_ == TlsTurn::bytes_max;
    const bool late = turn_reads_ > 0 && monotonic_now() - turn_began_ >= TlsTurn::time_max;
    turn_is_over_ = spent || late;
    return !turn_is_over_;
}

int TlsSocket::write_some(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent = send(socket_of(bio).fd_, bytes, static_cast<std::size_t>(size),
                           MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && is_temporary(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int TlsSocket::read_some(BIO* bio, char* bytes, int size) {
    TlsSocket& self = socket_of(bio);
    BIO_clear_retry_flags(bio);
    if (!self.may_read()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const auto wanted =
        std::min(static_cast<std::size_t>(size), TlsTurn::bytes_max - self.turn_bytes_);
    const auto got = recv(self.fd_, bytes, wanted, MSG_DONTWAIT);
    if (got < 0 && is_temporary(errno)) BIO_set_retry_read(bio);
    if (got == 0) {
        self.ended_ = true;
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    }
    if (got > 0) {
        ++self.turn_reads_;
        ++self.reads_;
        self.turn_bytes_ += static_cast<std::size_t>(got);
        self.bytes_ += static_cast<std::size_t>(got);
        self.all_bytes_ += static_cast<std::size_t>(got);
    }
    return static_cast<int>(got);
}

long TlsSocket::control(BIO* bio, int command, long, void* result) {
    switch (command) {
        case BIO_CTRL_FLUSH:
            return 1;
        case BIO_CTRL_EOF:
            return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
        case BIO_C_GET_FD:
            if (result != nullptr) *static_cast<int*>(result) = socket_of(bio).fd_;
            return socket_of(bio).fd_;
        default:
            return 0;
    }
}

BIO_METHOD* TlsSocket::method() {
    static BIO_METHOD* const made = [] {
        constexpr int kind = BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;
        BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | kind, "socket without SIGPIPE");
        if (method == nullptr) return method;
        BIO_meth_set_write(method, write_some);
        BIO_meth_set_read(method, read_some);
        BIO_meth_set_ctrl(method, control);
        return method;
    }();
    return made;
}

bool TlsSocket::attach(SSL* ssl, int fd) {
    BIO* bio = method() != nullptr ? BIO_new(method()) : nullptr;
    if (bio == nullptr) return false;
    *this = TlsSocket();
    fd_ = fd;
    begin_turn();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return true;
}

bool tls_write_to_memory(SSL* ssl) {
    BIO* memory = BIO_new(BIO_s_mem());
    if (memory == nullptr) return false;
    SSL_set0_wbio(ssl, memory);
    return true;
}

std::string_view tls_written(SSL* ssl) {
    const char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl), &bytes);
    return size > 0 ? std::string_view(bytes, static_cast<std::size_t>(size)) : std::string_view();
}

void tls_forget_written(SSL* ssl) {
    (void)BIO_reset(SSL_get_wbio(ssl));
}

bool tls_give_up_write_key(SSL* ssl) {
    if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1) return false;
    const bool done = SSL_do_handshake(ssl) == 1;
    tls_forget_written(ssl);
    return done;
}

bool tls_asked_for_new_keys(SSL* ssl) {
    return SSL_get_key_update_type(ssl) != SSL_KEY_UPDATE_NONE || !tls_written(ssl).empty();
}

// In the middle of a message OpenSSL does not move on, and will seem to be asked again: then the
// peer is told of new keys once more, which it must take.
void tls_forget_key_request(SSL* ssl) {
    tls_forget_written(ssl);
    (void)tls_give_up_write_key(ssl);
    ERR_clear_error();
}

bool tls_asked_to_renegotiate(SSL* ssl) {
    return SSL_version(ssl) <= TLS1_2_VERSION && !tls_written(ssl).empty();
}

bool is_temporary(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace scram
