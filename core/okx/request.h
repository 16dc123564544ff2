// What scramd sends and has signed. The mass-cancel of one family is rendered once, and only its
// timestamp and signature change from then on; what can wait is rendered as it is sent.
// https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-mass-cancel-order
// https://www.okx.com/docs-v5/en/#public-data-rest-api-get-system-time
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/okx/instrument.h"
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
    mass_cancel,       // POST /api/v5/trade/mass-cancel of one family, with a lock
    account_config,    // GET /api/v5/account/config
    mmp_config,        // GET /api/v5/account/mmp-config of one family
    mmp_orders,        // GET /api/v5/trade/orders-pending: one family's orders that it reaches
    all_orders,        // the same, of any type
    cancel_orders,     // POST /api/v5/trade/cancel-batch-orders
    cancel_all_after,  // POST /api/v5/trade/cancel-all-after
};
inline constexpr std::size_t private_request_count = 7;

inline constexpr milliseconds lock_max = 10'000ms;  // OKX: lockInterval is within [0, 10 000]
inline constexpr std::size_t cancel_orders_max = 20;
// A page of orders. OKX gives up to 100, of a thousand bytes each; 20 are read in some microseconds
// of the loop's time, and are what one cancel_orders takes.
inline constexpr std::size_t orders_per_page = cancel_orders_max;
// OKX: timeOut is 0, which ends the timer, or within these.
inline constexpr int cancel_after_min_s = 10;
inline constexpr int cancel_after_max_s = 120;
inline constexpr std::size_t order_tag_max = 16;  // letters and digits

// One private request. Of the fields, only those that its kind names count.
struct PrivateCall {
    PrivateRequest what{};
    std::string_view inst_family{};      // mass_cancel, mmp_config, mmp_orders, all_orders
    milliseconds lock{};                 // mass_cancel: lockInterval, 0..lock_max
    std::uint64_t after = 0;             // mmp_orders, all_orders: those older than this order;
                                         // 0: the newest
    int timeout_s = 0;                   // cancel_all_after
    std::string_view tag{};              // cancel_all_after: only orders with it; empty: all
    std::span<const OrderRef> orders{};  // cancel_orders: 1..cancel_orders_max
};

// What the signature is made from. Begins with the timestamp, for which blanks stand.
std::string prehash_of(const PrivateCall& call);

// A request as ready bytes, of which only timestamp and signature change.
class ArmedRequest {
  public:
    // The identity holds no CR, LF or NUL; the caller has checked.
    ArmedRequest(const RequestIdentity& identity, const PrivateCall& call);
    // A mass-cancel. `lock` is lockInterval, 0..10000 ms.
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

// A request that is rendered as it is sent, with a signature made elsewhere for that time.
std::string call_bytes(const RequestIdentity& identity, const PrivateCall& call, WallMillis at,
                       const SignatureText& signature);

std::string mass_cancel_body(std::string_view inst_family, milliseconds lock);

// GET /api/v5/public/time: needs no key, costs no cancel budget, and takes the path of a kill.
std::string rehearsal_request(std::string_view host);

// GET /api/v5/public/instrument-tick-bands?instType=OPTION, without a family: of each option family
// that the exchange lists. Needs no key; 5 in 2 s by address.
// https://www.okx.com/docs-v5/en/#public-data-rest-api-get-option-tick-bands
std::string option_families_request(std::string_view host, bool simulated_trading);

}  // namespace scram
