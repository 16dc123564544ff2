#include "daemon/scram_now/round.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace scram {
namespace {

// Whoever failed less goes first, so that a family that OKX keeps refusing holds up no other.
auto rank(const NowRound::Family& family) {
    const std::uint32_t failures = std::min(family.failures, 2u);
    return std::tuple(failures, failures == 0 ? Time{} : family.due_at);
}

}  // namespace

NowRound::NowRound(const BudgetSpec& budget, const Timings& timings, std::size_t families, Time now)
    : budget_(budget), window_(budget.window), timings_(timings), families_(families) {
    for (Family& family : families_) family.due_at = now;
}

Budget::Purpose NowRound::purpose(const Family& family) {
    return family.failures > 1 ? Budget::Purpose::retry : Budget::Purpose::trip;
}

std::optional<NowRound::Shot> NowRound::take(Time now) {
    Family* best = nullptr;
    for (Family& family : families_) {
        if (family.state != Family::State::due || family.due_at > now) continue;
        if (best == nullptr || rank(family) < rank(*best)) best = &family;
    }
    if (best == nullptr) return std::nullopt;
    const auto slot = budget_.take(now, purpose(*best));
    if (!slot) return std::nullopt;
    best->state = Family::State::in_flight;
    ++best->requests;
    return Shot{static_cast<std::size_t>(best - families_.data()), *slot};
}

Time NowRound::next_take(Time now) const {
    Time earliest = never;
    for (const Family& family : families_) {
        if (family.state != Family::State::due) continue;
        const Time at = std::max(family.due_at, budget_.next_take(now, purpose(family)));
        earliest = std::min(earliest, at);
    }
    return earliest;
}

void NowRound::answered(const Shot& shot, const Answer& answer, Time now) {
    Family& family = families_[shot.family];
    if (answer.answer_class == AnswerClass::throttled) {
        budget_.throttled(shot.slot, now);
    } else if (is_final(answer)) {
        budget_.answered(shot.slot, now);
    } else {
        budget_.undecided(shot.slot, now);
    }
    family.answer = answer;
    settle(family, answer, now);
}

// It asks nobody for a sign of life: a slot comes back by time, as after another's answer.
void NowRound::lost(const Shot& shot, Time now) {
    budget_.undecided(shot.slot, now);
    families_[shot.family].answer.reset();
    settle(families_[shot.family], {AnswerClass::ambiguous, 0, no_code}, now);
}

void NowRound::settle(Family& family, const Answer& answer, Time now) {
    family.told_at = now;
    const bool done = answer.answer_class == AnswerClass::confirmed ||
                      answer.answer_class == AnswerClass::nothing_left;
    family.state = done ? Family::State::confirmed : Family::State::due;
    if (done) return;
    family.due_at = now + pause_after(family, answer);
    ++family.failures;
}

Duration NowRound::pause_after(Family& family, const Answer& answer) const {
    const Duration growing = growing_pause(family.failures);
    switch (answer.answer_class) {
        case AnswerClass::throttled:
            return window_;
        case AnswerClass::refused:
            return timings_.retry_refused;
        case AnswerClass::clock:
            return std::exchange(family.resynced, true) ? growing : 0ns;
        case AnswerClass::ambiguous:
            return family.failures == 0 ? 0ns : growing;
        case AnswerClass::failed:
        case AnswerClass::confirmed:
        case AnswerClass::nothing_left:
            break;
    }
    return growing;
}

Duration NowRound::growing_pause(std::uint32_t failures) const {
    Duration pause = timings_.retry_first;
    for (std::uint32_t i = 0; i < failures && pause < timings_.retry_max; ++i) pause *= 2;
    return std::min(pause, timings_.retry_max);
}

bool NowRound::over() const {
    return std::all_of(families_.begin(), families_.end(), [](const Family& family) {
        return family.state == Family::State::confirmed;
    });
}

}  // namespace scram
