// So many calls in any window, as the exchange counts them: at some moment between sending and
// answer.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/engine/read_budget.h"

using namespace scram;

TEST_CASE("read budget: a slot is free one window after its answer") {
    ReadBudget budget(1);
    const Time now = time_from_ns(1'000'000'000);
    const auto slot = budget.take(now);
    CHECK(budget.next_take(now) == never);
    budget.answered(slot, now + 1s);
    CHECK(budget.next_take(now) == now + 1s + 2005ms);
    CHECK(budget.next_take(now + 3s) > now + 3s);
    CHECK(budget.next_take(now + 3005ms) == now + 3005ms);
}

TEST_CASE("read budget: a lost one waits for a sign of life that began well after it") {
    ReadBudget budget(1);
    const Time now = time_from_ns(1'000'000'000);
    budget.lost(budget.take(now), now);
    budget.alive(now + 999ms, now + 1100ms);
    CHECK(budget.next_take(now) == never);
    budget.alive(now + 1s, now + 1100ms);
    CHECK(budget.next_take(now) > now + 3105ms);
    CHECK(budget.next_take(now) < now + 3200ms);
}

TEST_CASE("read budget: what never left frees its slot at once") {
    ReadBudget budget(1);
    const Time now = time_from_ns(1'000'000'000);
    budget.returned(budget.take(now), now);
    CHECK(budget.next_take(now) == now);
}

TEST_CASE("read budget: no window holds more, whatever the delays") {
    std::minstd_rand random(7);
    for (int run = 0; run < 50; ++run) {
        ReadBudget budget(5);
        std::vector<Time> counted;
        struct Sent {
            ReadBudget::Slot slot;
            Time answer;
        };
        std::vector<Sent> out;
        Time now = time_from_ns(1'000'000'000);
        for (int i = 0; i < 400; ++i) {
            now += milliseconds(random() % 50);
            std::erase_if(out, [&](const Sent& its) {
                if (its.answer > now) return false;
                budget.answered(its.slot, now);
                return true;
            });
            if (budget.next_take(now) > now) continue;
            const auto there = milliseconds(random() % 900), back = milliseconds(random() % 900);
            counted.push_back(now + there);
            out.push_back({budget.take(now), now + there + back});
        }
        std::sort(counted.begin(), counted.end());
        for (std::size_t i = 5; i < counted.size(); ++i) CHECK(counted[i] - counted[i - 5] >= 2s);
    }
}
