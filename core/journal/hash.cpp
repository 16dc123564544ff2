// The journal's hash: OpenSSL's SHA-256.
#include <openssl/evp.h>

#include "core/base/check.h"
#include "core/journal/format.h"

namespace scram {
namespace {

struct DigestDelete {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};
struct ContextDelete {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Hasher::Impl {
    std::unique_ptr<EVP_MD, DigestDelete> digest{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    std::unique_ptr<EVP_MD_CTX, ContextDelete> context{EVP_MD_CTX_new()};
};

Hasher::Hasher() : impl_(std::make_unique<Impl>()) {
    check(impl_->digest != nullptr && impl_->context != nullptr, "OpenSSL provides SHA-256");
    (*this)(Hash{}, std::span<const std::byte>{});  // what it allocates, it allocates now
}

Hasher::~Hasher() = default;

Hash Hasher::operator()(const Hash& before, std::span<const std::byte> bytes) const {
    Hash out;
    EVP_MD_CTX* context = impl_->context.get();
    const bool done = EVP_DigestInit_ex2(context, impl_->digest.get(), nullptr) == 1 &&
                      EVP_DigestUpdate(context, before.data(), before.size()) == 1 &&
                      EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(context, out.data(), nullptr) == 1;
    check(done, "SHA-256 takes any bytes");
    return out;
}

Hash Hasher::operator()(const Hash& before, const JournalRecord& record) const {
    return (*this)(before, std::as_bytes(std::span(&record, 1)).first(hashed_size));
}

}  // namespace scram
