// The armed requests of all families, kept signed.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/credentials.h"
#include "core/exchange_clock.h"
#include "core/okx_request.h"
#include "core/okx_sign.h"

namespace scram {

class Armory {
  public:
    // One of `credentials` per account. The secrets move into the signers.
    Armory(const Config& config, std::vector<Credentials> credentials);

    // The request to send now, as an index. A signature that has grown too old while the loop was
    // stuck is made anew first, at the price of a microsecond.
    std::size_t pick(FamilyId family, milliseconds lock, WallMillis now);

    std::size_t size() const { return requests_.size(); }
    std::string_view bytes(std::size_t at) const { return requests_[at].request.bytes(); }
    AccountId account(std::size_t at) const { return requests_[at].account; }
    // Another after each signature: what was made of the bytes before is of no use.
    std::uint64_t revision(std::size_t at) const { return requests_[at].revision; }

    // Signs the next request in turn, and says which. Called size() times per resign_every.
    std::size_t refresh_next(WallMillis now);
    void resign(AccountId account, WallMillis now);

    // A reload may bring rules with locks of their own.
    void adopt(const Plan& plan, WallMillis now);

    // Age of the oldest signature of an account's families.
    milliseconds oldest(AccountId account, WallMillis now) const;

  private:
    // One for each lock that a family can be cancelled with.
    struct Armed {
        AccountId account{};
        FamilyId family{};
        milliseconds lock{};
        ArmedRequest request;
        std::uint64_t revision = 0;
    };
    std::size_t find(FamilyId family, milliseconds lock) const;
    void refresh(Armed& armed, WallMillis now);
    Signer& signer(const Armed& armed) { return *signers_[index(armed.account)]; }

    std::vector<std::unique_ptr<Signer>> signers_;  // by account
    std::vector<RequestIdentity> identities_;       // by account
    std::vector<Armed> requests_;                   // grouped by family
    std::vector<std::size_t> first_;                // by family, into requests_; and one more
    std::size_t next_ = 0;
    std::uint64_t signatures_ = 0;
};

}  // namespace scram
