// For tests of what is known across the ends of a scramd.
#pragma once

#include <vector>

#include "tests/unit/core/engine/rig.h"

namespace scram::test {

inline constexpr BootNumber this_boot{1}, other_boot{2};

// One scramd after the other on one host: each finds the bytes that the one before had in memory.
class RestartedHost {
  public:
    explicit RestartedHost(Plan plan) : plan_(plan), desk(std::move(plan)) {
        desk.engine.recall({}, boot, wall(), desk.now);
    }

    // The process ends, here and now; the next begins a while later, maybe with another plan.
    void restart(Duration pause = 1s, const Restored& restored = {}) {
        const auto bytes = desk.engine.state().bytes();
        left.assign(bytes.begin(), bytes.end());
        begin(pause, restored);
    }
    void reboot(Duration pause) {
        desk.engine.state().seal(wall(), desk.now);
        const auto bytes = desk.engine.state().bytes();
        left.assign(bytes.begin(), bytes.end());
        boot = other_boot;
        booted_ += desk.now - time_from_ns(0) - 5s;
        desk.now = time_from_ns(0) + 5s;
        begin(pause, {});
    }
    void begin(Duration pause, const Restored& restored) {
        desk.now += pause;
        desk.start_again(plan_);
        recalled = desk.engine.recall(left, boot, wall(), desk.now);
        desk.step.clear();
        desk.engine.on_restored(restored, desk.now, desk.step);
        desk.actions.assign(desk.step.actions.begin(), desk.step.actions.end());
        desk.events.assign(desk.step.events.begin(), desk.step.events.end());
    }
    void next_plan(Plan plan) { plan_ = std::move(plan); }
    double sum(FamilyId family, MetricId metric) const {
        return desk.engine.metrics().sum(family, metric);
    }
    bool known(FamilyId family, MetricId metric) const {
        return desk.engine.metrics().known(family, metric);
    }

  private:
    WallMillis wall() const {
        return WallMillis{1'700'000'000'000 + ns_of(desk.now + booted_) / 1'000'000};
    }
    Plan plan_;
    Duration booted_{};

  public:
    BootNumber boot = this_boot;
    std::vector<std::byte> left;
    Recalled recalled;
    Desk desk;
};

inline Restored latched(FamilyId family, std::uint64_t trip) {
    return {{{family, TripId{trip}, false, true, ""}}, TripId{trip}, {}, {}};
}

}  // namespace scram::test
