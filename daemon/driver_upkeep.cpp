// What the driver does beside the way of a kill, so that a kill finds everything ready: signatures
// made anew, records sealed, the way kept warm.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "daemon/driver.h"
#include "net/clock.h"

namespace scram {
namespace {

// With an empty send each; while they are, a signal waits.
constexpr std::size_t warmed_at_once = 4;
// Waking up costs more than to sign and seal these; while they are, a signal waits.
constexpr std::size_t signed_at_once = 4;

}  // namespace

void Driver::refresh_next() {
    const std::size_t count = std::min(signed_at_once, armory_.size());
    const Duration interval = resign_every_ * count / (armory_.size() + 1);
    refresh_timer_.expires_after(std::max<Duration>(interval, 1ms));
    refresh_timer_.async_wait([this, count](auto error) {
        if (error) return;
        const Time now = monotonic_now();
        turns_.did("signature", now);
        for (std::size_t i = 0; i < count; ++i) {
            magazine_.signed_anew(armory_.refresh_next(clock_.at(now)));
        }
        refresh_next();
    });
}

// A few at a time, so that a signal waits no longer than that.
void Driver::seal_soon() {
    if (sealing_ || !magazine_.is_wanting()) return;
    sealing_ = true;
    boost::asio::post(io_, [this] {
        turns_.did("seal", monotonic_now());
        sealing_ = false;
        magazine_.seal_some();
        seal_soon();
    });
}

// The families take turns.
void Driver::warm(Time now) {
    act(Time{}, now);  // of nothing
    for (std::size_t i = 0; i < std::min(warmed_at_once, engine_.plan().families.size()); ++i) {
        const auto family = id_at<FamilyId>(warmed_++ % engine_.plan().families.size());
        const Engine::Next next = engine_.next_cancel(family, now);
        drilled_ += next.touched;
        if (next.link == none<LinkId>()) continue;
        magazine_.fire_dry(next.link, armory_.pick(family, next.lock, clock_.at(now)));
        gates_.touch(family);
        journal_.touch(family);
    }
}

// One at a time, as with the seals. What the keeper does not take now is offered again.
void Driver::file_soon(Duration after) {
    if (filing_ || !receipts_.any_to_file()) return;
    filing_ = true;
    filing_timer_.expires_after(after);
    filing_timer_.async_wait([this](auto error) {
        if (error) return;
        turns_.did("receipt", monotonic_now());
        filing_ = false;
        file_soon(receipts_.file_one() ? Duration::zero() : filed_after);
    });
}

std::string Driver::unready_reason(Time now) const {
    const Plan& plan = engine_.plan();
    for (std::size_t a = 0; a < plan.accounts.size(); ++a) {
        bool warm = false;
        for (std::size_t l = 0; l < links_.size(); ++l) {
            const auto link = id_at<LinkId>(l);
            const bool up =
                engine_.phase(link) != LinkPhase::down && sights_[l].rehearsed != Time{};
            warm = warm || (engine_.account_of(link) == id_at<AccountId>(a) && up);
        }
        if (!warm) return fmt::format("account {} has no warm link", plan.accounts[a].name);
        if (armory_.oldest(id_at<AccountId>(a), clock_.at(now)) > 25s) {
            return fmt::format("account {} has requests whose signature is too old",
                               plan.accounts[a].name);
        }
    }
    return {};
}

}  // namespace scram
