// Certificates made on the spot, good ones and bad ones.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <string>

namespace scram::testing {

struct FreeOpenssl {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct Certificate {
    std::unique_ptr<X509, FreeOpenssl> x509;
    std::unique_ptr<EVP_PKEY, FreeOpenssl> key;

    std::string pin() const;  // sha256/BASE64 of its public key
};

struct CertificateWish {
    std::string alternative_name;  // "DNS:exchange.test", "IP:127.0.0.1"
    std::string common_name = "test server";
    long valid_from_s = -3600;  // from now
    long valid_to_s = 3600;
};

// Removed with the object.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& text);
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    std::string path() const { return path_; }

  private:
    std::filesystem::path path_;
};

class CertificateAuthority {
  public:
    explicit CertificateAuthority(const std::string& name = "test authority");
    Certificate issue(const CertificateWish& wish) const;
    const Certificate& root() const { return root_; }
    std::string file() const { return file_->path(); }  // the root, PEM

  private:
    Certificate root_;
    std::unique_ptr<TemporaryFile> file_;
};

Certificate self_signed(const CertificateWish& wish);

}  // namespace scram::testing
