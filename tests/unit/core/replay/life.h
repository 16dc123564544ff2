// A life of an engine, driven as the daemon drives it, and the recording of it.
#pragma once

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "core/replay/replay.h"
#include "tests/unit/core/engine/rig.h"

namespace scram::test {

inline constexpr Time recorded_from = time_from_ns(1'000'000'000'000);
inline constexpr Answer all_taken{AnswerClass::accepted, 200, 0};

// An engine whose links answer after a while, and the recording of its life.
class Life {
  public:
    explicit Life(Plan plan) : by{std::move(plan)} {
        now = recorded_from;
        engine = std::make_unique<Engine>(by.plan);
        step = std::make_unique<Step>(engine->plan());
        head.run = 1;
        head.number = 1;
        head.wall = {1'700'000'000'000};
        head.at = now;
        head.boot[0] = 1;
        (void)engine->recall({}, head.boot, head.wall, now);
        take_names(by.plan, head);
        const auto state = engine->state().bytes();
        head.state.assign(state.begin(), state.end());
        engine->on_restored({}, now, *step);
        note();
        add(RecordedKind::begun);
        for (std::size_t l = 0; l < engine->link_count(); ++l) {
            engine->on_link_up(id_at<LinkId>(l), now, *step);
            note();
            engine->on_rehearsed(id_at<LinkId>(l), true, {}, now, *step);
            note();
        }
    }

    // Time passes; deadlines are served a little late, as by a loop.
    void pass(Duration time) {
        const Time until = now + time;
        while (engine->next_deadline() + 50us < until) {
            now = std::max(now, engine->next_deadline() + 50us);
            engine->on_time(now, *step);
            note();
        }
        now = until;
    }
    void join(SourceId source = maker) {
        sequence[index(source)] = 0;
        engine->on_source_joined(source, now, *step);
        note();
        add(RecordedKind::joined, source, 1);
    }
    void end(RecordedKind how, SourceId source = maker) {
        if (how == RecordedKind::left)
            engine->on_source_left(source, now, *step);
        else
            engine->on_source_vanished(source, now, *step);
        note();
        add(how, source);
    }
    void publish(double value, FamilyId family = A, MetricId metric = delta,
                 SourceId source = maker, std::uint8_t kind = SCRAM_VALUE) {
        scram_signal signal{};
        signal.sequence = ++sequence[index(source)];
        signal.published_ns = ns_of(now - 20us);
        signal.value = value;
        signal.family = static_cast<std::uint16_t>(family);
        signal.metric = static_cast<std::uint16_t>(metric);
        signal.source = static_cast<std::uint16_t>(source);
        signal.version = SCRAM_VERSION;
        signal.kind = kind;
        see(source, signal);
    }
    void see(SourceId source, const scram_signal& signal) {
        const bool more = engine->decide(source, signal, now, *step);
        file.push_back(recorded(source, signal, now));
        if (more) engine->conclude(now, *step);
        note();
    }
    void trip(std::vector<FamilyId> families) {
        engine->on_trip(families, {"uid 0 (root)", "test"}, now, *step);
        note();
    }
    void rearm(FamilyId family) {
        const TripId trip = engine->family(family).wanted_by;
        engine->on_rearm({&family, 1}, {&trip, 1}, {"uid 0 (root)", "test"}, false, now, *step);
        note();
    }
    // All that is in flight is accepted.
    void answer() {
        for (std::size_t l = 0; l < engine->link_count(); ++l) {
            if (engine->phase(id_at<LinkId>(l)) != LinkPhase::firing) continue;
            engine->on_answer(id_at<LinkId>(l), all_taken, now, *step);
            note();
        }
    }
    void add(RecordedKind kind, SourceId from = none<SourceId>(), std::uint64_t number = 0) {
        Recorded record;
        record.at = now;
        record.kind = kind;
        record.from = from;
        record.number = number;
        file.push_back(record);
    }

    Replay replay() { return replay(by); }
    Replay replay(const ReplayPlan& other) {
        Replay out;
        const Stretch stretch{&head, &other, {std::span(std::as_const(file))}};
        out.play({&stretch, 1});
        return out;
    }
    bool is_armed(FamilyId family) const { return !engine->family(family).latched; }

    ReplayPlan by;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<Step> step;
    Time now{};
    std::array<std::uint64_t, 4> sequence{};
    RecordingHead head;
    std::vector<Recorded> file;

  private:
    // As the daemon's recorder does.
    void note() {
        for (const Event& event : step->events) {
            const Recorded record = recorded(event);
            if (record.kind == RecordedKind::begun) continue;
            const bool unfinished =
                record.kind != RecordedKind::fired || is_unfinished(engine->family(event.family));
            if (unfinished) file.push_back(record);
        }
        for (const Action& action : step->actions) {
            if (action.kind != ActionKind::open_gate) continue;
            add(RecordedKind::armed);
            file.back().family = static_cast<std::uint16_t>(action.family);
        }
        step->clear();
    }
};

}  // namespace scram::test
