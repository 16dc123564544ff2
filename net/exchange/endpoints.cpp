#include "net/exchange/endpoints.h"

#include <algorithm>

namespace scram {
namespace {

std::vector<Endpoint> sorted_family(const std::vector<Endpoint>& all, bool v6) {
    std::vector<Endpoint> family;
    std::copy_if(all.begin(), all.end(), std::back_inserter(family),
                 [v6](const Endpoint& e) { return e.address().is_v6() == v6; });
    std::sort(family.begin(), family.end());
    family.erase(std::unique(family.begin(), family.end()), family.end());
    return family;
}

}  // namespace

std::vector<Endpoint> try_order(const std::vector<Endpoint>& resolved, std::size_t offset) {
    if (resolved.empty()) return {};
    const bool v6_first = resolved.front().address().is_v6();
    const auto first = sorted_family(resolved, v6_first);
    const auto second = sorted_family(resolved, !v6_first);
    std::vector<Endpoint> order;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) order.push_back(first[i]);
        if (i < second.size()) order.push_back(second[i]);
    }
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(offset % order.size()),
                order.end());
    if (order.size() > addresses_max) order.resize(addresses_max);
    return order;
}

std::string to_text(const Endpoint& endpoint) {
    const auto address = endpoint.address().to_string();
    const auto port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace scram
