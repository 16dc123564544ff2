// A promise that was seen broken: which of the invariants of docs/architecture.md (0: one of the
// simulation's own, as a deadline that was missed), and what was seen.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace scram::sim {

inline constexpr std::array<std::string_view, 16> invariants = {
    "the engine keeps its deadlines, and does nothing without recording it",
    "no window of 2 s, sliding or fixed, holds more of our requests than the budget",
    "each family of each trip is accepted, or still being tried",
    "in a healthy world n families are accepted within the bound",
    "no mass-cancel leaves without a recorded cause, nor before its gate is closed",
    "after a crash every tripped family is latched, and unfinished cancels go on",
    "at most one request is in flight per link",
    "a signature is under 30 s old at the exchange",
    "re-arming loses no unfinished cancel, and is refused while a rule holds",
    "nothing that a source writes can crash, stall or mislead the loop",
    "no family is told accepted while the exchange's lock is shorter than the trips in force "
    "want, or while no answer said so",
    "what was known before an end is known after the start, or shown as unknown",
    "a maker whose scramd is dead or frozen reads that it is halted",
    "no family is told verified while an MMP order of it rests that had arrived before the second "
    "of its two reads; one that is not verified is read on for ever, and that is told",
    "no order is cancelled by its id but one that a read of its family has shown while it is "
    "latched, where the plan wants that; until two reads show none, and none is said to be left "
    "before",
    "a dead man's switch is fed while a breach would fire, and only then, is left as its end wants "
    "it, and what is wrong with it is told; once scramd is gone it leaves nothing at rest",
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
