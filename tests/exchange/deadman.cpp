#include "tests/exchange/deadman.h"

#include <algorithm>

namespace scram::okxsim {

bool Deadman::set(const std::string& tag, Time due) {
    const std::size_t tagged = timers_.size() - timers_.count("");
    if (!tag.empty() && !timers_.contains(tag) && tagged >= tags_max) return false;
    timers_[tag] = due;
    return true;
}

std::optional<Deadman::Due> Deadman::take(Time now) {
    const auto first =
        std::ranges::min_element(timers_, {}, &std::pair<const std::string, Time>::second);
    if (first == timers_.end() || first->second > now) return {};
    Due due{.tag = first->first, .at = first->second};
    timers_.erase(first);
    return due;
}

}  // namespace scram::okxsim
