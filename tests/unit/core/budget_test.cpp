#include "core/budget.h"

#include <doctest/doctest.h>

#include <vector>

using namespace scram;

namespace {

using enum Budget::Purpose;

constexpr Time start = time_from_ns(1'000'000'000'000);

BudgetSpec spec(std::uint8_t slots, std::uint8_t reserve) {
    return {slots, reserve, 2005ms, 1000ms};
}

std::vector<Budget::Slot> take_all(Budget& budget, Time now, Budget::Purpose purpose) {
    std::vector<Budget::Slot> slots;
    while (const auto slot = budget.take(now, purpose)) slots.push_back(*slot);
    return slots;
}

}  // namespace

TEST_CASE("budget: five at once, the sixth a window after the first answer was read") {
    Budget budget(spec(5, 2));
    const auto slots = take_all(budget, start, trip);
    REQUIRE(slots.size() == 5);
    CHECK(budget.next_take(start, trip) == never);  // nobody knows before the first answer
    budget.answered(slots[3], start + 80ms);
    const Time free = start + 80ms + 2005ms;
    CHECK(budget.next_take(start + 80ms, trip) == free);
    CHECK_FALSE(budget.take(free - 1ns, trip));
    CHECK(budget.take(free, trip));
    CHECK_FALSE(budget.take(free, trip));
}

TEST_CASE("budget: a lost request's slot also waits for the guard") {
    Budget budget(spec(1, 0));
    const auto slot = budget.take(start, trip);
    REQUIRE(slot);
    budget.lost(*slot, start + 1s);
    const Time free = start + 1s + 2005ms + 1000ms;
    CHECK(budget.next_take(start + 1s, trip) == free);
    CHECK_FALSE(budget.take(free - 1ns, trip));
    CHECK(budget.take(free, trip));
}

TEST_CASE("budget: a repeat leaves the reserve for trips") {
    Budget budget(spec(5, 2));
    CHECK(take_all(budget, start, repeat).size() == 3);
    CHECK(budget.next_take(start, repeat) == never);
    CHECK(budget.next_take(start, trip) == start);
    CHECK(take_all(budget, start, trip).size() == 2);
}

TEST_CASE("budget: a repeat waits until more than the reserve is free") {
    Budget budget(spec(3, 1));
    const auto slots = take_all(budget, start, trip);
    REQUIRE(slots.size() == 3);
    budget.answered(slots[0], start + 10ms);
    CHECK(budget.next_take(start + 10ms, repeat) == never);
    budget.answered(slots[1], start + 20ms);
    const Time first = start + 10ms + 2005ms;
    const Time second = start + 20ms + 2005ms;
    CHECK(budget.next_take(start + 20ms, trip) == first);
    CHECK(budget.next_take(start + 20ms, repeat) == second);
    CHECK_FALSE(budget.take(second - 1ns, repeat));
    CHECK(budget.take(second, repeat));
}

TEST_CASE("budget: a host that shares the account takes only its own slots") {
    Budget budget(spec(2, 0));
    CHECK(budget.slots() == 2);
    CHECK(take_all(budget, start, trip).size() == 2);
    CHECK(budget.free_slots(start) == 0);
}

TEST_CASE("budget: more slots after a reload are there at once") {
    Budget budget(spec(2, 0));
    CHECK(take_all(budget, start, trip).size() == 2);
    budget.change(spec(5, 2));
    CHECK(take_all(budget, start, trip).size() == 3);
}

TEST_CASE("budget: after a reload to fewer slots, requests under way count against them") {
    Budget budget(spec(5, 0));
    const auto slots = take_all(budget, start, trip);
    budget.change(spec(2, 0));
    CHECK_FALSE(budget.take(start, trip));
    budget.answered(slots[0], start);
    budget.answered(slots[1], start);
    // Three of the five are still under way: with a new one, the window could hold more than two.
    CHECK_FALSE(budget.take(start + 2005ms, trip));
    for (const Budget::Slot slot : {slots[2], slots[3], slots[4]})
        budget.answered(slot, start + 3s);
    CHECK(take_all(budget, start + 3s + 2005ms, trip).size() == 2);
}
