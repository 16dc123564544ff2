// The engine decides: whether a signal is a breach, which families are cancelled in which order, on
// which link, within which budget, what an answer means, and what is tried again when. It is a
// state machine without I/O: each on_...() takes one input with its time and appends to `step` what
// is to be done. It owns no clock, no socket, no thread, and allocates nothing after its
// construction (but for adopt()).
//
// `now` never steps back from call to call. Whatever an input changes, next_deadline() then says
// when on_time() wants to be called.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/engine/account_checks.h"
#include "core/engine/accounts.h"
#include "core/engine/calls.h"
#include "core/engine/cancels.h"
#include "core/engine/dead_man.h"
#include "core/engine/kill_switch.h"
#include "core/engine/links.h"
#include "core/engine/looks.h"
#include "core/engine/rearming.h"
#include "core/engine/rehearsals.h"
#include "core/engine/signals.h"
#include "core/engine/sources.h"
#include "core/engine/trips.h"
#include "core/engine/verification.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/okx/taken.h"
#include "core/rules/memory.h"
#include "core/rules/metric_table.h"
#include "core/rules/rules.h"
#include "core/signal.h"

namespace scram {

// What is known of the time before this start (core/journal/journal.h folds it).
struct Restored {
    struct Family {
        FamilyId family{};
        TripId trip{};            // none: latched by this start, as one trip of its own
        bool unfinished = false;  // its cancel goes on
        bool accepted = false;    // an answer of the exchange said so; neither: it is held
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
    // Its parts know each other.
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // What an earlier process left in its memory: before on_restored(). Allocates.
    Recalled recall(std::span<const std::byte> left, const BootNumber& boot, WallMillis wall,
                    Time now);
    StateMemory& state() { return *memory_; }
    const StateMemory& state() const { return *memory_; }

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

    // The answer to the call in flight on `link` (Step::calls). Precondition: calling.
    void on_told(LinkId link, const Told<AccountFacts>& told, Time now, Step& step,
                 bool link_stays = true);
    void on_told(LinkId link, const Told<MmpFacts>& told, Time now, Step& step,
                 bool link_stays = true);
    void on_told(LinkId link, const Told<OrdersPage>& told, Time now, Step& step,
                 bool link_stays = true);
    void on_told(LinkId link, const Told<BatchFacts>& told, Time now, Step& step,
                 bool link_stays = true);
    void on_told(LinkId link, const Told<TimerFacts>& told, Time now, Step& step,
                 bool link_stays = true);
    // That call could not be sent: for want of a signature.
    void on_not_called(LinkId link, Time now, Step& step);

    void on_trip(std::span<const FamilyId> families, const OperatorNote& note, Time now,
                 Step& step);
    // Arms each of `families` that one of `trips`, those that the operator has looked at, was the
    // last to want latched, and that no rule holds (or even so, if forced). Unfinished cancels go
    // on. A gate opens when the exchange's lock is off. Where an account wants two persons, the
    // first one's wish waits for the second (core/engine/second_person.h).
    void on_rearm(std::span<const FamilyId> families, std::span<const TripId> trips,
                  const OperatorNote& note, bool force, Time now, Step& step);
    // Asks the exchange how many MMP orders of these rest: look() says what came of it.
    void on_look(std::span<const FamilyId> families, Time now, Step& step);
    // Whether a breach of the account would fire, as the daemon sees it: while it would, the
    // account's dead man's switch is fed.
    void on_readiness(AccountId id, bool ready, Time now, Step& step);
    // An operator switches it off or on, where the plan has one.
    void on_dead_man(AccountId id, bool on, const OperatorNote& note, Time now, Step& step);
    // A planned stop begins, and may go on once has_ended() says so: the exchange is told.
    void on_stop(Time now, Step& step);
    bool has_ended() const { return dead_men_.has_ended(); }

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
    // A cancel is due and waits for an answer or a connection, which would make a link idle.
    bool wants_link() const { return cancels_.wants_link(); }

    // Sight, for status and tests.
    const Plan& plan() const { return plan_; }
    const Switch& family(FamilyId id) const { return *switches_[index(id)]; }
    LinkPhase phase(LinkId id) const { return links_[id].phase(); }
    const Call& call(LinkId id) const { return links_[id].call(); }
    AccountId account_of(LinkId id) const { return links_[id].account(); }
    std::size_t link_count() const { return links_.size(); }
    SourcePhase phase(SourceId id) const { return sources_.phase(id); }
    std::uint64_t next_sequence(SourceId id) const { return signals_.next_sequence(id); }
    const Budget& budget(AccountId id) const { return accounts_.budget(id); }
    const MetricTable& metrics() const { return metrics_; }
    RuleId rule_that_holds(FamilyId id) const { return rules_.holds(id); }
    const RuleSet& rules() const { return rules_; }
    bool alarm(AccountId id, Alarm alarm) const { return accounts_.is_raised(id, alarm); }
    const AccountTruth& truth(AccountId id) const { return checks_.truth(id); }
    Mmp mmp(FamilyId id) const { return checks_.mmp(id); }
    std::span<const OrderRef> to_cancel(FamilyId id) const { return verification_.to_cancel(id); }
    const DeadManTimer& dead_man(AccountId id) const { return dead_men_.timer(id); }
    const FamilyReads& reads(FamilyId id) const { return verification_.reads(id); }
    const OrdersLook& look(FamilyId id) const { return looks_.of(id); }
    // What somebody has asked to arm, and a second person has not yet.
    const RearmWish& rearm_wish(FamilyId id) const { return rearming_.wish(id); }
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
    Duration hedge_after(AccountId id) const { return cancels_.hedge_after(id); }
    // In a row: lost with their link, or answered without the time.
    std::uint32_t rehearsals_failed(AccountId id) const { return rehearsals_.failed(id); }
    // Breaches that changed nothing and were not told, since their rule had been told just before.
    std::uint64_t suppressed_breaches() const { return trips_.suppressed(); }

  private:
    void restore(const Restored::Family& before, TripId trip, Time now, Step& step);
    milliseconds longest_lock(milliseconds of_family) const;
    bool end_batch(Time published, Time now, Step& step);
    void abort_overdue(Time now, Step& step);
    template <class Facts, class Part>
    void take_told(Part& part, LinkId id, const Told<Facts>& told, Time now, Step& step,
                   bool link_stays);
    void call_lost(LinkId id, Time now, Step& step);
    void call_failed(LinkId id, Time now, Step& step);
    void finish(Time now, Step& step);

    Plan plan_;
    std::unique_ptr<StateMemory> memory_;
    MetricTable metrics_;
    RuleSet rules_;
    Breaches breaches_;                 // that an input has made, and trips_ has not taken yet
    std::vector<KillSwitch> switches_;  // by family
    Accounts accounts_;
    Links links_;
    Cancels cancels_;
    ExchangeCalls calls_;
    AccountChecks checks_;
    Verification verification_;
    DeadMen dead_men_;
    Looks looks_;
    Trips trips_;
    Rearming rearming_;
    Rehearsals rehearsals_;
    Sources sources_;
    Signals signals_;
    Time next_deadline_ = never;
};

}  // namespace scram
