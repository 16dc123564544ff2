// Receipts: what each trip did. One receipt a trip: its cause, what became of each family that it
// wanted cancelled, every attempt, and the verdict. They follow the engine's events, and remember
// the last trips in memory that is allocated once.
//
// A family counts for the trip that it was cancelled for last. A trip that wants a family whose
// cancel is under way already is served by that cancel, and is accepted with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/names.h"
#include "core/engine/engine.h"
#include "core/latency/stages.h"

namespace scram {

inline constexpr std::size_t receipts_max = 64;               // the latest trips
inline constexpr std::size_t attempts_per_receipt_max = 256;  // the first; more are counted
inline constexpr std::size_t reads_per_receipt_max = 64;      // the first; more are counted
inline constexpr std::size_t also_per_receipt_max = 15;       // the first; more are counted

struct AttemptNote {
    AttemptId id{};
    FamilyId family = none<FamilyId>();
    LinkId link = none<LinkId>();
    milliseconds lock{};
    bool hedge = false;    // sent while another for the same was in flight
    bool rearmed = false;  // sent after an operator had armed its family again
    bool lost = false;     // no answer in time, or its link was lost
    bool late = false;     // its family had been settled when its answer came, or was given up
    Time sent{};
    Time wire{};      // the kernel's TX stamp, if there is one; may be older than `sent`
    Time settled{};   // answered or lost; Time{} while in flight
    Answer answer{};  // if settled and not lost
};

// One look at the orders of a family at the exchange.
struct ReadNote {
    FamilyId family = none<FamilyId>();
    LinkId link = none<LinkId>();
    Time sent{};
    Time settled{};
    bool failed = false;       // it told nothing: `answer` says why
    std::uint32_t orders = 0;  // MMP orders that rested
    Answer answer{};
};

struct FamilyNote {
    enum class How : std::uint8_t {
        latched,    // by this trip
        cancelled,  // again: it was latched before
        served,     // by the cancel that was under way for trip `by`
        restored,   // latched since before this start
        held,       // latched by a start, and not cancelled
    };
    FamilyId family{};
    How how = How::cancelled;
    TripId by{};            // served: the trip that it is being cancelled for
    TripId continued_by{};  // not accepted before that later trip began its cancel again
    Time accepted{};
    Time verified{};          // the exchange's book bears it out
    std::uint32_t found = 0;  // reads that showed orders, which were cancelled again
    bool rest_known = false;
    std::uint32_t rest = 0;            // orders that a mass-cancel leaves, as counted at the end
    std::uint32_t rest_cancelled = 0;  // those of them that OKX took to be cancelled
    Time rearmed{};        // an operator armed it; its gate opens then, or with the next two
    Time lock_released{};  // the exchange said that it takes orders again
    Time lock_expired{};   // or the lock ran out
    std::uint32_t attempts = 0;
    AttemptNote last{};  // also where the receipt has no room for it
};
inline constexpr std::array<std::string_view, 5> how_names = {"latched", "cancelled again",
                                                              "served", "restored", "held"};
static_assert(names_all<FamilyNote::How>(how_names));
inline std::string_view name(FamilyNote::How how) {
    return name_in(how_names, how);
}

enum class Verdict : std::uint8_t {
    open,      // none of its families is accepted
    held,      // none, and none was to be cancelled
    partial,   // the exchange has accepted some of them
    accepted,  // each
    verified,  // and its book bears each out
};
inline constexpr std::array<std::string_view, 5> verdict_names = {"OPEN", "HELD", "PARTIAL",
                                                                  "ACCEPTED", "VERIFIED"};
static_assert(names_all<Verdict>(verdict_names));
inline std::string_view name(Verdict verdict) {
    return name_in(verdict_names, verdict);
}

struct Receipt {
    Receipt(std::size_t family_count, std::size_t attempts_max)
        : also(also_per_receipt_max),
          families(family_count),
          attempts(attempts_max),
          reads(reads_per_receipt_max) {}

    TripId trip{};
    Event cause;             // its first `tripped`, or for a trip of before this start a `restored`
    FixedList<Breach> also;  // other rules that the same input breached
    std::uint64_t also_left_out = 0;
    std::shared_ptr<const Plan> plan;  // names the ids in it
    WallMillis wall{};                 // at `cause.at`
    Time decided{};                    // the engine had said fire, for its first attempt
    FixedText<32> rearmed_by;          // the last operator who armed one of its families again
    FixedText<160> rearm_reason;
    FixedText<32> rearm_wanted_by;  // of two persons, the first
    FixedList<FamilyNote> families;
    FixedList<AttemptNote> attempts;
    std::uint64_t attempts_left_out = 0;
    FixedList<ReadNote> reads;
    std::uint64_t reads_left_out = 0;
    bool changed = false;  // since it was last taken
};
Verdict verdict(const Receipt& receipt);
inline bool is_accepted(Verdict verdict) {
    return verdict == Verdict::accepted || verdict == Verdict::verified;
}
// The trip whose cancels serve all of its families; none: it has cancels of its own.
TripId served_by(const Receipt& receipt);
// It began before this start, which has not seen its cause.
inline bool is_restored(const Receipt& receipt) {
    return receipt.cause.kind == EventKind::restored;
}

class Receipts {
  public:
    // `plan` has the names of `engine`'s ids. A receipt keeps the plan that it was begun under.
    Receipts(const Engine& engine, std::shared_ptr<const Plan> plan);
    void adopt(std::shared_ptr<const Plan> plan) { plan_ = std::move(plan); }

    // Each event of a step, in order, after the engine has taken it. `stages` are of the request
    // that it tells about, or else sent last on its link; `wall` is now.
    void on_event(const Event& event, const Stages& stages, WallMillis wall);

    // nullptr: it is none of the last.
    const Receipt* find(TripId trip) const;
    std::size_t size() const { return order_.size(); }
    // 0 is the latest.
    const Receipt& newest(std::size_t i) const { return kept_[order_[size() - 1 - i]]; }

    // The oldest that has changed, which then counts as unchanged; nullptr: none has.
    const Receipt* take_changed();
    bool any_changed() const { return changed_ > 0; }
    // Receipts that gave way to newer ones before they were taken.
    std::uint64_t untaken() const { return untaken_; }

  private:
    struct InFlight {
        AttemptId attempt{};
        TripId trip{};
    };

    Receipt& begin(const Event& cause, WallMillis wall);
    void on_tripped(const Event& event, WallMillis wall);
    void on_restored(const Event& event, WallMillis wall);
    void on_latched(const Event& event);
    void on_fired(const Event& event, const Stages& stages);
    void on_settled(const Event& event, const Stages& stages);
    void on_accepted(const Event& event);
    void on_read(const Event& event, const Stages& stages);
    void on_rearmed(const Event& event);
    void on_wanted(const Event& event);
    void add_wanted(Receipt& receipt);
    void add_breach(Receipt& receipt, const Event& event);
    void add_killed(Receipt& receipt, const Event& cause);
    void add(Receipt& receipt, FamilyId family);
    void hand_on(TripId trip);
    std::size_t take_place();
    Receipt* receipt_of(TripId trip);
    static FamilyNote* note_of(Receipt& receipt, FamilyId family);
    template <class Change>
    void change_notes(const Event& event, Change change);
    void mark(Receipt& receipt);
    void unmark(Receipt& receipt);

    const Engine& engine_;
    std::shared_ptr<const Plan> plan_;
    std::vector<Receipt> kept_;
    std::vector<std::size_t> order_;   // of their beginning, the oldest first: into kept_
    std::vector<bool> listed_;         // by family, while a receipt's families are listed
    std::vector<InFlight> in_flight_;  // by link
    std::size_t changed_ = 0;
    std::uint64_t untaken_ = 0;
};

}  // namespace scram
