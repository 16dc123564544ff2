// How often each user may do what costs others something: some in a row, then one each so often.
//
// A user's bucket is one time, at which all that was taken is repaid: it moves by `each` for what
// is taken now, and must not lie further ahead than what may be taken in a row.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/time.h"

namespace scram {

struct RateSpec {
    std::uint32_t in_a_row = 1;  // > 0
    Duration each{};             // > 0: after those, one
};

class Bucket {
  public:
    bool take(const RateSpec& spec, Time now) {
        const Time next = std::max(repaid_at_, now) + spec.each;
        if (next - now > spec.each * spec.in_a_row) return false;
        repaid_at_ = next;
        return true;
    }
    bool is_full(Time now) const { return repaid_at_ <= now; }

  private:
    Time repaid_at_{};
};

class UserRates {
  public:
    static constexpr std::size_t users_max = 64;

    explicit UserRates(RateSpec spec) : spec_(spec) {}

    // False: not now. What is refused costs nothing.
    bool take(std::uint32_t uid, Time now) { return bucket_of(uid, now).take(spec_, now); }

  private:
    struct User {
        std::uint32_t uid = 0;
        Bucket bucket;
    };
    // One that is full is as good as none, so that its place may be another's. Where no place is
    // free, newcomers share one bucket.
    Bucket& bucket_of(std::uint32_t uid, Time now) {
        User* place = nullptr;
        for (User& user : users_) {
            if (user.bucket.is_full(now)) {
                place = &user;
            } else if (user.uid == uid) {
                return user.bucket;
            }
        }
        if (place == nullptr) return others_;
        *place = {uid, {}};
        return place->bucket;
    }

    RateSpec spec_;
    std::array<User, users_max> users_{};
    Bucket others_;
};

}  // namespace scram
