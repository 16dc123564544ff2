// What scramd sends and has signed. As ready bytes: the mass-cancel of one family, rendered once,
// of which only timestamp and signature change from then on; and the rehearsal.
// https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-mass-cancel-order
// https://www.okx.com/docs-v5/en/#public-data-rest-api-get-system-time
#pragma once

#include <string>
#include <string_view>

#include "core/okx/sign.h"

namespace scram {

struct RequestIdentity {
    std::string host;        // the Host header
    std::string key;         // OK-ACCESS-KEY
    std::string passphrase;  // OK-ACCESS-PASSPHRASE
    bool simulated_trading = false;
};

// All that is ever signed, here and nowhere else: who wants another request signed adds it here.
enum class PrivateRequest : std::uint8_t {
    mass_cancel,     // POST /api/v5/trade/mass-cancel of one family, with a lock
    account_config,  // GET /api/v5/account/config
    orders_pending,  // GET /api/v5/trade/orders-pending of one family's options
};
inline constexpr std::size_t private_request_count = 3;
inline constexpr milliseconds lock_max = 10'000ms;  // OKX: lockInterval is within [0, 10 000]

// What the signature is made from. Begins with the timestamp, for which blanks stand. Only a
// mass-cancel has a lock, and account_config no family.
std::string prehash_of(PrivateRequest what, std::string_view inst_family, milliseconds lock);

class ArmedRequest {
  public:
    // `lock` is lockInterval, 0..10000 ms. The identity holds no CR, LF or NUL; the caller has
    // checked.
    ArmedRequest(const RequestIdentity& identity, std::string_view inst_family, milliseconds lock);

    // Signs again for `now` on the exchange's clock, in place. False: the signer gave nothing, and
    // the bytes are as they were.
    bool refresh(Signer& signer, WallMillis now);
    // The same, with a signature that was made elsewhere for this request at that time.
    void renew(WallMillis at, const SignatureText& signature);

    // The whole request. Worth sending once refreshed; OKX refuses a timestamp over 30 s old.
    std::string_view bytes() const { return bytes_; }
    WallMillis signed_at() const { return signed_at_; }  // {0}: never

  private:
    std::string bytes_;
    std::string prehash_;
    std::size_t timestamp_at_ = 0;  // in bytes_
    std::size_t signature_at_ = 0;
    WallMillis signed_at_{};
};

std::string mass_cancel_body(std::string_view inst_family, milliseconds lock);

// GET /api/v5/public/time: needs no key, costs no cancel budget, and takes the path of a kill.
std::string rehearsal_request(std::string_view host);

// GET /api/v5/public/instrument-tick-bands?instType=OPTION, without a family: of each option family
// that the exchange lists. Needs no key; 5 in 2 s by address.
// https://www.okx.com/docs-v5/en/#public-data-rest-api-get-option-tick-bands
std::string option_families_request(std::string_view host, bool simulated_trading);

}  // namespace scram
