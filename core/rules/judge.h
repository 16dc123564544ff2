// From the value of a condition to its edges: it begins to hold, has held for long enough and in
// enough samples, and ends; it passes a warning step, and is back. In one order of stores, so that
// a process may end between any two (core/rules/memory.h).
#pragma once

#include <optional>
#include <span>

#include "core/rules/conditions.h"
#include "core/rules/deadlines.h"
#include "core/rules/findings.h"

namespace scram {

inline constexpr double warn_hysteresis = 0.05;  // of the limit; half a step, if that is less

class Judge {
  public:
    Judge(const Plan& plan, std::span<const RuleSpec> rules, StateMemory& memory)
        : conditions_(plan, rules, memory), deadlines_(conditions_.timed_watches().size() + 1) {}

    Conditions& conditions() { return conditions_; }
    const Conditions& conditions() const { return conditions_; }

    // By a first value of a source a sum moves, but does not rise or fall.
    void arrive(const Condition& condition, double value);
    // Peaks and windows take the sample in.
    void follow(const Condition& condition, double value, const Sample& sample);
    // ... begin with the value.
    void begin(const Condition& condition, double value, Time now);
    void judge(const Condition& condition, double value, Time now, bool is_sample, Breaches& out);
    // What time alone has made of it.
    void review(const Condition& condition, double value, Time now, Breaches& out);
    // After a start: its last value may have been stored, and nothing been made of it. `is_undone`:
    // it was noticed, and the process ended before its families were latched.
    void resume(const Condition& condition, double value, Time stored_at, bool is_undone, Time now,
                Breaches& out);

    // When time alone can change a condition, or sums have waited for long enough.
    Time next_deadline() const { return deadlines_.next(); }
    void sums_wait_until(Time at) { deadlines_.set(conditions_.timed_watches().size(), at); }
    Time deadline(const Condition& condition) const {
        return deadlines_.at(condition.watch.first_deadline + condition.at);
    }
    // The first in order of rules that is due; none: the sums that wait are. Precondition:
    // next_deadline() <= now.
    std::optional<Condition> first_due(Time now) const;
    // A reload that has changed nothing of it.
    void carry_deadline(const Condition& condition, Time at) {
        deadlines_.set(condition.watch.first_deadline + condition.at, at);
    }

  private:
    using Phase = ConditionState::Phase;
    void settle_phase(const Condition& condition, const Reading& reading, Time now, bool is_sample,
                      Breaches& out);
    void warn(const Condition& condition, const Reading& reading, Breaches& out);
    void set_deadline(const Condition& condition);

    Conditions conditions_;
    Deadlines deadlines_;
};

}  // namespace scram
