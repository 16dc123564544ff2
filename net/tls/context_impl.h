// The inside of TlsContext, shared by tls.cpp and tls_failure.cpp.
#pragma once

#include <map>
#include <mutex>

#include "core/base/time.h"
#include "net/tls/context.h"

namespace scram {

// Authorities that are being read in the background, which may outlive the context.
struct TrustRenewal {
    struct Free {
        void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    };
    std::mutex mutex;
    std::unique_ptr<X509_STORE, Free> fresh;
    std::string error;  // why there is none
};

// Who the peer of a connection must prove to be.
std::string expected_peer(SSL* ssl);

// OpenSSL's verification callback: keeps, for this thread's next failure_text, when a certificate
// that is refused for its time is valid.
int note_validity(int verified, X509_STORE_CTX* chain);

struct TlsContext::Impl {
    struct Free {
        void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
        void operator()(SSL_SESSION* p) const { SSL_SESSION_free(p); }
    };
    using Session = std::unique_ptr<SSL_SESSION, Free>;
    static constexpr std::size_t sessions_kept_max = 32;  // of a peer

    TlsOptions options;
    std::function<std::optional<WallMillis>()> exchange_time;  // may be none
    // By the peer that proved to be it: a resumed handshake shows no certificate. Newest last.
    std::map<std::string, std::vector<Session>> sessions;
    std::unique_ptr<SSL_CTX, Free> context;

    std::shared_ptr<TrustRenewal> renewal = std::make_shared<TrustRenewal>();
    Time renew_after{};  // not before: it costs a core some 20 ms

    std::string set_up();
    void renew_trust();
    void adopt_trust();
    // A chain does not verify: are the authorities those of yesterday? What to add to the failure.
    std::string trust_doubted();
    void resume(SSL* ssl);
    static int keep_session(SSL* ssl, SSL_SESSION* session);
    static void catch_secret(const SSL* ssl, const char* line);
};

}  // namespace scram
