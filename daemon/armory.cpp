#include "daemon/armory.h"

#include <algorithm>
#include <utility>

namespace scram {
namespace {

constexpr milliseconds age_max = 15s;  // half of OKX's 30 s

milliseconds age(const ArmedRequest& request, WallMillis now) {
    return milliseconds{std::abs(now.value - request.signed_at().value)};
}

bool can_kill(const RuleSpec& rule, FamilyId family) {
    const auto& families = rule.kills.empty() ? rule.families : rule.kills;
    // Without families it kills what its source publishes for.
    return families.empty() ||
           std::find(families.begin(), families.end(), family) != families.end();
}

// The family's own, those of rules that kill it, and 0, which unlocks.
std::vector<milliseconds> locks_of(const Plan& plan, FamilyId family) {
    std::vector<milliseconds> locks{plan.families[index(family)].lock, 0ms};
    for (const RuleSpec& rule : plan.rules) {
        if (rule.lock && can_kill(rule, family)) locks.push_back(*rule.lock);
    }
    std::sort(locks.begin(), locks.end());
    locks.erase(std::unique(locks.begin(), locks.end()), locks.end());
    return locks;
}

}  // namespace

Armory::Armory(const Config& config, std::vector<Credentials> credentials) {
    for (const Credentials& account : credentials) {
        signers_.push_back(std::make_unique<HmacSigner>(account.secret.reveal()));
        identities_.push_back({config.exchange.host, account.key, account.passphrase.reveal(),
                               config.exchange.simulated_trading});
    }
    adopt(config.plan, WallMillis{});
}

void Armory::adopt(const Plan& plan, WallMillis now) {
    requests_.clear();
    first_.clear();
    next_ = 0;
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        const FamilySpec& family = plan.families[f];
        first_.push_back(requests_.size());
        for (const milliseconds lock : locks_of(plan, id_at<FamilyId>(f))) {
            requests_.push_back(
                {family.account, id_at<FamilyId>(f), lock,
                 ArmedRequest(identities_[index(family.account)], family.inst_family, lock), 0});
        }
    }
    first_.push_back(requests_.size());
    for (Armed& armed : requests_) refresh(armed, now);
}

std::size_t Armory::find(FamilyId family, milliseconds lock) const {
    const auto first = requests_.begin() + static_cast<std::ptrdiff_t>(first_[index(family)]);
    const auto last = requests_.begin() + static_cast<std::ptrdiff_t>(first_[index(family) + 1]);
    // A reload may have taken away the lock of a trip that is still being cancelled: the longest
    // serves it.
    const auto armed =
        std::find_if(first, last - 1, [lock](const Armed& its) { return its.lock >= lock; });
    return static_cast<std::size_t>(armed - requests_.begin());
}

std::size_t Armory::pick(FamilyId family, milliseconds lock, WallMillis now) {
    const std::size_t at = find(family, lock);
    if (age(requests_[at].request, now) > age_max) [[unlikely]]
        refresh(requests_[at], now);
    return at;
}

std::size_t Armory::refresh_next(WallMillis now) {
    const std::size_t at = std::exchange(next_, (next_ + 1) % requests_.size());
    refresh(requests_[at], now);
    return at;
}

void Armory::resign(AccountId account, WallMillis now) {
    for (Armed& armed : requests_) {
        if (armed.account == account) refresh(armed, now);
    }
}

milliseconds Armory::oldest(AccountId account, WallMillis now) const {
    milliseconds oldest{};
    for (const Armed& armed : requests_) {
        if (armed.account == account) oldest = std::max(oldest, age(armed.request, now));
    }
    return oldest;
}

void Armory::refresh(Armed& armed, WallMillis now) {
    if (armed.request.refresh(signer(armed), now)) armed.revision = ++signatures_;
}

}  // namespace scram
