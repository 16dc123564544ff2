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
    X(trip_of_many_rules) X(trip_on_accepted_family) X(trip_after_forced_rearm) X(trip_while_in_flight) X(warned) \
    X(warning_over) X(held_long_enough) X(accepted_by_samples) X(sum_waited) X(bad_not_finite) \
    X(bad_sequence_gap) X(bad_sequence_back) X(bad_unknown_family) X(bad_foreign_family) \
    X(bad_unknown_metric) X(bad_unknown_kind) X(bad_wrong_version) X(bad_wrong_source) \
    X(bad_ring_full) X(ring_full_suppressed) X(decided_first) X(concluded_more) \
    X(answer_accepted) X(answer_nothing_left) X(answer_failed) X(answer_ambiguous) \
    X(answer_throttled) X(answer_clock) X(answer_refused) X(answer_of_edge) X(answer_late) X(answer_after_abort) \
    X(hedge) X(hedge_accepted_first) X(hedged_attempt_accepted_first) X(attempt_lost) \
    X(attempt_lost_late) X(arrival_after_abort) X(not_sent_link_lost) X(link_closed_with_answer) \
    X(link_down_in_flight) X(link_event_twice) X(half_open) X(stalled_connect) X(window_full) \
    X(waited_for_slot) X(waited_for_link) X(throttled_by_foreign) X(alarm_budget_shared) \
    X(alarm_budget_shared_over) X(alarm_refused) X(alarm_refused_over) X(working_slots_lowered) \
    X(resync_at_once) X(expired_at_exchange) X(exchange_stepped) X(signed_before_sync) \
    X(maintenance_refusal) X(lock_set) X(lock_release_sent) X(lock_released) X(lock_expired) \
    X(quote_refused_by_lock) X(quote_after_gate_closed) X(quotes_cancelled) X(rearmed) \
    X(rearm_refused_rule) X(rearm_refused_trip) X(rearm_forced_over_rule) X(rearm_unfinished) \
    X(accepted_after_rearm) X(reload_trips) X(reload_changes_slots) X(crash_between_steps) \
    X(crash_before_board) X(crash_before_gate) X(crash_before_fire) X(crash_after_fire) \
    X(crash_before_journal) X(crash_between_halves) X(crash_in_restart) X(clean_restart) X(journal_cut) \
    X(journal_flipped) X(restored_latched) X(restored_unfinished) X(restored_in_doubt) \
    X(restored_policy_latched) X(restored_policy_fire) X(restored_policy_armed) \
    X(restored_budget_in_flight) X(restored_held) X(trip_on_held_family) X(rearmed_while_held) \
    X(lock_unconfirmed) X(exchange_stood) X(closed_all) X(not_taken) \
    X(closed_all_bound_checked) X(bound_checked) X(healed) X(values_recalled) X(tripped_by_start) \
    X(awaited_in_vain) X(series_restarted) \
    X(orders_found) X(orders_found_by_second_read) X(orders_found_twice) X(stale_order_found) \
    X(orders_found_once_verified) X(verified) X(verified_after_restart) X(verified_by_one_link) \
    X(read_lost) X(read_given_up) X(read_not_signed) X(read_failed) X(read_of_foreign_orders) \
    X(trip_while_reading) X(rearm_while_reading) X(order_late) X(order_behind_gate) \
    X(cancel_left_orders) X(cancel_done_later) X(orders_of_cancelled) X(others_counted) \
    X(reads_at_limit) X(alarm_unverified) X(alarm_unverified_over) X(alarm_key_refused) \
    X(alarm_key_refused_over) X(alarm_no_permission) X(alarm_no_permission_over) \
    X(alarm_wrong_mode) X(alarm_wrong_mode_over) X(alarm_key_unbound) X(alarm_key_unbound_over) \
    X(mmp_told) X(lock_renewed) \
    X(rest_cancelled) X(rest_left) X(rest_refused) X(rest_refused_in_part) X(rest_gone_before) \
    X(rest_batch_full) X(rest_call_lost) X(rest_answer_without_facts) X(rest_order_anew) X(rest_hidden) X(rest_none) \
    X(batches_at_limit) X(trip_while_cancelling_rest) X(rearm_while_cancelling_rest) \
    X(timer_fed) X(timer_fired) X(timer_fired_for_the_dead) X(swept_for_the_dead) \
    X(timer_taken_over) X(timer_unready) X(timer_left) X(timer_left_unready) X(timer_disarmed) \
    X(timer_unsettled) X(timer_switched_off) X(timer_switched_on) X(timer_off) X(timer_removed) \
    X(look_told) X(look_failed) X(look_ended_by_trip) X(look_without_link) X(looks_at_limit) \
    X(trip_while_looking) \
    X(timer_throttled_by_foreign) X(timer_other_time) X(alarm_dead_man) X(alarm_dead_man_over)
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
