// The TLS client side: one context for all links. The chain and the host name are always verified;
// nothing turns that off. TLS 1.2 at least; sessions are kept for resumption.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/time.h"
#include "net/tls/sealer.h"

namespace scram {

struct TlsOptions {
    std::string ca_file{};  // additional trust anchors (PEM); empty: the system's alone
    // "sha256/BASE64" of a SubjectPublicKeyInfo in the verified chain; empty: any key.
    std::vector<std::string> pins{};
};

class TlsContext {
  public:
    // The error says what is wrong with the CA file or a pin.
    static std::variant<std::unique_ptr<TlsContext>, std::string> make(TlsOptions options);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    // A new client connection, ready for TlsSocket and SSL_connect. The peer must prove to be
    // `host`, a name (then it is told by SNI too) or an IP address; a session that was kept of that
    // host is resumed. Owned by the caller (SSL_free), and not to outlive the context. Null: out of
    // memory, or there is no host to prove.
    // With TLS 1.3 the secret of what we write is put into `secret`, if that is given, before the
    // handshake is over; it must live as long as the connection.
    SSL* new_connection(const std::string& host, TrafficSecret* secret = nullptr);

    // After a completed handshake: empty, or why the peer must not be used (pins, protocol).
    std::string refuse_reason(SSL* ssl) const;

    // Reads the authorities (the system's and the CA file) again, in the background; the next
    // connections believe what is found, or the old ones if a file is wrong. A link asks for it by
    // itself, now and then, while a chain does not verify: an exchange's chain may have rolled
    // over.
    void renew_trust();

    // The exchange's clock, where it is known: a refused certificate is told with it.
    void know_time_by(std::function<std::optional<WallMillis>()> exchange_time);

    // Why the last handshake step on `ssl` failed, for a person: "certificate is for another name
    // (expected www.okx.com)", "unknown certificate authority (...)", "certificate expired", "the
    // peer does not speak TLS 1.2 or later" ... Empties OpenSSL's error queue.
    std::string failure_text(SSL* ssl, int ssl_error);

  private:
    explicit TlsContext(TlsOptions options);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace scram
