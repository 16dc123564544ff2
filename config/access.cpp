#include <unistd.h>

#include <algorithm>

#include "config/config.h"

namespace scram {

bool may(const Config& config, Right right, std::uint32_t uid,
         std::span<const std::uint32_t> gids) {
    if (uid == 0 || uid == geteuid()) return true;
    const Principals& allowed = config.rights[static_cast<std::size_t>(right)];
    const auto holds = [](const std::vector<std::uint32_t>& list, std::uint32_t id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    return holds(allowed.uids, uid) ||
           std::any_of(gids.begin(), gids.end(),
                       [&](std::uint32_t gid) { return holds(allowed.gids, gid); });
}

}  // namespace scram
