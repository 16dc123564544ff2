// What the simulation knows of each family by itself: whether a cancel is owed and since when,
// whether its gate is closed, whether a person wants it armed. It reads what the engine tells, and
// judges each event by what must be true for it.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "core/engine/engine.h"
#include "tests/sim/coverage.h"
#include "tests/sim/exchange.h"
#include "tests/sim/oracle.h"

namespace scram::sim {

// At least, from the answer to a read to the next one, for both to verify.
inline constexpr Duration read_after = 30ms;  // an acceptance, the first
inline constexpr Duration reads_apart = 200ms;

struct FamilyBook {
    bool gate_closed = false;
    bool latched = false;
    bool releasing = false;   // a person armed it again, and its gate is not open yet
    bool owed = false;        // a cancel, not accepted since
    bool lock_asked = false;  // for this demand, more than once
    bool lock_owed = false;   // its cancel is accepted, its lock is not
    bool armed_while_owed = false;
    bool accepted = false;     // in this latch, by an answer
    bool repeat = false;       // it had been accepted in this latch before
    bool by_force = false;     // armed though a rule held
    std::uint32_t demand = 0;  // counts what was owed
    Time owed_since{};
    TripId trip{};
    TripId wanted_by{};   // the last that wanted it latched
    milliseconds lock{};  // of its next cancel, the longest that any trip of it asks for
    milliseconds lock_of_first{};
    milliseconds lock_sure{};  // that a trip in force is sure to ask for
    milliseconds lock_told{};  // that the exchange keeps since it was told accepted
    Time tripped_at{};
    // What the exchange's book said since its cancel was accepted.
    struct EmptyRead {
        LinkId link{};
        Time sent{};
        Time told{};
        Shown shown;
    };
    bool verified = false;
    Time accepted_at = never;
    std::vector<EmptyRead> empty_reads;
    // Of its other orders, where they are to be cancelled too.
    std::set<std::uint64_t> shown_ids;  // by reads, while it is latched
    std::vector<EmptyRead> none_reads;  // in a row: that showed none of these
    bool rest_known = false;            // the engine says that none is left
    int found = 0;                      // of this trip: reads that showed orders
    bool by_read = false;               // the cancel that is owed, or was last, is owed for one
    bool restored = false;              // accepted before this start
};

// Latched, cancelled or to be, and no word of the book that nothing is left.
bool is_unverified(const FamilyBook& book);

// Verified, and its other orders are to be cancelled until none is shown.
bool is_rest_owed(const FamilyBook& book, const FamilySpec& spec);

// An operator's wish, as the world put it to the engine.
struct Rearm {
    std::vector<FamilyId> families;
    std::vector<TripId> trips;
    bool force = false;
};

class Books {
  public:
    Books(const Plan& plan, Coverage& seen);

    // Reads the events of one step. `requests` finds what an attempt was.
    struct Context {
        const Engine& engine;
        const Oracle& oracle;
        const Plan& plan;
        const std::vector<Request>& requests;
        const Exchange& exchange;
        const Rearm* rearm = nullptr;
        const std::vector<FamilyId>* tripped_by_hand = nullptr;
        const Request* read = nullptr;  // that was answered
        bool starting = false;
        Time now{};
        std::size_t read_before = 0;  // of the step's events
    };
    void read(const Step& step, const Context& context);
    // After the step: what is sure to have been foretold was done, and what is owed is tried.
    void compare(const Step& step, const Context& context);

    void gate(FamilyId family, bool closed);
    FamilyBook& family(FamilyId id) { return families_[index(id)]; }
    const FamilyBook& family(FamilyId id) const { return families_[index(id)]; }
    const std::vector<FamilyBook>& families() const { return families_; }
    std::uint64_t trips() const { return trips_; }
    // A new life begins with what the journal told.
    void restore(const Restored& before, const Plan& plan, Time now);
    // Attempts in flight as the engine was told, by family.
    const std::vector<std::uint32_t>& in_flight() const { return in_flight_; }

  private:
    void read_tripped(const Event& event, const Context& context);
    void judge_number(const Event& event, const Context& context);
    void demand(FamilyId family, TripId trip, milliseconds lock, bool sure, Time now);
    void read_fired(const Event& event, const Context& context);
    void read_answered(const Event& event, const Context& context);
    void read_accepted(const Event& event, const Context& context);
    void read_lock_unconfirmed(const Event& event, const Context& context);
    const Request& judge_done(const Event& event, const Context& context);
    void read_released(const Event& event, const Context& context);
    void read_rearm(const Event& event, const Context& context);
    void read_of_reads(const Event& event, const Context& context);
    void read_orders(const Event& event, const Context& context);
    void demand_by_read(FamilyId id, Time now);
    void read_verified(const Event& event, const Context& context);
    void read_rest(const Event& event, const Context& context);
    void read_mmp(const Event& event, const Context& context);
    void note_others_shown(const Context& context);
    void read_rest_cancelled(const Event& event, const Context& context);
    void judge_none_left(FamilyId id, const Context& context);
    bool counts(const Request* read) const;
    bool is_to_be_told(const Context& context) const;
    static void judge_orders_told(const Step& step, const Context& context);
    static void judge_told(const Step& step, const Context& context);
    static bool breaches_now(FamilyId family, const Context& context);
    void judge_refusals(const Step& step, const Context& context) const;
    const Request& request_of(AttemptId attempt, const Context& context) const;

    Coverage* seen_;
    std::vector<FamilyBook> families_;
    std::vector<std::uint32_t> in_flight_;
    std::vector<AttemptId> answered_;  // by family: the last attempt that was answered well
    TripId last_trip_{};
    Time told_at_{};                  // the last trip
    std::vector<RuleId> told_rules_;  // its rules
    std::size_t causes_ = 0;          // of this step: trips by rules
    AttemptId last_attempt_{};
    std::uint64_t trips_ = 0;
};

}  // namespace scram::sim
