#include "net/tls/sealer.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <atomic>

#include "core/base/check.h"
#include "core/base/kill_path.h"
#include "core/base/prefetch.h"

namespace scram {

struct Sealer::Suite {
    unsigned number;
    const EVP_CIPHER* (*cipher)();
    const char* digest;
    std::size_t secret_size;
    std::size_t key_size;
};

namespace {

constexpr std::size_t key_size_max = 32;

// How TLS 1.3 names what a record holds; outside all are application data.
enum class ContentType : unsigned char { alert = 21, handshake = 22, application_data = 23 };

constexpr std::string_view close_notify{"\1\0", 2};        // a warning, of number 0
constexpr std::string_view key_update{"\x18\0\0\1\0", 5};  // which asks for none in return

struct FreeKdf {
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

// OpenSSL takes what it only reads as non-const.
template <class Bytes>
OSSL_PARAM octets(const char* key, const Bytes& bytes) {
    return OSSL_PARAM_construct_octet_string(
        key, const_cast<void*>(static_cast<const void*>(bytes.data())), bytes.size());
}

OSSL_PARAM text(const char* key, const char* value) {
    return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value), 0);
}

// HKDF-Expand-Label(secret, label, "", out.size()) of RFC 8446 7.1.
bool expand_label(const char* digest, std::span<const unsigned char> secret, std::string_view label,
                  std::span<unsigned char> out) {
    const std::unique_ptr<EVP_KDF, FreeKdf> kdf(
        EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, nullptr));
    if (!kdf) return false;
    const std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(EVP_KDF_CTX_new(kdf.get()));
    if (!context) return false;
    const OSSL_PARAM parameters[] = {
        text(OSSL_KDF_PARAM_MODE, "EXPAND_ONLY"),
        text(OSSL_KDF_PARAM_DIGEST, digest),
        octets(OSSL_KDF_PARAM_KEY, secret),
        octets(OSSL_KDF_PARAM_PREFIX, std::string_view("tls13 ")),
        octets(OSSL_KDF_PARAM_LABEL, label),
        OSSL_PARAM_construct_end(),
    };
    return EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) == 1;
}

// Sealers of one process may live in several threads.
std::uint64_t next_connection() {
    static std::atomic<std::uint64_t> made{0};
    return ++made;
}

}  // namespace

struct Sealer::Content {
    ContentType type;
    std::string_view text;
};

void SealedRecord::touch() const {
    touch_lines(bytes_.data(), size_);
}

Sealer::Sealer() : connection_(next_connection()), cipher_(EVP_CIPHER_CTX_new()) {}

// RFC 8446 B.4
const Sealer::Suite* Sealer::suite_of(unsigned number) {
    static constexpr std::array suites{
        Suite{0x1301, EVP_aes_128_gcm, "SHA256", 32, 16},
        Suite{0x1302, EVP_aes_256_gcm, "SHA384", 48, 32},
        Suite{0x1303, EVP_chacha20_poly1305, "SHA256", 32, 32},
    };
    const auto suite = std::find_if(suites.begin(), suites.end(),
                                    [&](const Suite& its) { return its.number == number; });
    return suite == suites.end() ? nullptr : &*suite;
}

std::optional<Sealer> Sealer::make(unsigned number, std::span<const unsigned char> secret) {
    Sealer made;
    made.suite_ = suite_of(number);
    if (made.suite_ == nullptr || secret.size() != made.suite_->secret_size) return std::nullopt;
    if (made.cipher_ == nullptr || !made.take_keys(secret)) return std::nullopt;
    return made;
}

bool Sealer::take_keys(std::span<const unsigned char> secret) {
    Wiped<key_size_max> key;
    const auto next = std::span(next_secret_.bytes).first(suite_->secret_size);
    const char* const digest = suite_->digest;
    return expand_label(digest, secret, "key", std::span(key.bytes).first(suite_->key_size)) &&
           expand_label(digest, secret, "iv", iv_.bytes) &&
           EVP_EncryptInit_ex(cipher_.get(), suite_->cipher(), nullptr, key.bytes.data(),
                              nullptr) == 1 &&
           expand_label(digest, secret, "traffic upd", next);
}

bool Sealer::renew_keys() {
    const Wiped<48> secret = next_secret_;
    connection_ = next_connection();
    number_ = 0;
    return take_keys(std::span(secret.bytes).first(suite_->secret_size));
}

bool Sealer::seal(std::string_view request, SealedRecord& record) {
    return seal(Content{ContentType::application_data, request}, record);
}

bool Sealer::seal_goodbye(SealedRecord& record) {
    return seal(Content{ContentType::alert, close_notify}, record);
}

bool Sealer::seal_key_update(SealedRecord& record) {
    return seal(Content{ContentType::handshake, key_update}, record);
}

bool Sealer::seal(const Content& content, SealedRecord& record) {
    record.size_ = 0;
    record.connection_ = 0;
    if (content.text.size() > SealedRecord::request_max || number_ >= numbers_max) return false;
    if (!encrypt(content, record)) return false;
    record.connection_ = connection_;
    record.number_ = number_;
    record.size_ = SealedRecord::header_size + content.text.size() + 1 + SealedRecord::tag_size;
    return true;
}

// The inner text is the content and its type; the header is authenticated with it.
bool Sealer::encrypt(const Content& content, SealedRecord& record) {
    const std::size_t inner_size = content.text.size() + 1;
    const std::size_t body_size = inner_size + SealedRecord::tag_size;
    unsigned char* const header = record.bytes_.data();
    unsigned char* const inner = header + SealedRecord::header_size;
    header[0] = static_cast<unsigned char>(ContentType::application_data);
    header[1] = header[2] = 3;  // TLS 1.2, as all of 1.3 say
    header[3] = static_cast<unsigned char>(body_size >> 8);
    header[4] = static_cast<unsigned char>(body_size);
    std::copy(content.text.begin(), content.text.end(), inner);
    inner[inner_size - 1] = static_cast<unsigned char>(content.type);

    EVP_CIPHER_CTX* const cipher = cipher_.get();
    int size = 0;
    return EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce().data()) == 1 &&
           EVP_EncryptUpdate(cipher, nullptr, &size, header, SealedRecord::header_size) == 1 &&
           EVP_EncryptUpdate(cipher, inner, &size, inner, static_cast<int>(inner_size)) == 1 &&
           EVP_EncryptFinal_ex(cipher, inner + inner_size, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, SealedRecord::tag_size,
                               inner + inner_size) == 1;
}

Sealer::Nonce Sealer::nonce() const {
    Nonce nonce = iv_.bytes;
    for (std::size_t i = 0; i < 8; ++i) {
        nonce[nonce.size() - 1 - i] ^= static_cast<unsigned char>(number_ >> (8 * i));
    }
    return nonce;
}

SCRAM_KILL_PATH std::string_view Sealer::spend(const SealedRecord& record) {
    check(is_next(record), "a record's number is spent once, on its own connection");
    ++number_;
    return {reinterpret_cast<const char*>(record.bytes_.data()), record.size_};
}

}  // namespace scram
