// What one account's cancels have come to, and which is next: scram-now's only policy. Pure, as the
// engine is; the budget and the classes of answers are the engine's own.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/engine/budget.h"
#include "core/okx/answer.h"

namespace scram {

class NowRound {
  public:
    // `families` are numbered in the order of fire.
    NowRound(const BudgetSpec& budget, const Timings& timings, std::size_t families, Time now);

    struct Shot {
        std::size_t family;
        Budget::Slot slot;
    };
    // The next to be sent, if one may be sent now. Its slot is taken.
    std::optional<Shot> take(Time now);
    // When take() may next give one, as known now; `never`: not before an answer.
    Time next_take(Time now) const;

    void answered(const Shot& shot, const Answer& answer, Time now);
    void lost(const Shot& shot, Time now);  // its connection was reset, without an answer

    bool over() const;  // every family is confirmed

    struct Family {
        enum class State : std::uint8_t { due, in_flight, confirmed };
        State state = State::due;
        Time due_at{};
        Time told_at{};  // when the last answer or loss was known
        std::uint32_t requests = 0;
        std::uint32_t failures = 0;
        bool resynced = false;         // its signature was renewed at once already
        std::optional<Answer> answer;  // the last; nothing if that request was lost
    };
    const Family& family(std::size_t i) const { return families_[i]; }

  private:
    static Budget::Purpose purpose(const Family& family);
    Duration pause_after(Family& family, const Answer& answer) const;
    Duration growing_pause(std::uint32_t failures) const;
    void settle(Family& family, const Answer& answer, Time now);

    Budget budget_;
    Duration window_;
    Timings timings_;
    std::vector<Family> families_;
};

}  // namespace scram
