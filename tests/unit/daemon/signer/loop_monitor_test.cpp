#include "daemon/signer/loop_monitor.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

constexpr Time start{1000s};

}  // namespace

TEST_CASE("loop watch: a heartbeat that stays the same for all looks is told once") {
    LoopMonitor watch(3);
    CHECK(!watch.is_frozen(start));
    CHECK(!watch.is_frozen(start));
    CHECK(!watch.is_frozen(start));
    CHECK(watch.is_frozen(start));
    CHECK(!watch.is_frozen(start));
}

TEST_CASE("loop watch: any change starts over, also a step back") {
    LoopMonitor watch(2);
    for (int i = 0; i < 5; ++i) {
        CHECK(!watch.is_frozen(start - i * 1s));
        CHECK(!watch.is_frozen(start - i * 1s));
    }
    CHECK(watch.is_frozen(start - 4s));
}

TEST_CASE("loop watch: a loop that has not begun is not judged") {
    LoopMonitor watch(1);
    for (int i = 0; i < 5; ++i) CHECK(!watch.is_frozen(Time{}));
}
