#include "daemon/scram_now/clock.h"

namespace scram {

bool NowClock::must_ask(Time deadline, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, steady(deadline), [this] { return state_ != State::asked; });
    if (state_ != State::unknown) return false;
    state_ = State::asked;
    return true;
}

void NowClock::told(Time sent, Time received, std::optional<WallMillis> exchange) {
    const std::lock_guard lock(mutex_);
    if (exchange) clock_.sample(sent, received, *exchange);
    state_ = State::known;
    told_at_ = received;
    changed_.notify_all();
}

// Unless somebody has asked since: then the signature was older than the answer.
void NowClock::doubt(Time signed_at) {
    const std::lock_guard lock(mutex_);
    if (state_ == State::known && told_at_ <= signed_at) state_ = State::unknown;
}

WallMillis NowClock::at(Time now) const {
    const std::lock_guard lock(mutex_);
    return clock_.at(now);
}

milliseconds NowClock::ahead_of(Time now, WallMillis local_wall) const {
    const std::lock_guard lock(mutex_);
    return clock_.ahead_of(now, local_wall);
}

}  // namespace scram
