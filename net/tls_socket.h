// The way from OpenSSL to a socket. OpenSSL's own socket BIO uses write(), whose SIGPIPE on a lost
// connection would end the process; this one uses send(MSG_NOSIGNAL | MSG_DONTWAIT): no signal, and
// it never blocks, whatever the descriptor's mode.
#pragma once

#include <openssl/ssl.h>

namespace scram {

// Reads and writes `ssl` on `fd`, which stays the caller's to close. False: out of memory.
[[nodiscard]] bool tls_use_socket(SSL* ssl, int fd);

}  // namespace scram
