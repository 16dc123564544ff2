// A replay's time, and what stands in for the world: whatever the engine sends is answered here.
#include <algorithm>
#include <utility>

#include "core/replay/replay.h"

namespace scram {
namespace {

// Of a loop that was held up, the signals that had come meanwhile are read within this.
constexpr Duration read_within = 100ms;
constexpr std::size_t looked_ahead_max = 16'384;
constexpr Duration late_reading = 1ms;  // of a loop that is not held up, a signal is younger

constexpr Answer taken{AnswerClass::accepted, 200, 0};

// What a source that cannot know scramd's clock says is no time.
Time published(const Recorded& record) {
    const Time said = time_from_ns(record.published_ns);
    const bool is_said = record.kind == RecordedKind::signal && record.published_ns > 0;
    return is_said ? std::min(said, record.at) : record.at;
}

}  // namespace

// ---- Time ---------------------------------------------------------------------------------------

void Replay::advance(Time to) {
    if (!begun_ || passed_ < wait_until_) return;
    while (engine_->next_deadline() < to) {
        const Time due = engine_->next_deadline();
        if (must_wait(due, to)) return;
        now_ = std::max(now_, due);
        engine_->on_time(now_, *step_);
        settle();
    }
}

// Whether signals that were published by then are still to be read; `back`: when the loop was seen
// next. The first of them is the rule. More are only where the loop was held up, or where the
// silence of another source is due.
bool Replay::must_wait(Time due, Time back) {
    Place place = place_;
    const Recorded* record = at(place);
    if (record == nullptr) return false;
    if (published(*record) <= due) {
        wait_until_ = passed_ + 1;
        return true;
    }
    due_.clear();
    engine_->due_sources(due, due_);
    const bool held_up = record->at - published(*record) > late_reading;
    if (due_.empty() && !held_up) return false;
    const auto may_end = [&](const Recorded& one) {
        if (held_up) return true;
        const SourceId source = source_of(one.from);
        return std::ranges::find(due_, source) != due_.end();
    };
    for (std::size_t i = 0; i < looked_ahead_max && record != nullptr; ++i) {
        if (record->at > back + read_within) break;
        const bool is_signal = record->kind == RecordedKind::signal;
        if (is_signal && published(*record) <= due && may_end(*record))
            wait_until_ = passed_ + i + 1;
        ++place.record;
        record = at(place);
    }
    return passed_ < wait_until_;
}

// ---- What the engine does -----------------------------------------------------------------------

void Replay::settle() {
    note_step();
    while (!todo_.empty()) {
        const Action action = todo_.back();
        todo_.pop_back();
        if (action.kind == ActionKind::rehearse) {
            engine_->on_rehearsed(action.link, true, taken, now_, *step_);
            note_step();
        } else if (engine_->family(action.family).release != Release::none) {
            answer({action.family, action.link});  // its lock is released
        } else {
            in_flight_.push_back({action.family, action.link});
        }
    }
}

void Replay::note_step() {
    for (const Event& event : step_->events) {
        if (event.kind == EventKind::latched && !found_.trips.empty())
            ++found_.trips.back().latched;
        if (event.kind != EventKind::tripped && event.kind != EventKind::would_trip) continue;
        if (event.rule == none<RuleId>() && event.by.view().empty()) continue;  // of a start
        if (event.rule != none<RuleId>()) count(event.rule);
        if (event.rule != none<RuleId>() && index(event.rule) >= by_->listed) continue;
        found_.add(listed(event));
    }
    for (const Action& action : step_->actions) {
        if (action.kind == ActionKind::fire || action.kind == ActionKind::rehearse)
            todo_.push_back(action);
    }
    step_->clear();
}

void Replay::count(RuleId rule) {
    if (index(rule) < count_of_.size()) ++counts_[count_of_[index(rule)]].trips;
}

// What was not fired in truth is accepted as soon as it is known that it was not: by the next
// input, since what was fired in truth is told before that.
void Replay::answer_due() {
    for (std::size_t i = 0; i < in_flight_.size();) {
        if (under_way_[index(in_flight_[i].family)]) {
            ++i;
            continue;
        }
        const InFlight sent = in_flight_[i];
        in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(i));
        answer(sent);
        settle();
        i = 0;
    }
}

void Replay::answer(const InFlight& sent) {
    engine_->on_answer(sent.link, taken, now_, *step_);
    note_step();
}

ListedTrip Replay::listed(const Event& event) const {
    const auto name = [](const auto& specs, auto id) {
        return index(id) < specs.size() ? specs[index(id)].name : std::string();
    };
    ListedTrip trip;
    trip.at = event.at;
    trip.wall = wall(event.at);
    trip.rule = name(by_->plan.rules, event.rule);
    if (!trip.rule.empty()) trip.family = name(by_->plan.families, event.family);
    trip.source = name(by_->plan.sources, event.source);
    trip.bad = event.bad;
    trip.shadow = event.kind == EventKind::would_trip;
    trip.value = event.value;
    trip.limit = event.limit;
    return trip;
}

WallMillis Replay::wall(Time at) const {
    return {head_->wall.value + (at - head_->at) / 1ms};
}

}  // namespace scram
