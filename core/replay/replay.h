// Runs a recording through the very engine that scramd runs, in virtual time: what would have
// tripped, when, by which rule. It is fed what was recorded, and with the deadlines that the engine
// asks for in between; its links are up, and what it fires is accepted when it was in truth, or at
// once where it was not fired in truth. Nothing is sent.
//
// The engine's time stands for the loop's: what is due is served before the next record, but behind
// signals that were published before it was due, as the loop reads those first.
//
// An operator's trip is repeated as it was. A family is armed again when its gate opened in truth,
// by force, since what an operator saw then may not be what this config makes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/recording/recording.h"
#include "core/replay/trip_list.h"

namespace scram {

// A plan, of whose rules those from `listed` on are counted, and not listed.
struct ReplayPlan {
    Plan plan;
    std::size_t listed = ~std::size_t{0};
};

// One file of a run, and what it is replayed by. All of it outlives the replay.
struct Stretch {
    const RecordingHead* head = nullptr;
    const ReplayPlan* by = nullptr;
    std::vector<std::span<const Recorded>> blocks;
};

// What had no place in the plan, or could not be known.
struct ReplayLosses {
    std::uint64_t signals_unplaced = 0;  // of families, metrics or sources that the plan has not
    std::uint64_t records_missing = 0;   // found no room when they were recorded
    std::uint64_t records_unknown = 0;   // of a kind that this program does not know
    bool cold = false;                   // begins without what the engine knew
};

class Replay {
  public:
    // Behind each signal that counts: the engine as it is now, for who draws it.
    using Watcher = std::function<void(const Engine&, FamilyId, MetricId, Time, WallMillis)>;

    explicit Replay(Watcher watcher = {}) : watcher_(std::move(watcher)) {}

    // One run: files in their order, the first of which need not be its first. Trips and losses add
    // up over runs.
    void play(std::span<const Stretch> run);

    const TripList& recorded() const { return recorded_; }
    const TripList& found() const { return found_; }
    // Of each rule's name: how often it tripped, or would have.
    struct Count {
        std::string rule;
        std::uint64_t trips = 0;
    };
    const std::vector<Count>& counts() const { return counts_; }
    std::uint64_t signals() const { return signals_; }
    const ReplayLosses& losses() const { return losses_; }
    WallMillis begin() const { return begin_; }
    WallMillis end() const { return end_; }

  private:
    // Where the run stands: record `record` of block `block` of stretch `stretch`.
    struct Place {
        std::size_t stretch = 0, block = 0, record = 0;
    };
    struct InFlight {
        FamilyId family;
        LinkId link;
    };
    const Recorded* at(Place& place) const;
    void begin(const Stretch& stretch);
    void go_on_in(const Stretch& stretch);
    void map_names(const RecordingHead& head, const ReplayPlan& by);
    void restore(Time now);

    void take(const Recorded& record);
    void take_signal(const Recorded& record);
    void take_source(const Recorded& record, SourceId source);
    void take_restored(const Recorded& record);
    void take_family(const Recorded& record, FamilyId family);
    void take_trip(const Recorded& record);
    void take_gap(const Recorded& record);
    bool is_placed(const Recorded& record, scram_signal& signal) const;
    void arm(FamilyId family);
    void end_operator_trip();

    void advance(Time to);
    bool must_wait(Time due, Time back);
    void settle();
    void note_step();
    void answer_due();
    void answer(const InFlight& sent);
    WallMillis wall(Time at) const;
    SourceId source_of(SourceId recorded) const;
    FamilyId family_of(std::uint16_t recorded) const;
    ListedTrip listed(const Event& event) const;
    void count(RuleId rule);

    Watcher watcher_;
    std::span<const Stretch> run_;
    Place place_;
    std::uint64_t passed_ = 0;      // records of the run
    std::uint64_t wait_until_ = 0;  // time waits for so many to have passed
    const RecordingHead* head_ = nullptr;
    const ReplayPlan* by_ = nullptr;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Step> step_;
    Time now_{};
    std::vector<std::uint16_t> families_, sources_, metrics_;  // the file's ids to the plan's
    std::vector<std::uint64_t> behind_;  // by source: its numbers less the engine's
    std::vector<bool> resync_;           // by source: signals of it were not recorded
    std::vector<bool> under_way_;        // by family: its cancel was, in truth
    std::vector<InFlight> in_flight_;
    std::vector<Action> todo_;
    std::vector<SourceId> due_;
    bool begun_ = false;     // what was so at the beginning is known
    bool skipping_ = false;  // it is known from the file before
    Restored restored_;
    std::vector<FamilyId> pulled_;  // by an operator's trip that is being read
    std::uint64_t pulling_ = 0;     // its number; 0: none
    TripList recorded_, found_;
    std::vector<Count> counts_;
    std::vector<std::size_t> count_of_;  // by the plan's rule: its place in counts_
    std::uint64_t signals_ = 0;
    ReplayLosses losses_;
    WallMillis begin_{}, end_{};
};

}  // namespace scram
