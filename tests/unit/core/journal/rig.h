// A machine for tests of the journal: disk, shared memory and boot outlive the processes on it.
// Each process is an engine with its board, as the daemon wires them, and a logger that runs when
// told.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/journal/journal.h"
#include "tests/unit/core/engine/rig.h"

namespace scram::test {

using Bytes = std::vector<std::byte>;

inline BootId boot_of(std::uint8_t number) {
    BootId boot{};
    boot[15] = number;
    return boot;
}

// Memory for a board: aligned, as a mapping is.
class BoardMemory {
  public:
    explicit BoardMemory(std::size_t size) : records_((size + 255) / 256) {}
    std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(records_)); }

  private:
    struct alignas(256) Block {
        std::array<std::byte, 256> bytes{};
    };
    std::vector<Block> records_;
};

struct Machine {
    Plan plan;
    std::size_t ring = 64;
    BootId boot = boot_of(1);
    std::vector<Bytes> files;
    std::optional<BoardMemory> board;
    Time now = time_from_ns(1'000'000'000'000);

    Folded fold() {
        std::vector<std::span<const std::byte>> spans(files.begin(), files.end());
        return scram::fold(spans, board ? board->bytes() : std::span<std::byte>{}, boot);
    }
    // A power failure, or a reboot: shared memory is gone.
    void reboot() {
        board.reset();
        boot[15]++;
    }
};

inline WallMillis wall_at(Time now) {
    return WallMillis{1'700'000'000'000 + ns_of(now) / 1'000'000};
}

// One run of scramd. Its destructor is a crash.
class Process {
  public:
    explicit Process(Machine& machine, AfterCrash after_crash = AfterCrash::latched)
        : machine_(machine),
          folded(machine.fold()),
          before(restored(folded, machine.plan, after_crash)),
          engine(machine.plan),
          step(machine.plan) {
        BoardMemory fresh(Board::size_for(machine.plan, machine.ring));
        board_.emplace(fresh.bytes(), machine.plan, folded, before, machine.boot, wall(),
                       machine.now);
        machine.board = std::move(fresh);
        ledger_.emplace(folded);
        if (folded.file_size == 0) {
            begin_file();
        } else {
            machine.files.back().resize(folded.file_size);
        }
        run([&] { engine.on_restored(before, machine_.now, step); });
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            run([&] { engine.on_link_up(link(l), machine_.now, step); });
            if (engine.phase(link(l)) == LinkPhase::rehearsing)
                run([&] { engine.on_rehearsed(link(l), true, {}, machine_.now, step); });
        }
    }

    void trip(const std::vector<FamilyId>& families) {
        run([&] { engine.on_trip(families, {"uid 1 (ann)", "news"}, machine_.now, step); });
    }
    void rearm(FamilyId family) {
        const TripId trip[] = {engine.family(family).trip};
        run([&] {
            engine.on_rearm({&family, 1}, trip, {"uid 1 (ann)", "calm"}, true, machine_.now, step);
        });
    }
    // Answers every attempt in flight.
    void answer(AnswerClass answer_class = AnswerClass::accepted) {
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            if (engine.phase(link(l)) != LinkPhase::firing) continue;
            run([&] { engine.on_answer(link(l), answer_of(answer_class), machine_.now, step); });
        }
    }
    void wait(Duration span) {
        const Time end = machine_.now + span;
        while (!crashed_ && engine.next_deadline() <= end) {
            machine_.now = std::max(machine_.now, engine.next_deadline());
            run([&] { engine.on_time(machine_.now, step); });
        }
        machine_.now = end;
    }

    // The logger: files hold every record so far.
    void store() {
        for (std::uint64_t s = board_->stored() + 1; s <= board_->last(); ++s) {
            const JournalRecord& record = board_->record(s);
            const auto bytes = std::as_bytes(std::span(&record, 1));
            machine_.files.back().insert(machine_.files.back().end(), bytes.begin(), bytes.end());
            ledger_->add(record);
        }
        board_->stored(board_->last());
    }
    void begin_file() { machine_.files.push_back(ledger_->head(wall())); }
    void stop() {
        board_->stop(wall(), machine_.now);
        store();
    }

    void begin_file_after_store() {
        store();
        begin_file();
    }

    // One input, told as the driver tells it; or cut off where a crash may: its actions are carried
    // out, and nothing follows. A process that has crashed takes no more inputs.
    enum class Crash { none, before_actions };
    template <class Input>
    void run(Input&& input, Crash crash = Crash::none) {
        if (crashed_) return;
        step.clear();
        input();
        board_->before(step, engine);
        note();
        crashed_ = crash != Crash::none || crash_in_next_;
        if (!crashed_) board_->after(step, engine, wall());
    }
    void crash_in_next() { crash_in_next_ = true; }
    bool crashed() const { return crashed_; }

    TripId last_trip() const { return last_trip_; }
    AttemptId last_attempt() const { return last_attempt_; }
    // The last step sent its cancel, or it was due before that step.
    bool was_sent(FamilyId family) const { return sent_[index(family)]; }

    WallMillis wall() const { return wall_at(machine_.now); }
    const Board& board() const { return *board_; }

  private:
    Machine& machine_;

  public:
    Folded folded;
    Restored before;
    Engine engine;
    Step step;

  private:
    void note() {
        for (const Event& event : step.events) {
            if (event.kind == EventKind::tripped) last_trip_ = event.trip;
        }
        for (const Action& action : step.actions) {
            if (action.kind == ActionKind::fire) last_attempt_ = action.attempt;
        }
        for (std::size_t f = 0; f < sent_.size(); ++f) {
            const auto family = id_at<FamilyId>(f);
            const Standing standing = standing_of(engine.family(family));
            const bool fired =
                std::any_of(step.actions.begin(), step.actions.end(), [&](const Action& action) {
                    return action.kind == ActionKind::fire && action.family == family;
                });
            sent_[f] = standing.unfinished && (unfinished_[f] || fired);
            unfinished_[f] = standing.unfinished;
        }
    }

    bool crash_in_next_ = false;
    bool crashed_ = false;
    TripId last_trip_ = before.last_trip;
    AttemptId last_attempt_ = before.last_attempt;
    std::vector<bool> sent_ = std::vector<bool>(machine_.plan.families.size());
    std::vector<bool> unfinished_ = sent_;
    std::optional<Board> board_;
    std::optional<Ledger> ledger_;
};

// "A unfinished, B": what a start latches.
inline std::string text_of(const Restored& restored) {
    std::string text;
    for (const Restored::Family& family : restored.latched) {
        text += (text.empty() ? "" : ", ") + letter(family.family);
        if (family.unfinished) text += " unfinished";
        if (!family.unfinished && !family.accepted) text += " held";
    }
    return text;
}

// What a start would latch now.
inline std::string after(Machine& machine, AfterCrash after_crash = AfterCrash::latched) {
    return text_of(restored(machine.fold(), machine.plan, after_crash));
}

inline Machine machine_of(std::size_t families = 3) {
    Machine machine;
    machine.plan = plan_of({families});
    return machine;
}

}  // namespace scram::test
