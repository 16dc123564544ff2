#include "core/engine/read_budget.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/engine/budget.h"

namespace scram {

Time ReadBudget::next_take(Time now) const {
    const auto first = std::ranges::min_element(slots_, {}, &Use::free_at);
    return first->free_at == never ? never : std::max(now, first->free_at);
}

ReadBudget::Slot ReadBudget::take(Time now) {
    const auto first = std::ranges::min_element(slots_, {}, &Use::free_at);
    check(first->free_at <= now, "a call takes a slot that is free");
    first->free_at = never;
    return static_cast<Slot>(first - slots_.begin());
}

void ReadBudget::answered(Slot slot, Time now) {
    slots_[slot] = {now + window_, never};
}

void ReadBudget::lost(Slot slot, Time now) {
    slots_[slot] = {never, now};
}

void ReadBudget::returned(Slot slot, Time now) {
    slots_[slot] = {now, never};
}

void ReadBudget::alive(Time since, Time now) {
    for (Use& slot : slots_) {
        if (slot.lost_at == never || slot.lost_at + guard > since) continue;
        slot = {now + window_ + Budget::round, never};
    }
}

}  // namespace scram
