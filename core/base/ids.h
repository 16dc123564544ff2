// Dense ids: each is an index into a table that is laid out once, when the plan is made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace scram {

enum class AccountId : std::uint16_t {};
enum class FamilyId : std::uint16_t {};
enum class SourceId : std::uint16_t {};
enum class MetricId : std::uint16_t {};
enum class RuleId : std::uint16_t {};
enum class LinkId : std::uint16_t {};  // over all accounts

inline constexpr std::uint16_t no_id = 0xffff;

template <class Id>
constexpr Id none() {
    return static_cast<Id>(no_id);
}
template <class Id>
constexpr std::size_t index(Id id) {
    return static_cast<std::size_t>(id);
}
template <class Id>
constexpr Id id_at(std::size_t i) {
    return static_cast<Id>(i);
}

// Counted from 1; 0 is none.
enum class TripId : std::uint64_t {};
enum class AttemptId : std::uint64_t {};

}  // namespace scram
