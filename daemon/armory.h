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

    // The bytes to send now. A signature that has grown too old while the loop was stuck is made
    // anew first, at the price of a microsecond.
    std::string_view bytes(FamilyId family, WallMillis now);

    // Signs the next family in turn. Called `families` times per resign_every.
    void refresh_next(WallMillis now);
    void resign(AccountId account, WallMillis now);

    // Age of the oldest signature of an account's families.
    milliseconds oldest(AccountId account, WallMillis now) const;

  private:
    void refresh(std::size_t family, WallMillis now);

    std::vector<std::unique_ptr<Signer>> signers_;  // by account
    std::vector<AccountId> accounts_;               // by family
    std::vector<ArmedRequest> requests_;            // by family
    std::size_t next_ = 0;
};

}  // namespace scram
