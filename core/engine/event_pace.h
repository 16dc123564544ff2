// Paces what may wait to be told: warnings and what shadow rules would have done. One source that
// swings over many limits could otherwise fill a turn of the loop with telling, and every log,
// journal and watcher with it. Of each rule the first few of a second are told at once, and in one
// turn no more than so many of all rules; of what follows only the last waits, with the number of
// those before it that are not told. A pure decision: it is handed every time.
#pragma once

#include <cstdint>
#include <vector>

#include "core/model/events.h"

namespace scram {

inline constexpr Duration pace_window = 1s;
inline constexpr std::uint32_t paced_per_window_max = warn_steps_max;  // a jump over all steps
inline constexpr std::size_t paced_per_turn_max = 16;
inline constexpr Duration pace_pause = 1ms;  // between two turns that tell as many as they may

class EventPace {
  public:
    explicit EventPace(std::size_t rules) : rules_(rules) {}

    // Before the events of a step are told: takes out those that wait, and appends those that have
    // waited long enough.
    void pace(FixedList<Event>& events, Time now);
    // When pace() has something to append.
    Time next() const { return next_; }
    // A reload: rules have other numbers. What waits is not told any more.
    void restart(std::size_t rules);

    // Events that were not told, and will not be.
    std::uint64_t suppressed() const { return suppressed_; }

  private:
    struct Rule {
        Time since{};              // of the window
        std::uint32_t told = 0;    // in it
        std::uint32_t behind = 0;  // came and waits, or gave way to a later one that waits
        Time due = never;          // `last` is told then
        Event last;
    };
    bool may_tell(Rule& rule, Time now, std::size_t told_in_turn) const;
    void hold(Rule& rule, const Event& event, bool is_full_turn, Time now);
    void release(FixedList<Event>& events, Time now, std::size_t told_in_turn);

    std::vector<Rule> rules_;
    Time next_ = never;
    std::uint64_t suppressed_ = 0;
};

}  // namespace scram
