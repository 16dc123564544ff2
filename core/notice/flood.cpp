#include "core/notice/flood.h"

#include <algorithm>

namespace scram {

std::string Flood::group_of(const Notice& notice) {
    return notice.key.starts_with("trip-") ? "trips" : notice.key;
}

bool Flood::may_leave(const std::string& group, Time now) {
    // Buckets that are full again say nothing.
    if (buckets_.size() >= groups_max)
        std::erase_if(buckets_, [now](const auto& its) {
            return now - its.second.filled >= at_once * one_each;
        });
    if (buckets_.size() >= groups_max && !buckets_.contains(group)) return false;
    const auto [at, is_new] = buckets_.try_emplace(group);
    Bucket& bucket = at->second;
    if (is_new) bucket.filled = now;
    const auto regained = (now - bucket.filled) / one_each;
    if (regained > 0) {
        bucket.left = static_cast<std::uint32_t>(
            std::min<std::int64_t>(at_once, std::int64_t{bucket.left} + regained));
        bucket.filled += regained * one_each;
    }
    if (bucket.left == 0) return false;
    --bucket.left;
    return true;
}

bool Flood::waits(const std::string& group) const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](const Waiting& its) { return group_of(its.notice) == group; });
}

// The last one of its key counts, at the place of the one before. Without room the least severe
// makes it.
void Flood::hold(Notice notice) {
    const auto same = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& its) {
        return its.notice.key == notice.key;
    });
    if (same != waiting_.end()) {
        ++same->stands_for;
        same->notice = std::move(notice);
        return;
    }
    waiting_.push_back({std::move(notice), 0});
    if (waiting_.size() <= waiting_max) return;
    const auto least = std::min_element(
        waiting_.begin(), waiting_.end(),
        [](const Waiting& a, const Waiting& b) { return a.notice.severity < b.notice.severity; });
    const std::uint64_t lost = least->stands_for + 1;
    waiting_.erase(least);
    waiting_.back().stands_for += lost;
}

Notices Flood::pass(Notices notices, Time now) {
    Notices out;
    std::vector<Waiting> still;
    for (Waiting& its : waiting_) {
        if (!may_leave(group_of(its.notice), now)) {
            still.push_back(std::move(its));
            continue;
        }
        if (its.stands_for > 0) its.notice.add("not_told", std::to_string(its.stands_for));
        out.push_back(std::move(its.notice));
    }
    waiting_ = std::move(still);
    for (Notice& notice : notices) {
        const std::string group = group_of(notice);
        if (!waits(group) && may_leave(group, now))
            out.push_back(std::move(notice));
        else
            hold(std::move(notice));
    }
    return out;
}

}  // namespace scram
