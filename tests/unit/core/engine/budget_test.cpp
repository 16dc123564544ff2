#include "core/engine/budget.h"

#include <doctest/doctest.h>

#include <vector>

using namespace scram;

namespace {

using enum Budget::Purpose;

constexpr Time start = time_from_ns(1'000'000'000'000);

BudgetSpec budget_spec(std::uint8_t slots, std::uint8_t reserve) {
    return {slots, reserve, 2005ms, 1000ms};
}

std::vector<Budget::Slot> take_all(Budget& budget, Time now, Budget::Purpose purpose) {
    std::vector<Budget::Slot> slots;
    while (const auto slot = budget.take(now, purpose)) slots.push_back(*slot);
    return slots;
}

}  // namespace

TEST_CASE("budget: five at once, the sixth a window after the first answer was read") {
    Budget budget(budget_spec(5, 2));
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

TEST_CASE("budget: a lost request's slot waits for a sign of life that begins after the guard") {
    Budget budget(budget_spec(1, 0));
    const auto slot = budget.take(start, trip);
    REQUIRE(slot);
    budget.lost(*slot, start + 1s);
    CHECK(budget.silent_until() == start + 2s);
    budget.alive(start + 2s - 1ns, start + 2s);  // what began before says nothing
    CHECK(budget.next_take(start + 1h, trip) == never);
    budget.alive(start + 2s, start + 9s);
    CHECK(budget.silent_until() == never);
    const Time free = start + 9s + 2005ms + Budget::round;
    CHECK_FALSE(budget.take(free - 1ns, trip));
    CHECK(budget.take(free, trip));
}

TEST_CASE("budget: what the exchange never took gives its slot back at once") {
    Budget budget(budget_spec(1, 0));
    const auto slot = budget.take(start, trip);
    REQUIRE(slot);
    budget.returned(*slot, start + 3ms);
    CHECK(budget.take(start + 3ms, trip));
}

TEST_CASE("budget: a slot whose request somebody else answered also waits for the guard") {
    Budget budget(budget_spec(1, 0));
    const auto slot = budget.take(start, trip);
    REQUIRE(slot);
    budget.undecided(*slot, start + 1s);
    const Time free = start + 1s + 2005ms + 1000ms;
    CHECK(budget.next_take(start + 1s, trip) == free);
    CHECK_FALSE(budget.take(free - 1ns, trip));
    CHECK(budget.take(free, trip));
}

TEST_CASE("budget: a repeat leaves the reserve for trips") {
    Budget budget(budget_spec(5, 2));
    CHECK(take_all(budget, start, repeat).size() == 3);
    CHECK(budget.next_take(start, repeat) == never);
    CHECK(budget.next_take(start, trip) == start);
    CHECK(take_all(budget, start, trip).size() == 2);
}

TEST_CASE("budget: a repeat waits until more than the reserve is free") {
    Budget budget(budget_spec(3, 1));
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
    Budget budget(budget_spec(2, 0));
    CHECK(budget.slots() == 2);
    CHECK(take_all(budget, start, trip).size() == 2);
    CHECK(budget.free_slots(start) == 0);
}

TEST_CASE("budget: more slots after a reload are there at once") {
    Budget budget(budget_spec(2, 0));
    CHECK(take_all(budget, start, trip).size() == 2);
    budget.change(budget_spec(5, 2));
    CHECK(take_all(budget, start, trip).size() == 3);
}

TEST_CASE("budget: after a reload to fewer slots, requests under way count against them") {
    Budget budget(budget_spec(5, 0));
    const auto slots = take_all(budget, start, trip);
    budget.change(budget_spec(2, 0));
    CHECK_FALSE(budget.take(start, trip));
    budget.answered(slots[0], start);
    budget.answered(slots[1], start);
    // Three of the five are still under way: with a new one, the window could hold more than two.
    CHECK_FALSE(budget.take(start + 2005ms, trip));
    for (const Budget::Slot slot : {slots[2], slots[3], slots[4]})
        budget.answered(slot, start + 3s);
    CHECK(take_all(budget, start + 3s + 2005ms, trip).size() == 2);
}

namespace {

// Slots taken at `now`, whose answers are still to come.
std::vector<Budget::Slot> take(Budget& budget, std::size_t count, Time now) {
    std::vector<Budget::Slot> slots;
    for (std::size_t i = 0; i < count; ++i) slots.push_back(*budget.take(now, trip));
    return slots;
}

}  // namespace

TEST_CASE(
    "budget: a refusal below five of ours means a stranger, and what went through is our share") {
    Budget budget({});
    const auto slots = take(budget, 4, start);
    for (std::size_t i = 0; i < 3; ++i) budget.answered(slots[i], start);
    CHECK(budget.throttled(slots[3], start));
    CHECK(budget.working_slots(start) == 3);
    const Time later = start + 2005ms;
    CHECK(budget.free_slots(later) == 3);
    CHECK(budget.next_regain(later) == start + 30s);
    CHECK(budget.working_slots(start + 30s) == 4);
    CHECK(budget.working_slots(start + 60s) == 5);
    CHECK(budget.next_regain(start + 60s) == never);
}

TEST_CASE("budget: a refusal with all five of ours in the window is no stranger's") {
    Budget budget({});
    const auto slots = take(budget, 5, start);
    CHECK_FALSE(budget.throttled(slots[4], start));
    CHECK(budget.working_slots(start) == 5);
}

TEST_CASE("budget: one slot always works, whatever it is for and however much is refused") {
    Budget budget({});
    Time now = start;
    for (int i = 0; i < 10; ++i) {
        const auto slot = budget.take(now, repeat);
        REQUIRE(slot.has_value());
        budget.throttled(*slot, now);
        CHECK(budget.working_slots(now) == 1);
        CHECK(budget.next_take(now, repeat) == now + 2005ms);
        now += 2005ms;
    }
}

TEST_CASE("budget: what waits for a slot is told of the moment at which one more works") {
    Budget budget({});
    const auto slots = take(budget, 2, start);
    CHECK(budget.throttled(slots[1], start));
    CHECK(budget.working_slots(start) == 1);
    CHECK(budget.next_take(start, trip) == start + 30s);  // slots[0] is still in flight
    CHECK(budget.take(start + 30s - 1ns, trip) == std::nullopt);
    CHECK(budget.take(start + 30s, trip).has_value());
}
