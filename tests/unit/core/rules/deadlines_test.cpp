#include "core/rules/deadlines.h"

#include <doctest/doctest.h>

#include <random>

using namespace scram;

namespace {

Time at(std::int64_t ns) {
    return time_from_ns(ns);
}

}  // namespace

TEST_CASE("deadlines: none of none, and none until one is set") {
    CHECK(Deadlines(0).next() == never);
    Deadlines one(1);
    CHECK(one.next() == never);
    one.set(0, at(7));
    CHECK(one.next() == at(7));
    CHECK(one.first_due(at(7)) == 0);
    one.set(0, never);
    CHECK(one.next() == never);
}

TEST_CASE("deadlines: those that are due come in order of number, not of time") {
    Deadlines deadlines(5);
    deadlines.set(4, at(1));
    deadlines.set(3, at(9));
    deadlines.set(1, at(2));
    CHECK(deadlines.next() == at(1));
    CHECK(deadlines.first_due(at(5)) == 1);
    deadlines.set(1, never);
    CHECK(deadlines.first_due(at(5)) == 4);
    deadlines.set(4, at(20));
    CHECK(deadlines.next() == at(9));
}

TEST_CASE("deadlines: the first is the first, for any number of them in any order of changes") {
    std::mt19937_64 random(1);
    for (std::size_t count = 1; count <= 70; ++count) {
        Deadlines deadlines(count);
        std::vector<Time> model(count, never);
        bool good = true;
        for (int i = 0; i < 500; ++i) {
            const std::size_t which = random() % count;
            const Time when =
                random() % 4 == 0 ? never : at(static_cast<std::int64_t>(random() % 99));
            deadlines.set(which, when);
            model[which] = when;
            const Time first = *std::min_element(model.begin(), model.end());
            good = good && deadlines.next() == first;
            if (first == never) continue;
            const auto due = std::find_if(model.begin(), model.end(),
                                          [&](Time its) { return its <= first + 10ns; });
            good = good && deadlines.first_due(first + 10ns) ==
                               static_cast<std::size_t>(due - model.begin());
        }
        CAPTURE(count);
        REQUIRE(good);
    }
}
