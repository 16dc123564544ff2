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

bool is_temporary(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
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

}  // namespace scram
