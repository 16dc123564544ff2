// The way from OpenSSL to a socket. OpenSSL's own socket BIO uses write(), whose SIGPIPE on a lost
// connection would end the process; this one uses send(MSG_NOSIGNAL | MSG_DONTWAIT): no signal, and
// it never blocks, whatever the descriptor's mode.
//
// It also bounds a turn. OpenSSL reads on inside one call for as long as bytes come: TLS 1.2's
// HelloRequests in a handshake, tickets, key updates. A peer that sends them without end would keep
// the thread for ever, so the socket gives only so much a turn and then says "nothing more yet".
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/time.h"

namespace scram {

// What OpenSSL may take in one turn. OpenSSL reads a record's head and its body one by one: eight
// small records (a key update costs some 10 us), or one of full size. A handshake's larger steps
// (a key exchange, a chain) end the turn by the time that they took: so one of them, at most.
struct TlsTurn {
    static constexpr int reads_max = 16;
    static constexpr std::size_t bytes_max = 16 * 1024;
    static constexpr Duration time_max = 200us;
};

class TlsSocket {
  public:
    // Reads and writes `ssl` on `fd`, which stays the caller's to close. This object must outlive
    // `ssl`. False: out of memory.
    [[nodiscard]] bool attach(SSL* ssl, int fd);

    void begin_turn();
    // OpenSSL wanted more than the turn had: what it says to wait for may be here already, so do
    // not wait for the socket but go on in a turn of its own.
    bool turn_is_over() const { return turn_is_over_; }

    // Since attach() or the last forget_counts().
    std::size_t bytes() const { return bytes_; }
    std::size_t reads() const { return reads_; }
    std::uint64_t all_bytes() const { return all_bytes_; }  // since attach()
    void forget_counts() { bytes_ = reads_ = 0; }

    bool ended() const { return ended_; }  // the peer's FIN was read

  private:
    static BIO_METHOD* method();
    static int write_some(BIO* bio, const char* bytes, int size);
    static int read_some(BIO* bio, char* bytes, int size);
    static long control(BIO* bio, int command, long, void* result);
    bool may_read();

    int fd_ = -1;
    Time turn_began_{};
    int turn_reads_ = 0;
    std::size_t turn_bytes_ = 0;
    bool turn_is_over_ = false;
    bool ended_ = false;
    std::size_t bytes_ = 0;
    std::size_t reads_ = 0;
    std::uint64_t all_bytes_ = 0;
};

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
// Somebody else has answered that.
void tls_forget_key_request(SSL* ssl);

// After reading, on a connection that writes to memory and has nothing else there: in TLS 1.2 all
// that OpenSSL writes for its part is the "no" to a renegotiation (SSL_OP_NO_RENEGOTIATION), which
// a peer may ignore.
bool tls_asked_to_renegotiate(SSL* ssl);

// The kernel has no room now, and will have.
bool is_temporary(int error);

}  // namespace scram
