#include "tests/unit/net/tls/certificates.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <stdexcept>

namespace scram::testing {
namespace {

void must(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL cannot make a test certificate");
}

void add_extension(X509* certificate, int id, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

Certificate unsigned_certificate(const std::string& name, const CertificateWish& wish) {
    Certificate made;
    made.x509.reset(X509_new());
    made.key.reset(EVP_EC_gen("P-256"));
    must(made.x509 && made.key);
    X509* x509 = made.x509.get();
    unsigned char serial[8];
    must(RAND_bytes(serial, sizeof serial) == 1);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509),
                            *reinterpret_cast<const std::uint32_t*>(serial));
    X509_gmtime_adj(X509_getm_notBefore(x509), wish.valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(x509), wish.valid_to_s);
    X509_set_pubkey(x509, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    if (!wish.alternative_name.empty()) {
        add_extension(x509, NID_subject_alt_name, wish.alternative_name);
    }
    return made;
}

void sign(Certificate& certificate, const Certificate& issuer) {
    X509_set_issuer_name(certificate.x509.get(), X509_get_subject_name(issuer.x509.get()));
    must(X509_sign(certificate.x509.get(), issuer.key.get(), EVP_sha256()) > 0);
}

std::string pem_of(X509* certificate) {
    BIO* bio = BIO_new(BIO_s_mem());
    must(bio != nullptr && PEM_write_bio_X509(bio, certificate) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string pem(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return pem;
}

}  // namespace

std::string Certificate::pin() const {
    unsigned char* info = nullptr;
    const int size = i2d_PUBKEY(key.get(), &info);
    must(size > 0);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(info, static_cast<std::size_t>(size), digest);
    OPENSSL_free(info);
    unsigned char text[64];
    EVP_EncodeBlock(text, digest, sizeof digest);
    return std::string("sha256/") + reinterpret_cast<const char*>(text);
}

TemporaryFile::TemporaryFile(const std::string& text) {
    std::string name = std::filesystem::temp_directory_path() / "scram-test-XXXXXX";
    const int fd = mkstemp(name.data());
    must(fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(fd);
    path_ = name;
}

TemporaryFile::~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

CertificateAuthority::CertificateAuthority(const std::string& name)
    : root_(unsigned_certificate(name, CertificateWish{})) {
    add_extension(root_.x509.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(root_, root_);
    file_ = std::make_unique<TemporaryFile>(pem_of(root_.x509.get()));
}

Certificate CertificateAuthority::issue(const CertificateWish& wish) const {
    Certificate made = unsigned_certificate(wish.common_name, wish);
    sign(made, root_);
    return made;
}

Certificate self_signed(const CertificateWish& wish) {
    Certificate made = unsigned_certificate("test server", wish);
    sign(made, made);
    return made;
}

}  // namespace scram::testing
