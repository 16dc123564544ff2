#include "tests/unit/net/tls/opener.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

namespace scram::testing {
namespace {

constexpr std::size_t header_size = 5;
constexpr std::size_t tag_size = 16;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// The first block of HKDF-Expand, which is all that a key needs.
std::string expand(const EVP_MD* digest, const std::string& secret, const std::string& label,
                   std::size_t size) {
    const std::string name = "tls13 " + label;
    const std::string info = std::string(1, '\0') + static_cast<char>(size) +
                             static_cast<char>(name.size()) + name + std::string("\0\1", 2);
    unsigned char block[EVP_MAX_MD_SIZE];
    unsigned int block_size = 0;
    HMAC(digest, secret.data(), static_cast<int>(secret.size()), bytes_of(info), info.size(), block,
         &block_size);
    return std::string(block, block + size);
}

const EVP_CIPHER* cipher_of(int suite) {
    if (suite == 0x1301) return EVP_aes_128_gcm();
    return suite == 0x1302 ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
}

}  // namespace

Opener::Opener(int suite, const std::string& secret) : suite_(suite) {
    const EVP_MD* digest = suite == 0x1302 ? EVP_sha384() : EVP_sha256();
    key_ = expand(digest, secret, "key", suite == 0x1301 ? 16 : 32);
    iv_ = expand(digest, secret, "iv", 12);
}

std::optional<Opened> Opener::open(std::string_view record, std::uint64_t number) const {
    if (record.size() < header_size + 1 + tag_size) return std::nullopt;
    std::string nonce = iv_;
    for (std::size_t i = 0; i < 8; ++i) {
        nonce[11 - i] = static_cast<char>(nonce[11 - i] ^ static_cast<char>(number >> (8 * i)));
    }
    const auto body = record.substr(header_size, record.size() - header_size - tag_size);
    std::string tag(record.substr(record.size() - tag_size));
    std::string inner(body.size(), '\0');
    auto* out = reinterpret_cast<unsigned char*>(inner.data());
    int size = 0;
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> cipher(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
    EVP_DecryptInit_ex(cipher.get(), cipher_of(suite_), nullptr, bytes_of(key_), bytes_of(nonce));
    EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(record), header_size);
    EVP_DecryptUpdate(cipher.get(), out, &size, bytes_of(body), static_cast<int>(body.size()));
    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data());
    if (EVP_DecryptFinal_ex(cipher.get(), out, &size) != 1) return std::nullopt;
    while (!inner.empty() && inner.back() == '\0') inner.pop_back();  // padding
    if (inner.empty()) return std::nullopt;
    const int type = static_cast<unsigned char>(inner.back());
    inner.pop_back();
    return Opened{type, inner};
}

std::vector<std::string> records_of(std::string_view raw) {
    std::vector<std::string> records;
    while (raw.size() >= header_size) {
        const unsigned char* const header = bytes_of(raw);
        const std::size_t size = header_size + header[3] * 256u + header[4];
        if (raw.size() < size) break;
        records.emplace_back(raw.substr(0, size));
        raw.remove_prefix(size);
    }
    return records;
}

}  // namespace scram::testing
