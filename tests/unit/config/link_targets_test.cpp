#include <doctest/doctest.h>

#include <utility>

#include "config/config.h"

using namespace scram;

namespace {

using Targets = std::vector<std::pair<std::size_t, std::size_t>>;

Targets targets(const std::vector<std::uint8_t>& links, std::size_t hosts) {
    Plan plan;
    for (const std::uint8_t its : links) plan.accounts.emplace_back().links = its;
    Targets out;
    for (const LinkTarget& its : link_targets(plan, hosts)) out.emplace_back(its.host, its.address);
    return out;
}

}  // namespace

TEST_CASE("link targets: an account's links take the names in turn, and a name's the addresses") {
    CHECK(targets({5}, 2) == Targets{{0, 0}, {1, 0}, {0, 1}, {1, 1}, {0, 2}});
    CHECK(targets({3}, 1) == Targets{{0, 0}, {0, 1}, {0, 2}});
    CHECK(targets({2}, 4) == Targets{{0, 0}, {1, 0}});
}

TEST_CASE("link targets: each account begins with the first name, and goes on with its addresses") {
    CHECK(targets({1, 3, 2}, 2) == Targets{{0, 0}, {0, 1}, {1, 0}, {0, 2}, {0, 3}, {1, 1}});
}
