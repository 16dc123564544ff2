#include "core/budget.h"

#include <algorithm>

#include "core/check.h"

namespace scram {

Budget::Budget(const BudgetSpec& spec) {
    change(spec);
}

void Budget::change(const BudgetSpec& spec) {
    check(spec.slots >= 1 && spec.slots <= budget_slots_max, "a budget has 1 to 5 slots");
    check(spec.reserve < spec.slots, "a budget's reserve leaves at least one slot");
    spec_ = spec;
}

std::optional<Budget::Slot> Budget::take(Time now, Purpose purpose) {
    if (free_slots(now) <= kept_back(purpose)) return std::nullopt;
    const auto free =
        std::find_if(free_at_.begin(), free_at_.end(), [now](Time at) { return at <= now; });
    *free = never;
    return static_cast<Slot>(free - free_at_.begin());
}

void Budget::answered(Slot slot, Time now) {
    free_at_[slot] = now + spec_.window;
}

void Budget::lost(Slot slot, Time now) {
    free_at_[slot] = now + spec_.window + spec_.guard;
}

std::size_t Budget::kept_back(Purpose purpose) const {
    switch (purpose) {
        case Purpose::trip:
            return 0;
        case Purpose::retry:
            return std::min<std::size_t>(1, spec_.reserve);
        case Purpose::repeat:
            return spec_.reserve;
    }
    return 0;
}

Time Budget::next_take(Time now, Purpose purpose) const {
    std::array<Time, budget_slots_max> sorted = free_at_;
    std::sort(sorted.begin(), sorted.end());
    return std::max(now, sorted[budget_slots_max - spec_.slots + kept_back(purpose)]);
}

// Requests that were sent before a reload took slots away count against the rest.
std::size_t Budget::free_slots(Time now) const {
    const auto busy = static_cast<std::size_t>(
        std::count_if(free_at_.begin(), free_at_.end(), [now](Time at) { return at > now; }));
    return spec_.slots > busy ? spec_.slots - busy : 0;
}

}  // namespace scram
