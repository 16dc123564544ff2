#include "daemon/armory.h"

#include <algorithm>

namespace scram {
namespace {

constexpr milliseconds age_max = 15s;  // half of OKX's 30 s

milliseconds age(const ArmedRequest& request, WallMillis now) {
    return milliseconds{std::abs(now.value - request.signed_at().value)};
}

}  // namespace

Armory::Armory(const Config& config, std::vector<Credentials> credentials) {
    std::vector<RequestIdentity> identities;
    for (const Credentials& account : credentials) {
        signers_.push_back(std::make_unique<HmacSigner>(account.secret.reveal()));
        identities.push_back({config.exchange.host, account.key, account.passphrase.reveal(),
                              config.exchange.simulated_trading});
    }
    for (const FamilySpec& family : config.plan.families) {
        accounts_.push_back(family.account);
        requests_.emplace_back(identities[index(family.account)], family.inst_family, family.lock);
    }
}

std::string_view Armory::bytes(FamilyId family, WallMillis now) {
    ArmedRequest& request = requests_[index(family)];
    if (age(request, now) > age_max) [[unlikely]]
        refresh(index(family), now);
    return request.bytes();
}

void Armory::refresh_next(WallMillis now) {
    if (requests_.empty()) return;
    refresh(next_, now);
    next_ = (next_ + 1) % requests_.size();
}

void Armory::resign(AccountId account, WallMillis now) {
    for (std::size_t family = 0; family < requests_.size(); ++family) {
        if (accounts_[family] == account) refresh(family, now);
    }
}

milliseconds Armory::oldest(AccountId account, WallMillis now) const {
    milliseconds oldest{};
    for (std::size_t family = 0; family < requests_.size(); ++family) {
        if (accounts_[family] == account) oldest = std::max(oldest, age(requests_[family], now));
    }
    return oldest;
}

void Armory::refresh(std::size_t family, WallMillis now) {
    requests_[family].refresh(*signers_[index(accounts_[family])], now);
}

}  // namespace scram
