// Who may do what, asked by uid and gids, and how a refusal is worded.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "config/config.h"

namespace scram {

namespace {

bool holds(const std::vector<std::uint32_t>& list, std::uint32_t id) {
    return std::find(list.begin(), list.end(), id) != list.end();
}

bool is_among(const Principals& allowed, std::uint32_t uid, std::span<const std::uint32_t> gids) {
    if (uid == 0 || uid == geteuid() || holds(allowed.uids, uid)) return true;
    return std::any_of(gids.begin(), gids.end(),
                       [&](std::uint32_t gid) { return holds(allowed.gids, gid); });
}

}  // namespace

bool may(const Config& config, Right right, std::uint32_t uid,
         std::span<const std::uint32_t> gids) {
    return is_among(config.rights[static_cast<std::size_t>(right)], uid, gids);
}

bool may_attach(const Config& config, SourceId source, std::uint32_t uid,
                std::span<const std::uint32_t> gids) {
    const Principals& users = config.source_users[index(source)];
    return users.empty() || is_among(users, uid, gids);
}

std::string not_its_user(const Config& config, SourceId source, std::uint32_t uid) {
    const std::string& name = config.plan.sources[index(source)].name;
    return fmt::format(
        "{} may not attach as '{}': `user` of that source lists others. To allow it, add "
        "\"uid:{}\" or one of its groups to `user` of [[source]] {} in {} and reload scramd",
        person(config, uid), name, uid, name, config.file.native());
}

bool holds_a_right(const Config& config, std::uint32_t uid, std::span<const std::uint32_t> gids) {
    for (std::size_t right = 0; right < right_count; ++right) {
        if (may(config, static_cast<Right>(right), uid, gids)) return true;
    }
    return false;
}

std::string person(const Config& config, std::uint32_t uid) {
    const auto found = std::find_if(config.people.begin(), config.people.end(),
                                    [uid](const auto& one) { return one.first == uid; });
    if (found == config.people.end()) return fmt::format("uid {}", uid);
    return fmt::format("uid {} ({})", uid, found->second);
}

std::string missing_right(const Config& config, Right right, std::uint32_t uid) {
    return fmt::format(
        "{} may not {}: [rights] {} does not list it. To grant it, add \"uid:{}\" or one of its "
        "groups to `{}` under [rights] in {} and reload scramd",
        person(config, uid), name(right), name(right), uid, name(right), config.file.native());
}

}  // namespace scram
