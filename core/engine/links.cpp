#include "core/engine/links.h"

#include <algorithm>

#include "core/base/prefetch.h"

namespace scram {
namespace {

bool is_busy(LinkPhase phase) {
    return phase != LinkPhase::down && phase != LinkPhase::idle;
}

}  // namespace

void LinkState::came_up() {
    check(phase_ == LinkPhase::down, "a link that comes up was down");
    phase_ = LinkPhase::idle;
}

void LinkState::answered(bool stays, Time now) {
    check(is_busy(phase_), "what is answered was in flight");
    if (!stays) return went_down(now);
    phase_ = LinkPhase::idle;
    deadline_ = never;
}

void LinkState::not_called() {
    check(phase_ == LinkPhase::calling, "what was not sent was to be");
    phase_ = LinkPhase::idle;
    deadline_ = never;
}

void LinkState::went_down(Time now) {
    phase_ = LinkPhase::down;
    deadline_ = never;
    down_since_ = now;
}

void LinkState::abort(Time now) {
    check(is_busy(phase_) && deadline_ <= now, "what is reset is overdue");
    went_down(now);
}

void LinkState::restore(Time now) {
    down_since_ = now;
}

Links::Links(const Plan& plan) : accounts_(plan.accounts.size()) {
    for (std::size_t a = 0; a < accounts_.size(); ++a) {
        for (std::size_t l = 0; l < plan.accounts[a].links; ++l) {
            accounts_[a].links.push_back(id_at<LinkId>(links_.size()));
            links_.emplace_back(id_at<AccountId>(a));
        }
    }
}

std::size_t Links::count(AccountId id, LinkPhase phase) const {
    const auto in_phase = [&](LinkId link) { return links_[index(link)].phase() == phase; };
    return static_cast<std::size_t>(std::ranges::count_if(of(id), in_phase));
}

Time Links::next_deadline() const {
    Time next = never;
    for (const LinkState& link : links_) next = std::min(next, link.deadline());
    return next;
}

void Links::measure(LinkId id, Time now) {
    const LinkState& link = links_[index(id)];
    accounts_[index(link.account())].round_trip.sample(now - link.sent());
}

void Links::touch(std::size_t turn) const {
    touch_one(accounts_, turn);
    touch_one(links_, turn);
}

}  // namespace scram
