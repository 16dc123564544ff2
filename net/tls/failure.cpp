// What a TLS failure is called, for the person who has to put it right.
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

#include "core/base/validity.h"
#include "net/tls/context_impl.h"

namespace scram {
namespace {

const char* const too_old = "the peer does not speak TLS 1.2 or later";

// Handshakes of scram-now run in several threads; each is told within its own.
thread_local std::optional<RefusedValidity> refused_validity;

std::string certificate_failure(long verdict, const std::string& host,
                                std::optional<WallMillis> exchange) {
    const auto validity = [&] {
        return refused_validity ? validity_text(*refused_validity, exchange) : std::string();
    };
    switch (verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "certificate is for another name (expected " + host + ")";
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "certificate is self-signed";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // an authority of the same name was made again
            return std::string("unknown certificate authority (") +
                   X509_verify_cert_error_string(verdict) + ")";
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "certificate expired" + validity();
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "certificate is not valid yet" + validity();
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
            return "certificate has a weak key (RSA of 2048 bits at least is expected)";
        case X509_V_ERR_CA_MD_TOO_WEAK:
            return "certificate has a weak signature (SHA-256 at least is expected)";
        default:
            return std::string("certificate refused (") + X509_verify_cert_error_string(verdict) +
                   ")";
    }
}

// Behind a failure OpenSSL counts as in a handshake again: what the peer said last of one tells.
std::string closed(SSL* ssl) {
    const bool was_up = SSL_get_peer_finished(ssl, nullptr, 0) > 0;
    return was_up ? "the peer closed the connection"
                  : "the peer closed the connection during the TLS handshake";
}

bool is_unverified(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_SSL &&
           ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

std::string protocol_failure(SSL* ssl, unsigned long error, std::optional<WallMillis> exchange) {
    switch (ERR_GET_REASON(error)) {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return certificate_failure(SSL_get_verify_result(ssl), expected_peer(ssl), exchange);
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return too_old;
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
            return "the peer does not speak TLS (is this a plain-text port?)";
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return closed(ssl);
        default:
            break;
    }
    const char* reason = ERR_reason_error_string(error);
    return std::string("TLS failed (") + (reason != nullptr ? reason : "no reason given") + ")";
}

}  // namespace

int note_validity(int verified, X509_STORE_CTX* chain) {
    const int verdict = X509_STORE_CTX_get_error(chain);
    const X509* certificate = X509_STORE_CTX_get_current_cert(chain);
    const bool early = verdict == X509_V_ERR_CERT_NOT_YET_VALID;
    if (verified == 1 || certificate == nullptr) return verified;
    if (!early && verdict != X509_V_ERR_CERT_HAS_EXPIRED) return verified;
    const ASN1_TIME* bound =
        early ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate);
    tm fields{};
    refused_validity.reset();
    if (ASN1_TIME_to_tm(bound, &fields) == 1)
        refused_validity = {early, timegm(&fields), time(nullptr)};
    return verified;
}

void TlsContext::know_time_by(std::function<std::optional<WallMillis>()> exchange_time) {
    impl_->exchange_time = std::move(exchange_time);
}

std::string TlsContext::failure_text(SSL* ssl, int ssl_error) {
    int system_error = errno;
    const unsigned long error = ERR_peek_last_error();  // what it came to
    ERR_clear_error();
    if (ssl_error == SSL_ERROR_ZERO_RETURN) return closed(ssl);
    // From OpenSSL 3.2 on, what the kernel said is in its queue too.
    if (ERR_SYSTEM_ERROR(error)) {
        system_error = ERR_GET_REASON(error);
    } else if (error != 0) {
        const auto exchange = impl_->exchange_time ? impl_->exchange_time() : std::nullopt;
        return protocol_failure(ssl, error, exchange) +
               (is_unverified(error) ? impl_->trust_doubted() : "");
    }
    if (ssl_error != SSL_ERROR_SYSCALL) {
        return "TLS failed (state " + std::to_string(ssl_error) + ")";
    }
    return system_error == 0 ? closed(ssl) : std::generic_category().message(system_error);
}

}  // namespace scram
