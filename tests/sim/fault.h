// The kinds of trouble that the world has in store. A replay can leave some out: the chance is
// drawn all the same, so that what stays happens as before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scram::sim {

enum class Fault : std::uint8_t {
    jitter,         // long and uneven ways
    lost_request,   // bytes that never arrive
    lost_answer,    // an answer that never comes
    link_reset,     // a connection is reset
    half_open,      // silent both ways until aborted
    stalled,        // a connect or TLS handshake that takes seconds
    twice,          // an event of a connection that comes twice
    closing,        // the connection ends with its answer
    late_bytes,     // a request arrives after its connection was aborted
    foreign,        // a foreign client spends the same account's budget
    maintenance,    // the exchange is closed for a while
    wrong_answer,   // codes, garbage, HTML, 5xx
    slow_answer,    // answered, but late
    exchange_step,  // the exchange's clock steps
    standing,       // the exchange's process stands still, and finds later what came meanwhile
    wrong_clock,    // the local wall clock is wrong, and steps
    drift,          // the two hosts' clocks run at different rates
    garbage,        // records that cannot be right
    full_ring,      // signals that find no place in their ring
    death,          // a maker vanishes
    silence,        // a maker says nothing
    operators,      // trips and re-arms by hand
    reload,         // limits change
    crash,          // scramd ends at once
    damage,         // the journal is cut, torn or flipped
    late_loop,      // the loop is late
    close_all,      // the exchange closes all links of an account, about when one of it is tripped
    false_cancel,   // a mass-cancel that is taken, and leaves orders, or cancels them only later
    late_order,     // orders that are long on their way, or placed behind a closed gate
    stale_edge,     // pages of orders as they were a while ago, on one link of an account at a time
    not_signed,     // an authenticated call for which no signature comes
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::not_signed) + 1;

inline constexpr std::array<std::string_view, fault_count> fault_names = {
    "jitter",      "lost_request",  "lost_answer", "link_reset",   "half_open",   "stalled",
    "twice",       "closing",       "late_bytes",  "foreign",      "maintenance", "wrong_answer",
    "slow_answer", "exchange_step", "standing",    "wrong_clock",  "drift",       "garbage",
    "full_ring",   "death",         "silence",     "operators",    "reload",      "crash",
    "damage",      "late_loop",     "close_all",   "false_cancel", "late_order",  "stale_edge",
    "not_signed"};

class Faults {
  public:
    static constexpr std::uint32_t all_bits = (std::uint32_t{1} << fault_count) - 1;

    explicit constexpr Faults(std::uint32_t bits = all_bits) : bits_(bits) {}
    constexpr bool has(Fault fault) const { return (bits_ & bit(fault)) != 0; }
    constexpr Faults without(Fault fault) const { return Faults{bits_ & ~bit(fault)}; }
    constexpr std::uint32_t bits() const { return bits_; }

  private:
    static constexpr std::uint32_t bit(Fault fault) {
        return std::uint32_t{1} << static_cast<unsigned>(fault);
    }
    std::uint32_t bits_;
};

}  // namespace scram::sim
