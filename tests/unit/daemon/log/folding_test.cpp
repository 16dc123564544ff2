#include "daemon/log/folding.h"

#include <doctest/doctest.h>

#include <string>

using namespace scram;

namespace {

using Folding = LogFolding<std::string>;
constexpr Duration window = 10s;
constexpr LogKey down{1, 7};
constexpr Time begin{1000s};

}  // namespace

TEST_CASE("log folding: the first is told at once, and repeats as one when the window ends") {
    Folding folding(4);
    CHECK(folding.tells(down, window, begin, "a"));
    CHECK_FALSE(folding.tells(down, window, begin + 1s, "b"));
    CHECK_FALSE(folding.tells(down, window, begin + 4s, "c"));
    CHECK_FALSE(folding.due(begin + window - 1ns));
    const auto told = folding.due(begin + window);
    REQUIRE(told);
    CHECK(told->line == "c");
    CHECK(told->repeats.count == 2);
    CHECK(told->repeats.first == begin + 1s);
    CHECK(told->repeats.last == begin + 4s);
    CHECK_FALSE(folding.due(begin + window));
}

TEST_CASE("log folding: a window without repeats ends unseen, and the next line is a first again") {
    Folding folding(4);
    folding.tells(down, window, begin, "a");
    CHECK_FALSE(folding.due(begin + window));
    CHECK(folding.tells(down, window, begin + window, "b"));
}

TEST_CASE("log folding: what goes on and on is told once in each window, and counted whole") {
    Folding folding(4);
    std::uint64_t at_once = 0, told = 0, counted = 0;
    for (int ms = 0; ms < 60'000; ++ms) {
        const Time now = begin + milliseconds(ms);
        at_once += folding.tells(down, window, now, "x") ? 1 : 0;
        while (const auto folded = folding.due(now)) {
            ++told;
            counted += folded->repeats.count;
        }
    }
    while (const auto folded = folding.due(never)) counted += folded->repeats.count;
    CHECK(at_once == 1);
    CHECK(told == 5);
    CHECK(at_once + counted == 60'000);
}

TEST_CASE("log folding: another subject and another kind are others") {
    Folding folding(4);
    CHECK(folding.tells({1, 7}, window, begin, "a"));
    CHECK(folding.tells({1, 8}, window, begin, "b"));
    CHECK(folding.tells({2, 7}, window, begin, "c"));
    CHECK_FALSE(folding.tells({1, 7}, window, begin, "d"));
    CHECK_FALSE(folding.tells({2, 7}, window, begin, "e"));
    CHECK(folding.due(begin + window)->line == "d");
    CHECK(folding.due(begin + window)->line == "e");
    CHECK_FALSE(folding.due(begin + window));
}

TEST_CASE("log folding: each kind has a window of its own") {
    Folding folding(4);
    folding.tells({1, 0}, 60s, begin, "slow");
    folding.tells({2, 0}, 10s, begin, "quick");
    folding.tells({1, 0}, 60s, begin + 1s, "slow");
    folding.tells({2, 0}, 10s, begin + 1s, "quick");
    CHECK(folding.due(begin + 10s)->line == "quick");
    CHECK_FALSE(folding.due(begin + 59s));
    CHECK(folding.due(begin + 60s)->line == "slow");
}

TEST_CASE("log folding: beyond the windows there may be, each line is told") {
    Folding folding(2);
    CHECK(folding.tells({1, 0}, window, begin, "a"));
    CHECK(folding.tells({2, 0}, window, begin, "b"));
    CHECK(folding.tells({3, 0}, window, begin, "c"));
    CHECK(folding.tells({3, 0}, window, begin, "c"));
    CHECK_FALSE(folding.tells({1, 0}, window, begin, "a"));
}

TEST_CASE("log folding: at time's end everything that was counted is told, once") {
    Folding folding(4);
    folding.tells(down, window, begin, "a");
    folding.tells(down, window, begin, "b");
    CHECK(folding.due(never)->repeats.count == 1);
    CHECK_FALSE(folding.due(never));
}
