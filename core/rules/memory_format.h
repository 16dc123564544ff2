// How the state's memory is laid out. Of the engine and core/rules alone.
#pragma once

#include <cstring>

#include "core/base/checksum.h"
#include "core/rules/memory.h"

namespace scram {

inline constexpr std::array<char, 8> state_magic = {'s', 'c', 'r', 'a', 'm', 's', 't', 'a'};
inline constexpr std::uint32_t state_byte_order = 0x01020304;
inline constexpr std::uint16_t state_version = 2;

enum class StatePart : std::uint16_t {
    value_keys,
    values,
    times,
    condition_keys,
    conditions,
    ranges,
    sums,
    source_keys,
    sources,
    health_keys,
    health,
};
inline constexpr std::size_t state_parts = 11;

struct StateHead {
    struct Part {
        std::uint32_t count = 0;
        std::uint32_t item_bytes = 0;
        std::uint64_t offset = 0;
    };
    std::array<char, 8> magic = state_magic;
    std::uint32_t byte_order = state_byte_order;
    std::uint16_t version = state_version;
    std::uint16_t part_count = state_parts;
    BootNumber boot{};
    std::array<Part, state_parts> parts{};
    std::uint64_t names = 0;  // checksum: up to here, and of the keys
    std::uint64_t whole = 0;  // checksum: of all behind the head; 0: it was being written to
    std::int64_t wall_ms = 0;
    std::int64_t monotonic_ns = 0;  // at that time
};
static_assert(std::is_trivially_copyable_v<StateHead>);

// Of a million keys it takes milliseconds, and they stay as they were made; the head changes.
std::uint64_t checksum_of_keys(const StateHead& head, std::span<const std::byte> memory);
std::uint64_t checksum_of_names(const StateHead& head, std::uint64_t keys);

// The same process goes on in another memory.
void go_on_from(const StateMemory& from, StateMemory& to);

}  // namespace scram
