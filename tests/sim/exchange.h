// The exchange, as far as mass-cancels and authenticated reads go: its own clock, its rate limits
// in both kinds of window, its lock, the orders that rest there, what it says of accounts. It keeps
// the books by which the simulation judges what arrives: never more than the budget in any window,
// never a stale signature.
#pragma once

#include <array>
#include <vector>

#include "core/model/call.h"
#include "core/model/plan.h"
#include "core/okx/account_answers.h"
#include "tests/sim/coverage.h"
#include "tests/sim/order_book.h"
#include "tests/sim/replies.h"
#include "tests/sim/scenario.h"

namespace scram::sim {

// What an authenticated read was answered. Without facts: not what was asked for.
struct Shown {
    Answer answer;
    bool has_facts = false;
    OrderBook::Page page;
    Time at{};           // when it was carried out ...
    Time as_of{};        // ... and when the page was true
    bool hides = false;  // MMP orders rested, and none is on the page
    AccountFacts account;
    MmpFacts mmp;
    BatchFacts batch;
    TimerFacts timer;
    bool hides_others = false;  // other orders rested, and none is on the page
    bool is_stale() const { return as_of < at; }
};

// What scramd sent, and what became of it.
struct Request {
    bool mass_cancel = false;
    AccountId account{};
    FamilyId family = none<FamilyId>();
    LinkId link{};
    AttemptId attempt{};
    std::uint32_t connection = 0;
    std::uint32_t demand = 0;  // of the family, see ledger.h
    milliseconds lock{};
    WallMillis signed_at{};
    Time clock_sampled{};  // when the last rehearsal that told the time had been sent
    Time sent{};
    Time arrives_at = never;
    Time answer_at = never;
    bool hedge = false;
    bool arrived = false;
    bool buffered = false;  // in a socket of an exchange that stands still
    bool at_edge = false;   // a proxy has answered it, and passes it on all the same
    bool executed = false;
    Time executed_at{};
    const Reply* reply = nullptr;
    bool time_told = false;  // of a rehearsal
    WallMillis time{};
    bool is_call = false;  // an authenticated call that is no mass-cancel
    Call call;
    std::vector<std::uint64_t> ids;  // cancel_orders
    int life = 0;                    // of scramd, that sent it
    Time told_at = never;            // when its answer was read
    Shown shown;
    // To verify a trip.
    bool reads_orders() const { return shows_orders() && !call.look; }
    bool shows_orders() const {
        return is_call &&
               (call.what == PrivateRequest::mmp_orders || call.what == PrivateRequest::all_orders);
    }
};

class Exchange {
  public:
    Exchange(const Scenario& scenario, std::uint64_t seed, Coverage& seen);

    // Counts, judges, does what is asked, and sets the reply. `mend`: all is well from now on.
    void arrive(Request& request, Time now, bool mend);
    // What a proxy before it says, which leaves open what becomes of the request.
    const Reply& reply_of_edge();

    // True: it rests now. False: the family is locked.
    bool quote(FamilyId family, Time now);
    // Somebody trades by hand.
    void place_others(FamilyId family, std::size_t count, Time now);
    const OrderBook& orders(FamilyId family) const { return orders_[index(family)]; }
    // Since when no edge of the account shows old pages.
    Time fresh_since(AccountId account) const { return edges_[index(account)].until; }
    bool locked(FamilyId family, Time now) const { return locks_[index(family)] > now; }
    // As the attempt that it carried out last asked for.
    milliseconds lock_length(FamilyId family) const { return lengths_[index(family)]; }

    // An account's cancel-all-after.
    struct Timer {
        Time until = never;       // when it fires
        Time last_until = never;  // as scramd set it last
        int timeout_s = 0;        // likewise ...
        Time set{};               // ... and when
        int life = 0;             // ... and which one
        Time fired{};
        Time called{};      // on the exchange's own clock, by anyone
        Time foreign_at{};  // set by somebody else
        WallMillis foreign_trigger{};
    };
    const Timer& timer(AccountId account) const { return timers_[index(account)]; }
    void set_timer_as_foreigner(AccountId account, Time now);
    void fire_timer(AccountId account, Time now);
    bool any_rests_from_before(AccountId account, Time at, Time now) const;

    // What happens to it.
    void step_clock(Time now);
    void spend_as_foreigner(AccountId account, Time now);
    void begin_stale(AccountId account, LinkId edge, Time until, Time now);
    void change_account(AccountId account);
    void change_mmp(FamilyId family);
    void all_is_well(Time now);
    void begin_maintenance(Time until) { closed_until_ = until; }
    // The most slots that any budget of late had: a reload may have taken some away since.
    void budget_is(AccountId account, std::size_t slots, Time now);

    WallMillis wall(Time now) const;
    Time stepped_at() const { return stepped_at_; }
    // Somebody else's requests are in the window, or were of late.
    bool foreign_of_late(AccountId account, Time now) const;

  private:
    struct Window {
        std::vector<Time> ours;  // arrivals, on the exchange's own clock
        std::vector<Time> foreign;
        std::vector<std::pair<Time, std::size_t>> slots;  // since when, by our clock
    };

    // What it says of an account, and how it answers its reads.
    struct Account {
        bool refuses_key = false;
        bool reads_fail = false;
        bool keeps_orders = false;  // refuses to cancel any by its id
        AccountFacts facts{.may_trade = true, .mode = portfolio_margin, .bound_to_ip = true};
    };
    // Calls of one kind: their arrivals, on the exchange's own clock, and whose they were.
    struct Arrival {
        Time at;
        int life = 0;
    };
    struct Cancelled {
        Time at;
        std::size_t orders = 0;
    };
    // The one link of an account whose pages are as they were at `since`.
    struct StaleEdge {
        LinkId link = none<LinkId>();
        Time since{};
        Time until{};
    };

    Time own(Time now) const;  // the exchange's steady clock
    void count(const Request& request, Time now);
    std::size_t slots_at(const Window& window, Time now) const;
    bool over_limit(const Window& window, Time own_now) const;
    std::size_t in_sliding(const std::vector<Time>& arrivals, Time own_now) const;
    std::size_t in_fixed(const std::vector<Time>& arrivals, Time own_now) const;
    static std::int64_t fixed_number(Time own_time, Duration length);
    bool judge_signature(const Request& request, Time now) const;
    const Reply& choose(AnswerClass meant);
    const Reply& reply_to(Request& request, Time now, bool mend);
    const Reply& wrong_reply(Request& request, Time now);
    void execute(Request& request, Time now, bool mend);
    void tell_time(Request& request, Time now, bool mend);
    void read(Request& request, Time now, bool mend);
    void count_call(const Request& request, Time now);
    void count_orders(const Request& request, Time now);
    bool answers_wrongly(Request& request, Time now, bool mend);
    void show_orders(Request& request, bool mmp_alone, Time now, bool mend);
    void cancel_orders(Request& request, Time now, bool mend);
    void note_batch(const BatchFacts& facts, bool is_false);
    bool is_timer_throttled(Timer& timer, Time now) const;
    void set_timer(Request& request, Time now, bool mend);

    const Scenario& scenario_;
    Coverage& seen_;
    Dice dice_;
    std::vector<Window> windows_;    // by account
    std::vector<OrderBook> orders_;  // by family
    std::uint64_t last_order_ = 0;
    std::vector<Time> locks_;            // by family
    std::vector<milliseconds> lengths_;  // by family
    Duration phase_{};
    std::int64_t wall_offset_ms_ = 0;
    Time stepped_at_{};
    Time closed_until_{};
    std::vector<Account> accounts_;
    std::vector<MmpFacts> mmp_;                               // by family
    std::vector<std::array<std::vector<Arrival>, 6>> calls_;  // by account and limit
    std::vector<std::vector<Cancelled>> cancelled_;           // by family: by their ids
    std::vector<Timer> timers_;                               // by account
    std::vector<StaleEdge> edges_;                            // by account
};

}  // namespace scram::sim
