#include "net/tls_socket.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace scram {
namespace {

int fd_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int write_some(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent =
        send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && is_temporary(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int read_some(BIO* bio, char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto got = recv(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (got < 0 && is_temporary(errno)) BIO_set_retry_read(bio);
    if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(got);
}

long control(BIO* bio, int command, long, void* result) {
    switch (command) {
        case BIO_CTRL_FLUSH:
            return 1;
        case BIO_CTRL_EOF:
            return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
        case BIO_C_GET_FD:
            if (result != nullptr) *static_cast<int*>(result) = fd_of(bio);
            return fd_of(bio);
        default:
            return 0;
    }
}

BIO_METHOD* make_method() {
    constexpr int kind = BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | kind, "socket without SIGPIPE");
    if (method == nullptr) return nullptr;
    BIO_meth_set_write(method, write_some);
    BIO_meth_set_read(method, read_some);
    BIO_meth_set_ctrl(method, control);
    return method;
}

}  // namespace

bool tls_use_socket(SSL* ssl, int fd) {
    static BIO_METHOD* const method = make_method();
    BIO* bio = method != nullptr ? BIO_new(method) : nullptr;
    if (bio == nullptr) return false;
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
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

bool tls_asked_to_renegotiate(SSL* ssl) {
    return SSL_version(ssl) <= TLS1_2_VERSION && !tls_written(ssl).empty();
}

bool is_temporary(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace scram
