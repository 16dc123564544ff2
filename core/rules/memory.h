// Where the engine keeps what a restart must know beside its switches: the last value of every
// metric by source, the peaks, windows and counters of rules, and how every source was last seen.
// All of it stands in one block of memory that the caller gives, which may outlive the process (a
// file in tmpfs). The engine works in it, so that to keep it costs nothing: a store is a plain
// store wherever the memory is, and what was stored survives the end of the process at any
// instruction.
//
// A later process finds each item by its key, a hash of names: of source, family and metric, or of
// what a condition looks at. So its config may differ; what still means the same is taken over, and
// what does not is unknown. Head and keys are under a checksum. Parts tell the size of their items:
// one of another size is of another version, and left out alone.
//
// An item is right between any two stores, or says that it is not; what cannot be right (a number
// that is none, a flag that is neither, a time to come) is unknown, and counted. Nothing here is a
// clock: times are those of the boot that the head names, and are moved by the wall's time where it
// is another.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "core/model/plan.h"
#include "core/rules/state.h"
#include "core/rules/window.h"

namespace scram {

using BootNumber = std::array<std::uint8_t, 16>;  // all zero: not known

// What a condition is, whatever the ids of its day.
struct ConditionKey {
    std::uint64_t shape = 0;   // what it looks at, over which window
    std::uint64_t trip = 0;    // its limit, and whom it kills
    std::uint64_t warn = 0;    // its warning steps
    std::uint64_t window = 0;  // its place among the windows of its kind, from 1; 0: it has none
};
struct HealthKey {
    std::uint64_t shape = 0;
    std::uint64_t trip = 0;
};

struct StateHead;

class StateMemory {
  public:
    static std::size_t size_for(const Plan& plan);

    // Lays the plan's parts out in `memory`: zeroed, aligned to 64, as large as size_for() says.
    // Empty: in memory of its own, which ends with it.
    explicit StateMemory(const Plan& plan, std::span<std::byte> memory = {});

    // [family][metric][source]
    std::span<std::uint64_t> value_keys;
    std::span<double> values;
    std::span<Time> times;
    // In the order of rules, of the families that a rule watches, and of sources.
    std::span<ConditionKey> condition_keys;
    std::span<ConditionState> conditions;
    std::span<RangeWindow> ranges;
    std::span<SumWindow> sums;
    std::span<std::uint64_t> source_keys;
    std::span<SourceHealth> sources;
    // Those of kind gone, then bad, then stale.
    std::span<HealthKey> health_keys;
    std::span<HealthWatch> health;
    std::array<std::size_t, 3> health_counts{};

    // Which boot its times belong to; and, now and then, how they stand to the wall's.
    void begin(const BootNumber& boot, WallMillis wall, Time now);
    void compare_clocks(WallMillis wall, Time now);
    // For a copy on disk, after the last store: puts a checksum over all.
    void seal(WallMillis wall, Time now);
    std::span<const std::byte> bytes() const { return memory_; }

  private:
    struct alignas(64) Block {
        std::array<std::byte, 64> bytes{};
    };
    std::unique_ptr<Block[]> own_;
    std::span<std::byte> memory_;
    StateHead* head_ = nullptr;
    std::uint64_t keys_ = 0;  // their checksum
};

// What was taken over from an earlier process.
struct Recalled {
    std::size_t values = 0;
    std::size_t conditions = 0;
    std::size_t sources = 0;      // attached at the end, and not heard of since
    std::size_t values_lost = 0;  // known then, and in no place of this config
    std::size_t damaged = 0;      // items that no program wrote so: unknown, as if not there
    Duration age{};               // of the latest value
    std::string_view fault;       // why nothing was; empty if something was, or nothing was there
};

// Takes over into `to`, which is fresh, what `left` says. `left` may be any bytes.
Recalled recall(std::span<const std::byte> left, const Plan& plan, const BootNumber& boot,
                WallMillis wall, Time now, StateMemory& to);

}  // namespace scram
