// Seals requests: makes the TLS 1.3 records (RFC 8446 5.2) of a connection whose writing side is
// ours, ahead of time. Which number the next record bears is known, so that any number of
// candidates may be sealed for it; at most one of them may ever leave, since two texts under one
// number give their keystream away and let others forge. Hence the one way to a record's bytes is
// spend(), which moves on to the next number first.
//
// A peer may ask for new keys (RFC 8446 4.6.3): the answer is a record too, after which all that
// was sealed before is nobody's next any more. The secret of the keys in use is not kept, only the
// one of the keys to come.
//
// A record is its request and 22 bytes more, as any record of TLS is unless it is padded: the
// length tells an onlooker which family's request it may be.
#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace scram {

// Bytes of a secret, wiped when they go.
template <std::size_t size>
struct Wiped {
    std::array<unsigned char, size> bytes{};

    Wiped() = default;
    Wiped(const Wiped&) = default;
    Wiped& operator=(const Wiped&) = default;
    ~Wiped() { OPENSSL_cleanse(bytes.data(), size); }
};

// A connection's CLIENT_TRAFFIC_SECRET_0, of which its sealing key is made.
struct TrafficSecret {
    Wiped<48> value;
    std::size_t size = 0;  // 0: none

    std::span<const unsigned char> bytes() const { return {value.bytes.data(), size}; }
};

// A request as the record that one connection's peer expects under one number. Its memory is its
// own.
class SealedRecord {
  public:
    static constexpr std::size_t request_max = 1024;

    bool none() const { return size_ == 0; }
    // Reads every cache line of it, which keeps them near.
    void touch() const;

    // Of its bytes, for who sends them as a frame (checksum_words() in net/wire/segment.h).
    void keep_words(std::uint32_t words) { words_ = words; }
    std::uint32_t words() const { return words_; }
    std::span<const unsigned char> sealed() const { return {bytes_.data(), size_}; }

  private:
    friend class Sealer;
    static constexpr std::size_t header_size = 5;
    static constexpr std::size_t tag_size = 16;

    std::uint64_t connection_ = 0;
    std::uint64_t number_ = 0;
    std::size_t size_ = 0;
    std::uint32_t words_ = 0;
    std::array<unsigned char, header_size + request_max + 1 + tag_size> bytes_;
};

class Sealer {
  public:
    // Far from what a key may be used for (RFC 8446 5.5: 2^24.5 records). Nothing is sealed from
    // here on.
    static constexpr std::uint64_t numbers_max = 1 << 24;

    // `suite` is TLS's number of it. None: not one of AES-128-GCM, AES-256-GCM and
    // ChaCha20-Poly1305, or the secret is not of its size.
    static std::optional<Sealer> make(unsigned suite, std::span<const unsigned char> secret);

    // Encrypts as the next record, without allocating. False, and `record` is none: the text is
    // longer than request_max, or the numbers are used up.
    bool seal(std::string_view request, SealedRecord& record);
    bool seal_goodbye(SealedRecord& record);  // close_notify
    // The record that tells the peer of our new keys; once it is spent, renew_keys() takes them,
    // and nothing is sealed with the old ones any more. False from it: seal no more at all.
    bool seal_key_update(SealedRecord& record);
    [[nodiscard]] bool renew_keys();

    bool is_next(const SealedRecord& record) const {
        return record.number_ == number_ && record.connection_ == connection_;
    }
    // The bytes, for the wire: they count as sent. Precondition: is_next(record).
    std::string_view spend(const SealedRecord& record);
    std::uint64_t number() const { return number_; }

  private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }  // wipes
    };
    struct Content;
    using Nonce = std::array<unsigned char, 12>;

    struct Suite;
    static const Suite* suite_of(unsigned number);

    Sealer();
    bool take_keys(std::span<const unsigned char> secret);
    bool seal(const Content& content, SealedRecord& record);
    bool encrypt(const Content& content, SealedRecord& record);
    Nonce nonce() const;

    std::uint64_t connection_;  // and its keys, of this process; never 0, never twice
    std::uint64_t number_ = 0;
    std::unique_ptr<EVP_CIPHER_CTX, Free> cipher_;
    Wiped<12> iv_;
    const Suite* suite_ = nullptr;
    Wiped<48> next_secret_;
};

}  // namespace scram
