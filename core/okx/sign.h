// OKX's signature: Base64(HMAC-SHA256(secret, timestamp + METHOD + path + body)).
// https://www.okx.com/docs-v5/en/#overview-rest-authentication-signature
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "core/base/iso_time.h"

namespace scram {

inline constexpr std::size_t signature_size = 44;  // Base64 of 32 bytes

using SignatureText = std::array<char, signature_size>;

// Who holds the secret signs; the rest of the daemon sees only this. False: no signature to be had
// now.
class Signer {
  public:
    virtual ~Signer() = default;
    virtual bool sign(std::string_view prehash, SignatureText& out) = 0;
};

// OpenSSL can sign: what the file in OPENSSL_CONF activates may lack it.
bool offers_signatures();
inline constexpr std::string_view no_signatures =
    "OpenSSL offers no HMAC-SHA256, which every request to OKX is signed with: the file in "
    "OPENSSL_CONF must activate the provider \"default\" (or \"fips\"), or unset OPENSSL_CONF";

class HmacSigner final : public Signer {
  public:
    // Copies `secret` into OpenSSL's context, which wipes it when it ends.
    explicit HmacSigner(std::string_view secret);
    ~HmacSigner() override;
    bool sign(std::string_view prehash, SignatureText& out) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace scram
