// What the lanes of one account share.
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "daemon/scram_now/lane.h"
#include "net/clock.h"

namespace scram {
namespace {

void wipe(std::string_view text) {
    OPENSSL_cleanse(const_cast<char*>(text.data()), text.size());
}

}  // namespace

NowAccount::NowAccount(NowContext& context, AccountId account, std::vector<FamilySpec> families,
                       const Credentials& credentials)
    : context_(context),
      name_(context.config.plan.accounts[index(account)].name),
      slots_(context.config.plan.accounts[index(account)].budget.slots),
      families_(std::move(families)),
      signer_(credentials.secret.reveal()),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      round_(context.config.plan.accounts[index(account)].budget, context.config.plan.timings,
             families_.size(), context.began) {
    check(stop_fd_ >= 0, "a descriptor to be stopped by");
    const ExchangeConfig& exchange = context.config.exchange;
    const RequestIdentity identity{exchange.host, credentials.key, credentials.passphrase.reveal(),
                                   exchange.simulated_trading};
    for (const FamilySpec& family : families_)
        requests_.emplace_back(identity, family.inst_family, family.lock);
    wipe(identity.passphrase);
}

NowAccount::~NowAccount() {
    for (const ArmedRequest& request : requests_) wipe(request.bytes());
    close(stop_fd_);
}

std::size_t NowAccount::lanes() const {
    return std::min(slots_, families_.size() + 1);
}

bool NowAccount::wait_for_work() {
    std::unique_lock lock(mutex_);
    while (true) {
        const Time now = monotonic_now();
        if (round_.over() || stop_.stop_requested() || now >= context_.deadline) return false;
        const Time at = std::min(round_.next_take(now), context_.deadline);
        if (at <= now) return true;
        // A change may make it earlier: it looks again at each.
        bool woken = false;
        changed_.wait_until(lock, stop_.get_token(), steady(at),
                            [&] { return std::exchange(woken, true); });
    }
}

std::optional<NowRound::Shot> NowAccount::take() {
    const std::lock_guard lock(mutex_);
    const Time now = monotonic_now();
    if (stop_.stop_requested() || now >= context_.deadline) return std::nullopt;
    return round_.take(now);
}

std::string_view NowAccount::request(const NowRound::Shot& shot, WallMillis now) {
    const std::lock_guard lock(mutex_);
    ArmedRequest& request = requests_[shot.family];
    return request.refresh(signer_, now) ? request.bytes() : std::string_view();
}

void NowAccount::answered(const NowRound::Shot& shot, const Answer& answer) {
    const std::lock_guard lock(mutex_);
    round_.answered(shot, answer, monotonic_now());
    if (round_.family(shot.family).state == NowRound::Family::State::confirmed) {
        const NowResult done = result(shot.family);
        context_.output.say(context_.json ? result_json(done) : result_text(done));
    } else {
        context_.output.warn(fmt::format("{} not yet: {}, {}", families_[shot.family].name,
                                         scram::name(answer.answer_class), text(answer)));
    }
    if (round_.over()) stop();
    changed_.notify_all();
}

void NowAccount::lost(const NowRound::Shot& shot, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    round_.lost(shot, monotonic_now());
    context_.output.warn(fmt::format("{} not yet: {}", families_[shot.family].name, reason));
    changed_.notify_all();
}

NowResult NowAccount::result(std::size_t i) const {
    const NowRound::Family& family = round_.family(i);
    const bool done = family.state == NowRound::Family::State::confirmed;
    return {
        families_[i].name, family, (done ? family.told_at : monotonic_now()) - context_.began, {}};
}

std::vector<NowResult> NowAccount::results() {
    const std::lock_guard lock(mutex_);
    std::vector<NowResult> all;
    for (std::size_t i = 0; i < families_.size(); ++i) all.push_back(result(i));
    return all;
}

void NowAccount::stop() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(stop_fd_, &one, sizeof one);
    stop_.request_stop();
}

}  // namespace scram
