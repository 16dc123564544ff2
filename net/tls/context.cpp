// The TLS context: trust, host name, pins and kept sessions. What a failure is called stands in
// tls_failure.cpp.
#include "net/tls/context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "net/background.h"
#include "net/clock.h"
#include "net/tls/context_impl.h"

namespace scram {
namespace {

constexpr std::string_view pin_prefix = "sha256/";
constexpr int security_level_min = 2;
constexpr Duration renew_pause = 10s;

std::string base64(const unsigned char* bytes, int size) {
    std::string text(static_cast<std::size_t>((size + 2) / 3 * 4 + 1), '\0');
    text.resize(static_cast<std::size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, size)));
    return text;
}

// 32 bytes in Base64, in the one spelling that they have.
bool is_pin(const std::string& pin) {
    if (!pin.starts_with(pin_prefix) || pin.size() != pin_prefix.size() + 44) return false;
    const std::string text = pin.substr(pin_prefix.size());
    unsigned char bytes[33];
    return EVP_DecodeBlock(bytes, reinterpret_cast<const unsigned char*>(text.data()), 44) == 33 &&
           base64(bytes, 32) == text;
}

std::string pin_of(X509* certificate) {
    unsigned char* key = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    if (size <= 0) return "";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_size = 0;
    const bool ok = EVP_Digest(key, static_cast<std::size_t>(size), digest, &digest_size,
                               EVP_sha256(), nullptr) == 1;
    OPENSSL_free(key);
    return ok ? std::string(pin_prefix) + base64(digest, static_cast<int>(digest_size)) : "";
}

std::vector<std::string> pins_of_verified_chain(SSL* ssl) {
    std::vector<std::string> pins;
    const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
    for (int i = 0; i < sk_X509_num(chain); ++i) pins.push_back(pin_of(sk_X509_value(chain, i)));
    return pins;
}

// A resumed handshake shows no certificates. It needs none: only sessions of connections whose pins
// matched are kept (keep_session).
bool pins_match(SSL* ssl, const std::vector<std::string>& wanted) {
    if (wanted.empty() || SSL_session_reused(ssl) == 1) return true;
    const auto seen = pins_of_verified_chain(ssl);
    return std::find_first_of(seen.begin(), seen.end(), wanted.begin(), wanted.end()) != seen.end();
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

bool is_address(const std::string& host) {
    unsigned char bytes[sizeof(in6_addr)];
    return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
           inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// OpenSSL takes an empty name for none to check.
bool expect_peer(SSL* ssl, const std::string& host) {
    if (host.empty()) return false;
    if (is_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    }
    // The subject's common name was never checked to be a name of a host.
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(ssl, host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

std::string bad_options(const TlsOptions& options) {
    for (const auto& pin : options.pins) {
        if (is_pin(pin)) continue;
        return "pin \"" + pin + "\": expected \"sha256/\" and 44 characters of Base64 (32 bytes)";
    }
    return "";
}

// A peer may ask for these key exchanges alone, at 0.8 ms an operation at most. Else a peer that is
// not verified yet may choose a Diffie-Hellman group of 8,192 bits (14 ms) or a larger one of its
// own.
bool bound_key_exchange(SSL_CTX* context) {
    if (SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384:P-521") != 1) return false;
    std::string names;
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
        const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
        const int exchange = SSL_CIPHER_get_kx_nid(cipher);
        if (exchange != NID_kx_ecdhe && exchange != NID_kx_rsa) continue;
        names += (names.empty() ? "" : ":") + std::string(SSL_CIPHER_get_name(cipher));
    }
    return SSL_CTX_set_cipher_list(context, names.c_str()) == 1;
}

// The system's authorities and those of the file. Null: `error` says why.
X509_STORE* read_trust(const std::string& file, std::string& error) {
    X509_STORE* const store = X509_STORE_new();
    if (store == nullptr) {
        error = "authorities cannot be read: out of memory";
        return nullptr;
    }
    X509_STORE_set_default_paths(store);
    if (file.empty() || X509_STORE_load_file(store, file.c_str()) == 1) return store;
    const char* why = ERR_reason_error_string(ERR_peek_error());
    error = "ca_file " + file + ": expected a readable file of PEM certificates (" +
            (why != nullptr ? why : "no reason given") + ")";
    X509_STORE_free(store);
    return nullptr;
}

Background& background() {
    static auto* const one = new Background;  // never destroyed: its thread may outlast everything
    return *one;
}

}  // namespace

std::string expected_peer(SSL* ssl) {
    X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
    if (const char* name = X509_VERIFY_PARAM_get0_host(expected, 0)) return name;
    char* const address = X509_VERIFY_PARAM_get1_ip_asc(expected);
    std::string text = address != nullptr ? address : "";
    OPENSSL_free(address);
    return text;
}

int TlsContext::Impl::keep_session(SSL* ssl, SSL_SESSION* session) {
    auto& self = *static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    if (!pins_match(ssl, self.options.pins)) return 0;
    // A copy, since OpenSSL spoils its own when a connection ends without goodbye, and our links
    // reconnect just then.
    Session kept(SSL_SESSION_dup(session));
    if (!kept) return 0;
    auto& of_peer = self.sessions[expected_peer(ssl)];
    if (of_peer.size() == sessions_kept_max) of_peer.erase(of_peer.begin());
    of_peer.push_back(std::move(kept));
    return 0;
}

// OpenSSL's one public way to a secret of its own: "LABEL CLIENT_RANDOM SECRET", in hexadecimal,
// for each. It wipes the line afterwards.
void TlsContext::Impl::catch_secret(const SSL* ssl, const char* line) {
    auto* const kept = static_cast<TrafficSecret*>(SSL_get_app_data(ssl));
    const std::string_view words(line);
    if (kept == nullptr || !words.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
    const char* const text = line + words.rfind(' ') + 1;
    auto& bytes = kept->value.bytes;
    if (OPENSSL_hexstr2buf_ex(bytes.data(), bytes.size(), &kept->size, text, '\0') != 1) {
        kept->size = 0;
    }
}

// The newest is the likeliest to be accepted. A TLS 1.3 ticket is used once (RFC 8446 C.4).
void TlsContext::Impl::resume(SSL* ssl) {
    const auto kept = sessions.find(expected_peer(ssl));
    if (kept == sessions.end() || kept->second.empty()) return;
    const Session copy(SSL_SESSION_dup(kept->second.back().get()));  // again: OpenSSL may spoil it
    if (!copy) return;
    SSL_set_session(ssl, copy.get());
    if (SSL_SESSION_get_protocol_version(copy.get()) >= TLS1_3_VERSION) kept->second.pop_back();
}

std::string TlsContext::Impl::set_up() {
    context.reset(SSL_CTX_new(TLS_client_method()));
    if (!context) return "TLS cannot be set up: out of memory";
    SSL_CTX* ctx = context.get();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    // Whatever this machine's openssl.cnf allows: 112 bits, so no RSA below 2048 and no SHA-1.
    SSL_CTX_set_security_level(ctx, std::max(SSL_CTX_get_security_level(ctx), security_level_min));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, note_validity);
    SSL_CTX_set_app_data(ctx, this);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    SSL_CTX_set_keylog_callback(ctx, catch_secret);
    if (!bound_key_exchange(ctx)) return "TLS cannot be set up: no key exchange of bounded cost";
    std::string error;
    X509_STORE* const trusted = read_trust(options.ca_file, error);
    if (trusted != nullptr) SSL_CTX_set_cert_store(ctx, trusted);
    return error;
}

TlsContext::TlsContext(TlsOptions options) : impl_(std::make_unique<Impl>()) {
    impl_->options = std::move(options);
}
TlsContext::~TlsContext() = default;

std::variant<std::unique_ptr<TlsContext>, std::string> TlsContext::make(TlsOptions options) {
    if (auto error = bad_options(options); !error.empty()) return error;
    std::unique_ptr<TlsContext> made(new TlsContext(std::move(options)));
    auto error = made->impl_->set_up();
    ERR_clear_error();
    if (!error.empty()) return error;
    return made;
}

void TlsContext::Impl::renew_trust() {
    renew_after = monotonic_now() + renew_pause;  // also if there is no thread now
    (void)background().run([result = renewal, file = options.ca_file] {
        std::string error;
        ERR_clear_error();
        X509_STORE* const store = read_trust(file, error);
        ERR_clear_error();
        const std::lock_guard lock(result->mutex);
        result->fresh.reset(store);
        result->error = std::move(error);
    });
}

void TlsContext::Impl::adopt_trust() {
    const std::lock_guard lock(renewal->mutex);
    if (renewal->fresh) SSL_CTX_set_cert_store(context.get(), renewal->fresh.release());
}

std::string TlsContext::Impl::trust_doubted() {
    if (monotonic_now() >= renew_after) renew_trust();
    const std::lock_guard lock(renewal->mutex);
    return renewal->error.empty() ? ""
                                  : "; the authorities of the start are used: " + renewal->error;
}

void TlsContext::renew_trust() {
    impl_->renew_trust();
}

SSL* TlsContext::new_connection(const std::string& host, TrafficSecret* secret) {
    impl_->adopt_trust();
    SSL* ssl = SSL_new(impl_->context.get());
    if (ssl == nullptr) return nullptr;
    if (!expect_peer(ssl, host)) {
        SSL_free(ssl);  // never a connection that would not check its peer
        return nullptr;
    }
    SSL_set_app_data(ssl, secret);
    impl_->resume(ssl);
    SSL_set_connect_state(ssl);
    return ssl;
}

std::string TlsContext::refuse_reason(SSL* ssl) const {
    if (SSL_version(ssl) < TLS1_2_VERSION) return "the peer does not speak TLS 1.2 or later";
    if (SSL_get_verify_result(ssl) != X509_V_OK) return "the peer's certificate is not verified";
    if (pins_match(ssl, impl_->options.pins)) return "";
    return "no certificate of the peer has a pinned key (its chain: " +
           joined(pins_of_verified_chain(ssl)) + ")";
}

}  // namespace scram
