#include "daemon/loop/signed_requests.h"

#include <algorithm>
#include <utility>

#include "core/base/kill_path.h"
#include "core/engine/readiness.h"
#include "net/clock.h"

namespace scram {
namespace {

// A hundred requests take a quarter of a millisecond. A signer that has let it pass once is not
// waited for again until it has answered.
constexpr Duration signer_patience = 10ms;

milliseconds age(const SignedRequest& request, WallMillis now) {
    return milliseconds{std::abs(now.value - request.signed_at.value)};
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

SignedRequests::SignedRequests(const Config& config, SignerClient& signer) : signer_(signer) {
    for (const AccountKey& account : signer.keys()) {
        auto& its = identities_.emplace_back();
        for (const std::string& host : config.exchange.hosts) {
            its.push_back({host, account.key, account.passphrase.reveal(),
                           config.exchange.simulated_trading});
        }
    }
    asking_.reserve(requests_per_message_max);
    Requests first = prepare(config.plan);
    adopt(first, WallMillis{});
}

// ---- For a kill ---------------------------------------------------------------------------------

const SignedRequest& SignedRequests::pick(FamilyId family, milliseconds lock, WallMillis now) {
    const std::size_t at = find(family, lock);
    if (age(now_.all[at], now) > signature_age_young) [[unlikely]]
        return now_.all[sign_now(at, now)];
    return now_.all[at];
}

SCRAM_KILL_PATH std::size_t SignedRequests::find(FamilyId family, milliseconds lock) const {
    const auto first = now_.all.begin() + static_cast<std::ptrdiff_t>(now_.first[index(family)]);
    const auto last = now_.all.begin() + static_cast<std::ptrdiff_t>(now_.first[index(family) + 1]);
    // A reload may have taken away the lock of a trip that is still being cancelled: the longest
    // serves it.
    const auto armed = std::find_if(first, last - 1,
                                    [lock](const SignedRequest& its) { return its.lock >= lock; });
    return static_cast<std::size_t>(armed - now_.all.begin());
}

std::size_t SignedRequests::sign_now(std::size_t at, WallMillis now) {
    ask(at, now);
    send();
    await_all();
    return now_.all[at].is_signed() ? at : best_of(now_.all[at].family, at);
}

// A reload has just brought this lock, and the signer is stuck: another lock cancels as well.
std::size_t SignedRequests::best_of(FamilyId family, std::size_t at) const {
    std::size_t best = at;
    for (std::size_t i = now_.first[index(family)]; i < now_.first[index(family) + 1]; ++i) {
        if (now_.all[i].is_signed() && now_.all[i].lock > 0ms) best = i;
    }
    return best;
}

void SignedRequests::resign(AccountId account, WallMillis now) {
    for (std::size_t at = 0; at < now_.all.size(); ++at) {
        if (now_.all[at].account == account) ask(at, now);
    }
    send();
    await_all();
    // The caller knows.
    std::erase_if(renewed_, [&](std::size_t at) { return now_.all[at].account == account; });
}

// ---- All the time -------------------------------------------------------------------------------

void SignedRequests::ask_next(std::size_t count, WallMillis now) {
    // The next in turn is the oldest. After a pause of the loop or of the signer, a kill would
    // wait.
    const bool paused = age(now_.all[next_], now) > signature_age_young;
    if (paused) count = now_.all.size();
    for (std::size_t i = 0; i < count; ++i) {
        ask(std::exchange(next_, (next_ + 1) % now_.all.size()), now);
    }
    send();
}

std::span<const std::size_t> SignedRequests::take_answers() {
    take_message(monotonic_now(), Time{});
    told_.clear();
    told_.swap(renewed_);
    return told_;
}

std::span<const SignAnswer> SignedRequests::take_call_answers() {
    calls_told_.clear();
    calls_told_.swap(for_calls_);
    return calls_told_;
}

void SignedRequests::ask(std::size_t at, WallMillis now) {
    const SignedRequest& armed = now_.all[at];
    SignRequest request{};
    request.number = ++asked_;
    request.timestamp = now.value;
    request.lock_ms = static_cast<std::int32_t>(armed.lock.count());
    request.account = static_cast<std::uint16_t>(armed.account);
    request.family = static_cast<std::uint16_t>(armed.family);
    request.at = static_cast<std::uint32_t>(at);
    request.what = static_cast<std::uint8_t>(PrivateRequest::mass_cancel);
    asking_.push_back(request);
    if (asking_.size() == requests_per_message_max) send();
}

void SignedRequests::send() {
    if (!asking_.empty()) signer_.ask(asking_);
    asking_.clear();
}

void SignedRequests::await_all() {
    const Time began = monotonic_now();
    const Time until = patient_ ? began + signer_patience : Time{};
    for (Time now = began; answered_ < asked_; now = monotonic_now()) {
        if (!take_message(now, until) && now >= until) break;
        if (signer_.gone()) break;
    }
    patient_ = answered_ >= asked_;
}

bool SignedRequests::take_message(Time now, Time until) {
    const auto answers = signer_.take(now, until);
    for (const SignAnswer& answer : answers) take(answer);
    patient_ = patient_ || !answers.empty();
    return !answers.empty();
}

void SignedRequests::take(const SignAnswer& answer) {
    if (PrivateRequest{answer.what} != PrivateRequest::mass_cancel)
        return for_calls_.push_back(answer);
    answered_ = std::max(answered_, answer.number);
    if (answer.number <= void_ || answer.number > asked_ || answer.at >= now_.all.size()) return;
    SignedRequest& armed = now_.all[answer.at];
    if (answer.number <= armed.signed_by) return;  // late: a newer one is there
    armed.signed_at = WallMillis{answer.timestamp};
    for (ArmedRequest& its : armed.by_host) its.renew(armed.signed_at, answer.signature);
    armed.signed_by = answer.number;
    armed.revision = ++signatures_;
    renewed_.push_back(answer.at);
}

// One that a reload has just brought is as old as the reload.
milliseconds SignedRequests::oldest(AccountId account, WallMillis now) const {
    milliseconds oldest{};
    for (const SignedRequest& armed : now_.all) {
        if (armed.account != account) continue;
        const WallMillis since = armed.is_signed() ? armed.signed_at : adopted_at_;
        oldest = std::max(oldest, milliseconds{std::abs(now.value - since.value)});
    }
    return oldest;
}

// ---- Plans --------------------------------------------------------------------------------------

SignedRequests::Requests SignedRequests::prepare(const Plan& plan) const {
    Requests made;
    made.by_account.resize(plan.accounts.size());
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        const FamilySpec& family = plan.families[f];
        made.first.push_back(made.all.size());
        for (const milliseconds lock : locks_of(plan, id_at<FamilyId>(f))) {
            auto& of_account = made.by_account[index(family.account)];
            made.all.push_back({family.account, id_at<FamilyId>(f), lock, render(family, lock),
                                of_account.size()});
            of_account.push_back(made.all.size() - 1);
        }
    }
    made.first.push_back(made.all.size());
    return made;
}

bool SignedRequests::adopt(Requests& next, WallMillis now) {
    const auto same = [](const SignedRequest& a, const SignedRequest& b) {
        return a.family == b.family && a.lock == b.lock;
    };
    if (std::equal(now_.all.begin(), now_.all.end(), next.all.begin(), next.all.end(), same))
        return false;
    if (!now_.all.empty()) keep_signed(next);
    std::swap(now_, next);
    renewed_.clear();
    renewed_.reserve(now_.all.size());
    next_ = 0;
    void_ = asked_;
    adopted_at_ = now;
    if (now == WallMillis{}) return true;  // the exchange's time is not known yet
    for (std::size_t at = 0; at < now_.all.size(); ++at) {
        if (!now_.all[at].is_signed()) ask(at, now);
    }
    send();
    return true;
}

void SignedRequests::keep_signed(Requests& next) {
    for (SignedRequest& its : next.all) {
        for (std::size_t i = now_.first[index(its.family)]; i < now_.first[index(its.family) + 1];
             ++i) {
            if (now_.all[i].lock != its.lock) continue;
            std::swap(now_.all[i], its);
            std::swap(now_.all[i].place, its.place);
        }
    }
}

std::vector<ArmedRequest> SignedRequests::render(const FamilySpec& family,
                                                 milliseconds lock) const {
    std::vector<ArmedRequest> by_host;
    for (const RequestIdentity& identity : identities_[index(family.account)])
        by_host.emplace_back(identity, family.inst_family, lock);
    return by_host;
}

}  // namespace scram
