// What OKX's answers to authenticated calls other than mass-cancel say, as plain facts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/fixed_text.h"
#include "core/base/time.h"
#include "core/okx/answer.h"
#include "core/okx/request.h"

namespace scram {

// `facts` are there only if the answer was HTTP 200 with code 0, and whole and sound: then it is
// `accepted`. Without them one with code 0 counts as `failed`, and none as `nothing_left`.
template <class Facts>
struct Told {
    Answer answer;
    std::optional<Facts> facts{};
};

inline constexpr std::size_t user_id_max = 24;  // digits

// GET /api/v5/account/config
struct AccountFacts {
    bool may_trade = false;    // the key's permissions include `trade`
    std::uint8_t mode = 0;     // acctLv 1 to 4; 4 is portfolio margin; 0: not said
    bool bound_to_ip = false;  // an unbound key ends after 14 days without an authenticated call
    FixedText<user_id_max> uid{};
};
inline constexpr std::uint8_t portfolio_margin = 4;

// GET /api/v5/account/mmp-config of one family; one that was never set has no row, and is off
struct MmpFacts {
    bool on = false;
    bool frozen = false;
};

// A page of GET /api/v5/trade/orders-pending of one family, newest first.
struct OrdersPage {
    std::uint32_t mmp = 0;     // of type mmp or mmp_and_post_only
    std::uint32_t others = 0;  // of other types, which a mass-cancel leaves
    std::uint64_t last = 0;    // the last row's order id, where the next page begins; 0: no row
    bool full = false;         // there may be more
    std::array<OrderRef, orders_per_page> rest{};  // the first `others` of it

    std::span<const OrderRef> to_cancel() const { return {rest.data(), others}; }
};

// POST /api/v5/trade/cancel-batch-orders: rows by what became of them. Also of one that OKX did in
// part, with code 1 or 2: its answer then is that to the first order that was refused.
struct BatchFacts {
    std::uint8_t accepted = 0;  // which is not yet cancelled
    std::uint8_t gone = 0;      // filled, cancelled or being cancelled already
    std::uint8_t refused = 0;
};

// POST /api/v5/trade/cancel-all-after
struct TimerFacts {
    WallMillis trigger{};  // {0}: it is off
    WallMillis at{};       // when the exchange said so; {0}: it did not say
};

}  // namespace scram
