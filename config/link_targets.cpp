#include "config/config.h"

namespace scram {

std::vector<LinkTarget> link_targets(const Plan& plan, std::size_t hosts) {
    std::vector<LinkTarget> targets;
    std::vector<std::size_t> links_of_host(hosts);
    for (const AccountSpec& account : plan.accounts) {
        for (std::size_t link = 0; link < account.links; ++link) {
            const std::size_t host = link % hosts;
            targets.push_back({host, links_of_host[host]++});
        }
    }
    return targets;
}

}  // namespace scram
