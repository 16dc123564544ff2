// A promise that was seen broken: which of the ten invariants (0: one of the simulation's own, as
// a deadline that was missed), and what was seen.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace scram::sim {

inline constexpr std::array<std::string_view, 11> invariants = {
    "the engine keeps its deadlines, and does nothing without recording it",
    "no window of 2 s, sliding or fixed, holds more of our requests than the budget",
    "each family of each trip is confirmed, or still being tried",
    "in a healthy world n families are confirmed within the bound",
    "no mass-cancel leaves without a recorded cause, nor before its gate is closed",
    "after a crash every tripped family is latched, and unfinished cancels go on",
    "at most one request is in flight per link",
    "a signature is under 30 s old at the exchange",
    "re-arming loses no unfinished cancel, and is refused while a rule holds",
    "nothing that a source writes can crash, stall or mislead the loop",
    "no family is told confirmed while the exchange's lock is shorter than the trips in force "
    "want, "
    "or while no answer said so",
};

class Violation : public std::runtime_error {
  public:
    Violation(int invariant, const std::string& seen)
        : std::runtime_error(seen), invariant_(invariant) {}
    int invariant() const { return invariant_; }

  private:
    int invariant_;
};

inline void must(bool holds, int invariant, const char* seen) {
    if (!holds) [[unlikely]]
        throw Violation(invariant, seen);
}

}  // namespace scram::sim
