#include "core/engine/host_watch.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

constexpr Time first_look{1h};

}  // namespace

TEST_CASE("host watch: a name works from its first answer until its last link is lost") {
    HostWatch watch(2, {0, 1, 0});
    watch.begin(first_look);
    CHECK(watch.hosts()[0].links == 2);
    CHECK(watch.hosts()[1].links == 1);
    CHECK(watch.host_of(2) == 0);
    watch.came_up(0);
    CHECK(watch.hosts()[0].silent_since == first_look);
    watch.answered(0);
    CHECK(watch.hosts()[0].silent_since == never);
    CHECK(watch.hosts()[1].silent_since == first_look);
    watch.came_up(2);
    watch.went_down(0, first_look + 1s);
    CHECK(watch.hosts()[0].silent_since == never);
    CHECK(watch.hosts()[0].links_up == 1);
    watch.went_down(2, first_look + 2s);
    CHECK(watch.hosts()[0].silent_since == first_look + 2s);
}

TEST_CASE("host watch: links that come up and are lost before an answer leave it silent") {
    HostWatch watch(1, {0});
    watch.begin(first_look);
    watch.came_up(0);
    watch.answered(0);
    for (int i = 1; i <= 3; ++i) {
        watch.went_down(0, first_look + i * 1s);
        watch.came_up(0);
    }
    CHECK(watch.hosts()[0].silent_since == first_look + 1s);
    watch.answered(0);
    CHECK(watch.hosts()[0].silent_since == never);
}
