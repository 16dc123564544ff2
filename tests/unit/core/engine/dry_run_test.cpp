#include "core/engine/dry_run.h"

#include <doctest/doctest.h>

using namespace scram;

TEST_CASE("drill: each run trips, fires, and arms again") {
    DryRun drill;
    Time now{1h};
    for (int run = 1; run <= 1000; ++run) {
        drill.run(now += 5ms);
        CHECK(drill.fired() == static_cast<std::uint64_t>(run));
        CHECK(drill.is_armed());
    }
}
