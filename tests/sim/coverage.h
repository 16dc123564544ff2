// Situations by name, counted. A simulation that never reaches a situation proves nothing about
// it, so a run of CI's size fails where a count is zero.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace scram::sim {

// The list is one macro so that a name is written once.
// clang-format off
#define SCRAM_SIM_SITUATIONS(X) \
    X(trip_limit) X(trip_drawdown) X(trip_change) X(trip_count) X(trip_divergence) X(trip_stale) \
    X(trip_gone) X(trip_bad) X(trip_operator) X(trip_shadow) X(trip_of_many_families) \
    X(trip_of_many_rules) X(trip_on_confirmed_family) X(trip_after_forced_rearm) X(trip_while_in_flight) X(warned) \
    X(warning_over) X(held_long_enough) X(confirmed_by_samples) X(sum_waited) X(bad_not_finite) \
    X(bad_sequence_gap) X(bad_sequence_back) X(bad_unknown_family) X(bad_foreign_family) \
    X(bad_unknown_metric) X(bad_unknown_kind) X(bad_wrong_version) X(bad_wrong_source) \
    X(bad_ring_full) X(ring_full_suppressed) X(decided_first) X(concluded_more) \
    X(answer_confirmed) X(answer_nothing_left) X(answer_failed) X(answer_ambiguous) \
    X(answer_throttled) X(answer_clock) X(answer_refused) X(answer_of_edge) X(answer_late) X(answer_after_abort) \
    X(hedge) X(hedge_confirmed_first) X(hedged_attempt_confirmed_first) X(attempt_lost) \
    X(attempt_lost_late) X(arrival_after_abort) X(not_sent_link_lost) X(link_closed_with_answer) \
    X(link_down_in_flight) X(link_event_twice) X(half_open) X(stalled_connect) X(window_full) \
    X(waited_for_slot) X(waited_for_link) X(throttled_by_foreign) X(alarm_budget_shared) \
    X(alarm_budget_shared_over) X(alarm_refused) X(alarm_refused_over) X(working_slots_lowered) \
    X(resync_at_once) X(expired_at_exchange) X(exchange_stepped) X(signed_before_sync) \
    X(maintenance_refusal) X(lock_set) X(lock_release_sent) X(lock_released) X(lock_expired) \
    X(quote_refused_by_lock) X(quote_after_gate_closed) X(quotes_cancelled) X(rearmed) \
    X(rearm_refused_rule) X(rearm_refused_trip) X(rearm_forced_over_rule) X(rearm_unfinished) \
    X(confirmed_after_rearm) X(reload_trips) X(reload_changes_slots) X(crash_between_steps) \
    X(crash_before_board) X(crash_before_gate) X(crash_before_fire) X(crash_after_fire) \
    X(crash_before_journal) X(crash_between_halves) X(crash_in_restart) X(clean_restart) X(journal_cut) \
    X(journal_flipped) X(restored_latched) X(restored_unfinished) X(restored_in_doubt) \
    X(restored_policy_latched) X(restored_policy_fire) X(restored_policy_armed) \
    X(restored_budget_in_flight) X(restored_held) X(trip_on_held_family) X(rearmed_while_held) \
    X(lock_unconfirmed) X(exchange_stood) X(closed_all) X(not_taken) \
    X(closed_all_bound_checked) X(bound_checked) X(healed) X(values_recalled) X(tripped_by_start) \
    X(awaited_in_vain) X(series_restarted)
// clang-format on

enum class Seen : std::uint16_t {
#define X(name) name,
    SCRAM_SIM_SITUATIONS(X)
#undef X
};
inline constexpr std::string_view seen_names[] = {
#define X(name) #name,
    SCRAM_SIM_SITUATIONS(X)
#undef X
};
inline constexpr std::size_t seen_count = std::size(seen_names);

struct Coverage {
    std::array<std::uint64_t, seen_count> counts{};

    void note(Seen what) { ++counts[static_cast<std::size_t>(what)]; }
    void add(const Coverage& other) {
        for (std::size_t i = 0; i < seen_count; ++i) counts[i] += other.counts[i];
    }
};

}  // namespace scram::sim
