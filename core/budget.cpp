#include "core/budget.h"

#include <algorithm>

#include "core/check.h"

namespace scram {

Budget::Budget(const BudgetSpec& spec) : spec_(spec) {
    check(spec.slots >= 1 && spec.slots <= budget_slots_max, "a budget has 1 to 5 slots");
    check(spec.reserve < spec.slots, "a budget's reserve leaves at least one slot");
}

std::optional<Budget::Slot> Budget::take(Time now, Purpose purpose) {
    if (free_slots(now) <= kept_back(purpose)) return std::nullopt;
    for (Slot slot = 0; slot < spec_.slots; ++slot) {
        if (free_at_[slot] > now) continue;
        free_at_[slot] = never;
        return slot;
    }
    return std::nullopt;
}

void Budget::answered(Slot slot, Time now) {
    free_at_[slot] = now + spec_.window;
}

void Budget::lost(Slot slot, Time now) {
    free_at_[slot] = now + spec_.window + spec_.guard;
}

Time Budget::next_take(Time now, Purpose purpose) const {
    std::array<Time, budget_slots_max> sorted = free_at_;
    std::sort(sorted.begin(), sorted.begin() + spec_.slots);
    return std::max(now, sorted[kept_back(purpose)]);
}

std::size_t Budget::free_slots(Time now) const {
    return static_cast<std::size_t>(std::count_if(free_at_.begin(), free_at_.begin() + spec_.slots,
                                                  [now](Time at) { return at <= now; }));
}

}  // namespace scram
