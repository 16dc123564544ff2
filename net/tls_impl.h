// The inside of TlsContext, shared by tls.cpp and tls_failure.cpp.
#pragma once

#include "net/tls.h"

namespace scram {

struct TlsContext::Impl {
    struct Free {
        void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
        void operator()(SSL_SESSION* p) const { SSL_SESSION_free(p); }
    };
    using Session = std::unique_ptr<SSL_SESSION, Free>;
    static constexpr std::size_t sessions_kept_max = 32;

    TlsOptions options;
    std::vector<Session> sessions;  // newest last
    std::unique_ptr<SSL_CTX, Free> context;

    std::string set_up();
    std::string trust();
    void resume(SSL* ssl);
    static int keep_session(SSL* ssl, SSL_SESSION* session);
    static void catch_secret(const SSL* ssl, const char* line);
};

}  // namespace scram
