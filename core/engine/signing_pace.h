// When and how often the signer signs, so that who rules the process that asks it cannot hoard
// signatures for later: only around one moment, which goes on with the machine's time; and not more
// than a running scramd asks for.
//
// The moment is the asker's, since the exchange's clock counts, which the signer does not know: the
// first question sets it. That clock may step, and so it can be set again: a few times at once,
// then one each ten minutes. Who steals the asking process gets a few windows of two minutes, which
// OKX takes half a minute before and after they are due, instead of all the time to come.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "core/base/rate.h"

namespace scram {

class SigningPace {
  public:
    static constexpr milliseconds around = 60s;
    static constexpr RateSpec moments{8, 600s};
    // Of the largest plan, all requests some times over; and then some locks of 512 families, ten
    // times a second. Beside these, what OKX lets 16 accounts ask of it is little: 60 reads of
    // orders, 5 of the account, 5 of families' protection and 30 batches of cancels in 2 s, one
    // timer in 1 s: 816 a second.
    static constexpr RateSpec signatures{1 << 16, Duration{1s} / (1 << 15)};

    bool may_be_another(Time now) { return given_.take(signatures, now); }

    bool may_be_at(WallMillis timestamp, Time now) {
        if (is_around(timestamp, now)) return true;
        if (!moved_.take(moments, now)) return false;
        moment_ = timestamp;
        set_at_ = now;
        return true;
    }

  private:
    bool is_around(WallMillis timestamp, Time now) const {
        const std::int64_t due = moment_.value + (now - set_at_) / 1ms;
        return timestamp.value - due <= around.count() && due - timestamp.value <= around.count();
    }

    WallMillis moment_{};  // at set_at_
    Time set_at_{};
    Bucket given_, moved_;
};

}  // namespace scram
