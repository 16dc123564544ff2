#include "core/engine/budget.h"

#include <algorithm>

#include "core/base/check.h"

namespace scram {
namespace {

// How soon a slot that somebody else seemed to use is tried again.
constexpr Duration recovery = 30s;

}  // namespace

Budget::Budget(const BudgetSpec& spec) {
    lost_at_.fill(never);
    change(spec);
}

void Budget::change(const BudgetSpec& spec) {
    check(spec.slots >= 1 && spec.slots <= budget_slots_max, "a budget has 1 to 5 slots");
    check(spec.reserve < spec.slots, "a budget's reserve leaves at least one slot");
    spec_ = spec;
}

std::optional<Budget::Slot> Budget::take(Time now, Purpose purpose) {
    if (free_slots(now) <= kept_back(purpose, working_slots(now))) return std::nullopt;
    const auto free =
        std::find_if(free_at_.begin(), free_at_.end(), [now](Time at) { return at <= now; });
    check(free != free_at_.end(), "a slot is free where fewer are busy than work");
    *free = never;
    return static_cast<Slot>(free - free_at_.begin());
}

// Taken, and nothing was heard of its request.
void Budget::check_in_flight(Slot slot) const {
    check(slot < free_at_.size() && free_at_[slot] == never && lost_at_[slot] == never,
          "what ends a slot's request finds it in flight");
}

void Budget::answered(Slot slot, Time now) {
    check_in_flight(slot);
    free_at_[slot] = now + spec_.window;
}

void Budget::undecided(Slot slot, Time now) {
    check_in_flight(slot);
    free_at_[slot] = now + spec_.window + spec_.guard;
}

void Budget::lost(Slot slot, Time now) {
    check_in_flight(slot);
    free_at_[slot] = never;
    lost_at_[slot] = now;
}

void Budget::returned(Slot slot, Time now) {
    check_in_flight(slot);
    free_at_[slot] = now;
}

void Budget::alive(Time since, Time now) {
    for (Slot slot = 0; slot < lost_at_.size(); ++slot) {
        if (lost_at_[slot] == never || lost_at_[slot] + spec_.guard > since) continue;
        free_at_[slot] = now + spec_.window + round;
        lost_at_[slot] = never;
    }
}

Time Budget::silent_until() const {
    const Time first = *std::min_element(lost_at_.begin(), lost_at_.end());
    return first == never ? never : first + spec_.guard;
}

// The exchange counts at most what holds a slot here, this request included.
bool Budget::throttled(Slot slot, Time now) {
    const std::size_t counted = busy_slots(now);
    answered(slot, now);
    if (counted >= budget_slots_max) return false;
    lowered_to_ = std::max<std::size_t>(1, counted - 1);
    lowered_at_ = now;
    return true;
}

void Budget::restore(const Image& image, Time now) {
    check(std::ranges::all_of(free_at_, [](Time at) { return at == Time{}; }),
          "a start restores what nothing was taken of");
    const Time dead = now + spec_.window + spec_.guard;
    for (std::size_t slot = 0; slot < image.size(); ++slot) {
        const bool in_flight = image[slot] == never;
        free_at_[slot] = in_flight ? never : std::min(image[slot], dead);
        if (in_flight) lost_at_[slot] = now;
    }
}

// One slot more after each `recovery`.
std::size_t Budget::working_slots(Time now) const {
    if (lowered_to_ >= spec_.slots) return spec_.slots;
    const auto regained = static_cast<std::size_t>((now - lowered_at_) / recovery);
    return std::min<std::size_t>(spec_.slots, lowered_to_ + regained);
}

// Never all: what waits alone must be able to go.
std::size_t Budget::kept_back(Purpose purpose, std::size_t working) const {
    const std::size_t others = std::min<std::size_t>(spec_.reserve, working - 1);
    switch (purpose) {
        case Purpose::trip:
            return 0;
        case Purpose::retry:
            return std::min<std::size_t>(1, others);
        case Purpose::repeat:
            return others;
    }
    return 0;
}

Time Budget::next_take(Time now, Purpose purpose) const {
    const std::size_t working = working_slots(now);
    Image sorted = free_at_;
    std::sort(sorted.begin(), sorted.end());
    const Time free = sorted[budget_slots_max - working + kept_back(purpose, working)];
    return std::max(now, std::min(free, next_regain(now)));
}

Time Budget::next_regain(Time now) const {
    if (working_slots(now) == spec_.slots) return never;
    return lowered_at_ + ((now - lowered_at_) / recovery + 1) * recovery;
}

// Requests that were sent before a reload took slots away count against the rest.
std::size_t Budget::free_slots(Time now) const {
    const std::size_t busy = busy_slots(now);
    const std::size_t working = working_slots(now);
    return working > busy ? working - busy : 0;
}

std::size_t Budget::busy_slots(Time now) const {
    return static_cast<std::size_t>(
        std::count_if(free_at_.begin(), free_at_.end(), [now](Time at) { return at > now; }));
}

}  // namespace scram
