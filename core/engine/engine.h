// The engine decides: whether a signal is a breach, which families are cancelled in which order, on
// which link, within which budget, what an answer means, and what is tried again when. It is a
// state machine without I/O: each on_...() takes one input with its time and appends to `step` what
// is to be done. It owns no clock, no socket, no thread, and allocates nothing after its
// construction (but for adopt()).
//
// `now` never steps back from call to call. Whatever an input changes, next_deadline() then says
// when on_time() wants to be called.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/family_set.h"
#include "core/engine/budget.h"
#include "core/engine/kill_switch.h"
#include "core/engine/round_trip.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/okx/taken.h"
#include "core/rules/memory.h"
#include "core/rules/metric_table.h"
#include "core/rules/rules.h"
#include "core/signal.h"

namespace scram {

enum class LinkPhase : std::uint8_t { down, idle, rehearsing, firing };
std::string_view name(LinkPhase phase);

enum class SourcePhase : std::uint8_t {
    absent,  // has not been there
    attached,
    left,      // said goodbye
    vanished,  // did not
    awaited,   // was attached when scramd ended, and has not come back yet
};
std::string_view name(SourcePhase phase);

struct OperatorNote {
    std::string_view by;      // who: "uid 1000 (desk)"
    std::string_view reason;  // why, in their words
};

// What is known of the time before this start (core/journal/journal.h folds it).
struct Restored {
    struct Family {
        FamilyId family{};
        TripId trip{};            // none: latched by this start, as one trip of its own
        bool unfinished = false;  // its cancel goes on
        bool confirmed = false;   // an answer of the exchange said so; neither: it is held
        std::string_view why;     // "after an unclean end"
    };
    std::vector<Family> latched;
    TripId last_trip{};
    AttemptId last_attempt{};
    std::vector<Budget::Image> budgets;  // by account; empty: nothing is known to be spent
};

// The plan of a reload, with all that the engine makes of one: to be made beside the loop, since
// that takes long. Once the engine has adopted it, it holds what was replaced, to be freed there.
struct PlanUpdate {
    // From then on the engine keeps what it knows in `state`, as at its construction.
    explicit PlanUpdate(Plan next, std::span<std::byte> state = {})
        : plan(std::move(next)),
          memory(std::make_unique<StateMemory>(plan, state)),
          rules(plan, *memory),
          breaches(rules.breaches_max()) {}
    Plan plan;
    std::unique_ptr<StateMemory> memory;
    RuleSet rules;
    Breaches breaches;
};

class Engine {
  public:
    // What a restart must know is kept in `memory` (core/rules/memory.h): zeroed, aligned to 64, as
    // large as StateMemory::size_for() says, and there as long as the engine is; empty: in memory
    // of its own.
    explicit Engine(Plan plan, std::span<std::byte> memory = {});

    // What an earlier process left in its memory: before on_restored(). Allocates.
    Recalled recall(std::span<const std::byte> left, const BootNumber& boot, WallMillis wall,
                    Time now);
    StateMemory& state() { return *memory_; }

    // Before any other input.
    void on_restored(const Restored& restored, Time now, Step& step);

    // The way of a kill. `signal` is hostile until inspected here.
    void on_signal(SourceId from, const scram_signal& signal, Time now, Step& step) {
        if (decide(from, signal, now, step)) conclude(now, step);
    }
    // The same in two halves, for who sends in between: decide() appends the cancels that a breach
    // sets off. If it says true, conclude() must follow before any other input; it appends what can
    // wait for them.
    bool decide(SourceId from, const scram_signal& signal, Time now, Step& step);
    void conclude(Time now, Step& step) { finish(now, step); }
    // Values that belong together (SCRAM_VALUE_MORE) are stored as they come, and judged once the
    // last of them has: by the signal that closes the batch. This closes one that stays open.
    void on_batch_ended(Time now, Step& step);
    // More of the source's signals found its ring full. No sign of life: those that came before
    // are.
    void on_signals_lost(SourceId source, Time now, Step& step);

    void on_source_joined(SourceId source, Time now, Step& step);
    void on_source_left(SourceId source, Time now, Step& step);
    void on_source_vanished(SourceId source, Time now, Step& step);

    void on_link_up(LinkId link, Time now, Step& step);
    // Also for a link that abort_link ended. What was in flight on it is lost.
    void on_link_down(LinkId link, Time now, Step& step, Taken taken = Taken::unknown);
    // The answer to the attempt in flight on `link`; `link_stays` is false if the connection ends
    // with it. Precondition: phase(link) == firing.
    void on_answer(LinkId link, const Answer& answer, Time now, Step& step, bool link_stays = true);
    // The answer to a rehearsal; `good` if it told the exchange's time. Precondition: rehearsing.
    void on_rehearsed(LinkId link, bool good, const Answer& answer, Time now, Step& step,
                      bool link_stays = true);

    void on_trip(std::span<const FamilyId> families, const OperatorNote& note, Time now,
                 Step& step);
    // Arms each of `families` that one of `trips`, those that the operator has looked at, was the
    // last to want latched, and that no rule holds (or even so, if forced). Unfinished cancels go
    // on. A gate opens when the exchange's lock is off.
    void on_rearm(std::span<const FamilyId> families, std::span<const TripId> trips,
                  const OperatorNote& note, bool force, Time now, Step& step);
    // Before it: reads what due_sources() have published, or a loop that was stopped takes them for
    // silent.
    void on_time(Time now, Step& step);
    void due_sources(Time now, std::vector<SourceId>& out) const {
        if (rules_.next_deadline() <= now) rules_.due_sources(metrics_, now, out);
    }

    // A reload: rules, limits, budgets and timings of `plan`, whose ids otherwise equal ours. Every
    // switch and every value stays, from here on in the update's memory. Allocates.
    void adopt(PlanUpdate& update, Time now, Step& step);
    void adopt(Plan plan, Time now, Step& step);

    Time next_deadline() const { return next_deadline_; }

    // Sight, for status and tests.
    const Plan& plan() const { return plan_; }
    const Switch& family(FamilyId id) const { return *switches_[index(id)]; }
    LinkPhase phase(LinkId id) const { return links_[index(id)].phase; }
    AccountId account_of(LinkId id) const { return links_[index(id)].account; }
    std::size_t link_count() const { return links_.size(); }
    SourcePhase phase(SourceId id) const { return sources_[index(id)].phase; }
    const Budget& budget(AccountId id) const { return accounts_[index(id)].budget; }
    const MetricTable& metrics() const { return metrics_; }
    RuleId rule_that_holds(FamilyId id) const { return rules_.holds(id); }
    const RuleSet& rules() const { return rules_; }
    bool alarm(AccountId id, Alarm alarm) const {
        return accounts_[index(id)].alarms[static_cast<std::size_t>(alarm)];
    }
    // What a trip of `family` would send at once, and on which link; no link: nothing. It reads
    // what a kill reads, for who keeps that near.
    struct Next {
        LinkId link = none<LinkId>();
        milliseconds lock{};
        double touched = 0;  // means nothing
    };
    Next next_cancel(FamilyId id, Time now) const;
    // Reads what a kill reads beside that, of each table one row a turn.
    void touch(std::size_t turn) const;
    // When an attempt of this account that stays without an answer is hedged.
    Duration hedge_after(AccountId id) const;
    // In a row: lost with their link, or answered without the time.
    std::uint32_t rehearsals_failed(AccountId id) const {
        return accounts_[index(id)].rehearsals_failed;
    }
    // Breaches that changed nothing and were not told, since their rule had been told just before.
    std::uint64_t suppressed_breaches() const { return suppressed_; }

  private:
    struct Account {
        Budget budget;
        RoundTrip round_trip;
        std::vector<FamilyId> families;  // in the order of fire
        FamilySet unfinished;            // all whose cancel is due or in flight, and maybe others
        std::vector<LinkId> links;
        std::array<bool, alarm_count> alarms{};
        // The exchange refused a signature's time: no other leaves before its time is known again,
        // or so long has passed.
        Time hold_until{};
        bool has_strays = false;              // of some family, maybe
        std::uint32_t rehearsals_failed = 0;  // in a row, on all its links
    };
    struct LinkState {
        AccountId account{};
        LinkPhase phase = LinkPhase::down;
        FamilyId family = none<FamilyId>();  // firing: whose, in which round, with which lock
        std::uint32_t round = 0;
        milliseconds lock{};
        bool certain = false;  // sent when no shorter lock of its family could still begin
        AttemptId attempt{};
        Budget::Slot slot{};
        Time sent{};
        Time deadline = never;              // busy: when the answer is overdue
        Time rehearse_at{};                 // idle: when the next rehearsal is due
        Time down_since{};                  // the connection that comes up next began after this
        bool aborted = false;               // abort_link was said; its link_down is awaited
        std::uint32_t rehearsals_lost = 0;  // in a row: the connection ended with each
        bool loses_rehearsals() const { return rehearsals_lost > 1; }
    };
    struct SourceState {
        SourcePhase phase = SourcePhase::absent;
        std::uint64_t next_sequence = 1;
        std::vector<bool> may_publish;  // by family
        Time awaited_until = never;
        Time restarts_since{};  // series that it restarted: told within a second, and not told
        std::size_t restarts_told = 0;
        std::uint32_t restarts_untold = 0;
    };
    // What was told of a rule.
    struct Told {
        std::uint64_t trip_turn = 0;    // the last turn of trip_breaches() with a trip of it
        std::uint64_t shadow_turn = 0;  // ... with a trip that it would have made
        TripId trip{};
        Time tripped_at{};
    };

    BadReason inspect(SourceId from, const scram_signal& signal) const;
    void look_back(SourceId from, const scram_signal& signal, bool is_value, Time now);
    BadReason follow_sequence(SourceId from, const scram_signal& signal);
    Sample store(SourceId from, const scram_signal& signal, Time now);
    void gather(SourceId from, const scram_signal& signal, Time now);
    void tell_restart(Time now, Step& step);
    bool goes_on(SourceId from, const scram_signal& signal) const;
    void end_batch(Time published, Time now, Step& step);
    void judge_batch();
    void report_bad(SourceId from, const scram_signal& signal, BadReason bad);

    // trips
    void trip_breaches(Time published, Time now, Step& step);
    void trip_breach(const Breach& breach, Time published, Time now, Step& step);
    void tell_beside(const Breach& breach, Time published, Time now, Step& step);
    bool changes_nothing(const Breach& breach, Time now) const;
    void trip_family(FamilyId family, TripId trip, milliseconds lock, Time now, Step& step);
    static EventKind event_kind(BreachKind kind);
    static Event& tell_breach(const Breach& breach, Time published, Time now, Step& step);

    // cancels
    void dispatch_all(Time now, Step& step);
    void dispatch(Account& account, Time now, Step& step);
    static Time wanted_at(const Switch& family);
    FamilyId next_due(const Account& account, Time now) const;
    static Budget::Purpose purpose(const Switch& family);
    LinkId idle_link(const Account& account) const;
    void fire(FamilyId family, LinkId link, Budget::Slot slot, Time now, Step& step);
    bool is_late(const LinkState& link) const;
    void count_in_budget(Account& account, const LinkState& link, const Answer& answer, Time now,
                         Step& step);
    void remember_lock(const LinkState& link, const Answer& answer, Time until);
    Time certain_at(FamilyId family, milliseconds lock, Time now) const;
    bool settles(const LinkState& link) const;
    void ask_for_lock(FamilyId family, Time now, Step& step);
    void remember_stray(FamilyId family, milliseconds lock, Time dead, Time now);
    void see_alive(AccountId account, Time since, Time now);
    void look_at_lock(FamilyId family, Time now);
    void settle(const LinkState& of, const Answer& answer, LinkId link, Time now, Step& step);
    void confirm(FamilyId family, Time now, Step& step);
    void queue(FamilyId family);
    Duration growing_pause(std::uint32_t failures) const;
    enum class Lost : std::uint8_t { overdue, closed, not_taken };
    void lose_attempt(LinkState& link, LinkId id, Lost how, Time now, Step& step);
    bool follow_at_once(LinkState& link, LinkId id, Lost how, Time now);

    milliseconds longest_lock(milliseconds of_family) const;
    void restore(const Restored::Family& before, TripId trip, Time now, Step& step);

    // after a start
    void go_on(Time now, Step& step);
    void give_up_awaited(Time now, Step& step);

    // re-arming
    // What speaks against arming a family.
    struct Obstacle {
        RuleId held_by = none<RuleId>();
        Unknown unknown;
    };
    void rearm(FamilyId family, Refusal refusal, const Obstacle& obstacle, const OperatorNote& note,
               Time now, Step& step);
    Refusal refusal(FamilyId family, const Obstacle& obstacle, std::span<const TripId> trips,
                    bool force, std::uint64_t looked_at) const;
    void release_all(Time now, Step& step);
    void go_on_releasing(FamilyId family, Time now, Step& step);
    void unlocked(FamilyId family, Time now, Step& step);
    void arm(FamilyId family, Time now, Step& step);
    bool in_flight(FamilyId family) const;

    // alarms
    void raise(AccountId account, Alarm alarm, Time now, Step& step);
    void clear(AccountId account, Alarm alarm, Time now, Step& step);
    void clear_shared_budgets(Time now, Step& step);

    // links
    void rehearse_due(Time now, Step& step);
    bool may_rehearse(const Account& account, Time now) const;
    Time rehearse_at(const LinkState& link) const;
    bool is_last_up(const LinkState& link) const;
    void lose_rehearsal(LinkState& link);
    void ask_for_time(LinkId link, Time now, Step& step);
    void rehearse(LinkId id, Time now, Step& step);
    void abort_overdue(Time now, Step& step);
    void release(LinkState& link, LinkPhase to);

    void finish(Time now, Step& step);
    void update_deadline(Time now);

    Plan plan_;
    std::unique_ptr<StateMemory> memory_;
    MetricTable metrics_;
    RuleSet rules_;
    Breaches breaches_;
    FixedList<Sample> batch_{SCRAM_BATCH_MAX};  // stored, and not judged yet
    Sample restarted_;                          // the series that this input restarts, if any
    std::vector<Told> told_;                    // by rule
    std::uint64_t turn_ = 0;                    // of trip_breaches()
    TripId turn_trip_{};  // that its breaches share; none: they have made none yet
    std::uint64_t suppressed_ = 0;
    std::vector<KillSwitch> switches_;
    std::size_t releasing_ = 0;     // switches whose release is not none
    Time go_on_arming_at_ = never;  // some of them are left for a later turn
    std::uint64_t looked_at_ = 0;   // conditions, for arming
    std::vector<Account> accounts_;
    std::vector<LinkState> links_;
    std::vector<SourceState> sources_;
    Time awaited_until_ = never;  // of any source, not after
    std::uint64_t trips_ = 0;
    std::uint64_t attempts_ = 0;
    Time next_rehearsal_{};  // of any link, not before
    Time next_deadline_ = never;
};

}  // namespace scram
