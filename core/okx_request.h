// The two requests that scramd sends, as ready bytes: the mass-cancel of one family, rendered once,
// of which only timestamp and signature change from then on; and the rehearsal.
// https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-mass-cancel-order
// https://www.okx.com/docs-v5/en/#public-data-rest-api-get-system-time
#pragma once

#include <string>
#include <string_view>

#include "core/okx_sign.h"

namespace scram {

struct RequestIdentity {
    std::string host;        // the Host header
    std::string key;         // OK-ACCESS-KEY
    std::string passphrase;  // OK-ACCESS-PASSPHRASE
    bool simulated_trading = false;
};

class ArmedRequest {
  public:
    // `lock` is lockInterval, 0..10000 ms. The identity holds no CR, LF or NUL; the caller has
    // checked.
    ArmedRequest(const RequestIdentity& identity, std::string_view inst_family, milliseconds lock);

    // Signs anew for `now` on the exchange's clock, in place. False: the signer gave nothing, and
    // the bytes are as they were.
    bool refresh(Signer& signer, WallMillis now);

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

}  // namespace scram
