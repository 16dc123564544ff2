// The world around one engine: a fake clock, a network, an exchange, makers, operators and
// mishaps, all from one seed. It drives the engine as daemon/loop/driver.cpp does, and judges every
// step.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/okx/exchange_clock.h"
#include "tests/sim/books.h"
#include "tests/sim/dead_men.h"
#include "tests/sim/exchange.h"
#include "tests/sim/host.h"
#include "tests/sim/oracle.h"
#include "tests/sim/scenario.h"
#include "tests/sim/trace.h"

namespace scram::sim {

// What a replay leaves out, to find the shortest way to a failure.
struct Cut {
    // Of makers, operators and mishaps, by number.
    struct Doings {
        std::uint32_t first = 0;
        std::uint32_t end = 0;
    };
    Faults faults{Faults::all_bits};
    std::vector<Doings> doings;
};

struct Outcome {
    bool failed = false;
    int invariant = 0;
    std::string seen;
    Time at{};
    std::uint64_t trips = 0;
    std::uint64_t inputs = 0;
    std::uint64_t hash = 0;
    std::uint32_t doings = 0;
    std::vector<std::string> trace;
};

class World {
  public:
    World(std::uint64_t seed, const Cut& cut, bool keep_trace, Coverage& seen);
    Outcome run();

  private:
    enum class What : std::uint8_t {
        link_up,     // link, connection
        link_lost,   // link, connection: by the network; the engine is told a little later
        link_told,   // link, connection
        arrival,     // request
        answer,      // request
        maker,       // source
        quote,       // family
        not_called,  // request: it could not be signed
        operate,
        look,
        mishap,
        pull,
        close_all,  // account
        readiness,
        timer_mishap,
        timer,     // account
        stopping,  // life
        swept,     // account, life
        refresh,
        boot,
    };
    struct Happening {
        Time at;
        std::uint64_t order;
        What what;
        std::uint32_t a = 0;
        std::uint32_t b = 0;
        bool operator<(const Happening& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };
    struct Wire {
        bool up = false;         // bytes pass
        bool told_up = false;    // and the engine knows
        bool half_open = false;  // nothing passes, and nobody says so
        bool aborted = false;    // by the engine
        bool closed = false;     // by the exchange: it takes nothing more
        std::uint32_t connection = 0;
        std::uint32_t request = none_in_flight;
        Time up_since{};
        Time rehearsed{};
        Time proven{};  // by an authenticated call, whatever it asked
    };
    // A mass-cancel that took a slot of the budget, and did not give it back as one that the
    // exchange provably never took.
    struct Fired {
        Time at{};
        AttemptId attempt{};
        Time lost_at{};  // with its connection, maybe taken
    };
    struct Maker {
        bool attached = false;
        std::uint64_t sequence = 0;
        Time silent_until{};
    };
    // What a restart must know of a family.
    struct Survivor {
        bool latched = false;
        bool owed = false;
        bool latched_on_disk = false;
        bool owed_on_disk = false;
        bool nothing = false;   // neither, for certain
        bool accepted = false;  // an answer may have said so
    };
    static constexpr std::uint32_t none_in_flight = 0xffffffff;

    // time (world.cpp)
    void go_on();
    bool may_go_on() const;
    void happen(const Happening& happening);
    void plan(Time at, What what, std::uint32_t a = 0, std::uint32_t b = 0);
    void serve_deadline();
    void heal();
    bool settled() const;
    Duration bound_of_healing(AccountId account) const;
    void check_healing() const;
    bool strikes(Fault fault, std::size_t one_in, Dice& dice);
    bool left_out();

    // steps (world_step.cpp)
    enum class Input : std::uint8_t { signal, source, link, answer, hand, time, reload, start };
    template <class Call>
    void step(Input input, Call&& call) {
        if (input == Input::time) {
            oracle_->time(now_);
            oracle_->give_up_awaited(now_);
        }
        step_.clear();
        call();
        take_in(input);
    }
    void take_in(Input input);
    void signal_in_halves(SourceId source, const scram_signal& signal);
    void tell_oracle();
    void read_step(Input input);
    Books::Context context(Input input) const;
    void act();
    void write_down();
    void perform(const Action& action);
    void fire(const Action& action);
    bool in_flight(FamilyId family) const;
    void abort(LinkId link);
    void check_telling() const;
    void check_links() const;
    void check_work_goes_on() const;
    void check_work_goes_on(FamilyId family) const;
    bool has_idle_link(AccountId account) const;
    void check_bound(const Event& accepted);
    void note_events(Input input);
    void check_deadlines() const;
    void trace_plan();
    void trace_step(Input input);

    // the wires (world_links.cpp)
    void connect(LinkId link);
    void link_up(LinkId link);
    void lose(LinkId link);
    void tell_lost(LinkId link);
    void send(Request request);
    void drop_under_way(LinkId link);
    void close_all(AccountId account);
    Taken taken(LinkId link);
    void count_lost(LinkId link, Taken how);
    void arrive(std::uint32_t request);
    void answer_at_edge(std::uint32_t request);
    void answer(std::uint32_t request);
    void answer_rehearsal(Request& request, bool stays);
    Duration way();
    Wire& wire(LinkId link) { return wires_[index(link)]; }

    // authenticated calls (world_reads.cpp)
    void call(const Call& call);
    void not_called(std::uint32_t request);
    void answer_call(std::uint32_t request, bool stays);
    void check_calls() const;
    void check_rehearsals() const;
    void check_reads_go_on();
    void check_reads_go_on(FamilyId family) const;
    bool may_read_on(AccountId account, LinkId but) const;
    bool has_reads_left(AccountId account) const;
    std::size_t spent_of_late(AccountId account, bool (*of)(const Request&)) const;
    void check_links_are_proven();
    bool cancel_is_due(AccountId account) const;
    void check_reads(Input input);
    void check_truth(const Request& read) const;
    bool is_overdue(const FamilyBook& book) const;
    bool is_to_be_verified(const FamilyBook& book) const;
    void note_reads();

    // looks at orders (world_looks.cpp)
    void look();
    void check_look_begins(const Call& call) const;
    void check_looks() const;
    void check_told(const Event& event) const;

    // other orders, cancelled by their ids (world_rest.cpp)
    void take_ids(Request& request) const;
    void rest_call_ends(const Call& call);
    void check_rest_goes_on();
    void check_rest_goes_on(FamilyId family) const;
    bool is_rest_to_be_cancelled(FamilyId family) const;
    void note_rest();
    void note_call_lost(const Wire& its, Seen how);
    void read_ends(const Call& call);
    // For its answer. A call is in no hurry.
    Duration patience(const Request& request) const {
        const Duration usual = plan_.timings.answer_timeout;
        return request.is_call ? std::max<Duration>(usual, 1s) : usual;
    }
    bool calls_on(const Wire& its) const {
        return its.request != none_in_flight && requests_[its.request].is_call;
    }

    // the dead man's switch (world_dead_man.cpp)
    bool any_dead_man() const;
    void happen_to_timer(const Happening& happening);
    void tell_readiness();
    void timer_mishap();
    void switch_dead_man(AccountId account);
    void note_reloaded_timers(const Plan& before);
    void await_timer(AccountId account);
    void timer_ends(AccountId account);
    bool is_timer_to_be_off(AccountId account) const;
    void judge_timer_call(const Call& call) const;
    void timer_told(const Request& request);
    void check_dead_men();
    bool is_timer_wrong(AccountId account) const;
    Time timer_late_at(AccountId account) const;
    void check_timer_runs(AccountId account) const;
    Time timer_wanted(AccountId account) const;
    void check_timer_goes_on(AccountId account) const;
    bool is_stopping() const;
    void begin_stop();
    void go_on_stopping();
    void check_timer_left(AccountId account);
    void await_sweeps();
    void check_swept(AccountId account);

    // the people (world_people.cpp)
    void maker_does(SourceId source);
    void attach(SourceId source);
    void leave(SourceId source);
    void beat(SourceId source);
    void publish(SourceId source, FamilyId family, MetricId metric, double value);
    void burst(SourceId source);
    void write_garbage(SourceId source);
    void find_ring_full(SourceId source);
    void place_quote(SourceId source);
    scram_signal record(SourceId source, FamilyId family, MetricId metric, double value);
    void hand_in(SourceId source, const scram_signal& signal);
    double random_value(MetricId metric);
    FamilyId family_of(SourceId source);
    void operate();
    void pull();
    void arm();
    void reload();
    void make_stale(AccountId account);
    void mishap();

    // the host (world_host.cpp)
    void boot();
    void crash(bool of_machine);
    void restart_in_peace();
    void end_life(Duration pause);
    void note_crash();
    void work_out_what_must_survive(bool of_machine);
    void check_restored(const Folded& folded, const Restored& before);

    std::uint64_t seed_;
    const Cut& cut_;
    Coverage& seen_;
    Trace trace_;
    Scenario scenario_;
    Plan plan_;  // as in force
    Dice people_, network_, mishaps_, timers_, lookers_;
    Exchange exchange_;
    Books books_;
    std::unique_ptr<Oracle> oracle_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<ExchangeClock> clock_;
    Host host_;
    Step step_;
    // Of a step in two halves: what the first half did and told.
    std::vector<Action> done_;
    std::size_t told_ = 0;
    bool deciding_ = false;
    std::priority_queue<Happening> queue_;
    std::uint64_t order_ = 0;
    std::uint32_t doings_ = 0;
    std::uint64_t inputs_ = 0;
    Time now_ = world_start;
    Time healed_at_ = never;
    Time late_until_{};
    Time stands_until_{};                      // the exchange
    std::vector<std::vector<Time>> closings_;  // by account: of all its links
    Time reloaded_at_{};
    Time clock_sampled_{};  // when the last rehearsal that told the time was sent
    std::vector<Wire> wires_;
    std::vector<Duration> healing_;  // by account: how long it may take
    std::vector<Request> requests_;
    std::vector<Maker> makers_;
    std::vector<WallMillis> signed_;         // by family
    std::vector<std::vector<Fired>> fires_;  // by account
    std::vector<Time> held_until_;           // by account: its clock is in doubt
    std::optional<std::size_t> crash_at_;    // this step: before which of its stores and actions
    bool crash_of_machine_ = false;
    bool booting_ = false;
    bool ended_in_peace_ = false;
    bool ended_with_machine_ = false;
    bool ever_damaged_ = false;
    int lives_ = 0;
    AttemptId last_sent_{};
    std::size_t counted_from_ = 0;
    std::vector<Survivor> survivors_;    // by family
    std::vector<std::byte> left_state_;  // by the life before
    std::vector<FamilyBook> durable_;    // by family, as of the last sync
    std::optional<Books> books_before_;
    std::optional<Rearm> rearm_;
    std::optional<std::vector<FamilyId>> pulled_;
    std::vector<Time> read_again_;       // by family: its last read failed, the next is due
    std::vector<Time> looked_;           // by family: when its look was asked for
    std::vector<Time> rest_again_;       // by family: the next call for its other orders is due
    std::vector<Time> held_up_;          // by account: when its checks were last kept from going on
    std::vector<DeadManBook> dead_men_;  // by account
    Time stop_until_{};
    Time ended_at_{};                    // the last life ...
    Time booted_at_{};                   // ... and when the present one began
    std::optional<std::uint32_t> read_;  // the request that this step answers, if it is a call
};

}  // namespace scram::sim
