// The way from OpenSSL to a socket. OpenSSL's own socket BIO uses write(), whose SIGPIPE on a lost
// connection would end the process; this one uses send(MSG_NOSIGNAL | MSG_DONTWAIT): no signal, and
// it never blocks, whatever the descriptor's mode.
#pragma once

#include <openssl/ssl.h>

#include <string_view>

namespace scram {

// Reads and writes `ssl` on `fd`, which stays the caller's to close. False: out of memory.
[[nodiscard]] bool tls_use_socket(SSL* ssl, int fd);

// For after the handshake: from now on what `ssl` writes stays in memory. False: out of memory.
[[nodiscard]] bool tls_write_to_memory(SSL* ssl);
// What it has written there, and forgetting that.
std::string_view tls_written(SSL* ssl);
void tls_forget_written(SSL* ssl);

// For a connection of TLS 1.3 whose records somebody else will seal: moves OpenSSL's own writing
// side to its next key, of which the peer is not told. So it holds neither the key nor the secret
// that the records are sealed with, and if what it writes ever left, no number would be used twice.
[[nodiscard]] bool tls_give_up_write_key(SSL* ssl);
// The peer has asked for records under new keys since, which OpenSSL believes to have answered or
// will answer with the next that it writes.
bool tls_asked_for_new_keys(SSL* ssl);

// After reading, on a connection that writes to memory and has nothing else there: in TLS 1.2 all
// that OpenSSL writes for its part is the "no" to a renegotiation (SSL_OP_NO_RENEGOTIATION), which
// a peer may ignore.
bool tls_asked_to_renegotiate(SSL* ssl);

// The kernel has no room now, and will have.
bool is_temporary(int error);

}  // namespace scram
