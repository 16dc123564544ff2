// The exchange, as far as a mass-cancel goes: its own clock, its rate limit in both kinds of
// window, its lock, the quotes that rest there. It keeps the books by which the simulation judges
// what arrives: never more than the budget in any window, never a stale signature.
#pragma once

#include <vector>

#include "core/model/plan.h"
#include "tests/sim/coverage.h"
#include "tests/sim/replies.h"
#include "tests/sim/scenario.h"

namespace scram::sim {

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
    // A quote that arrived before `at` and still rests; none if there is none.
    bool rests_from_before(FamilyId family, Time at) const;
    bool locked(FamilyId family, Time now) const { return locks_[index(family)] > now; }
    // As the attempt that it carried out last asked for.
    milliseconds lock_length(FamilyId family) const { return lengths_[index(family)]; }

    // What happens to it.
    void step_clock(Time now);
    void spend_as_foreigner(AccountId account, Time now);
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

    Time own(Time now) const;  // the exchange's steady clock
    void count(const Request& request, Time now);
    std::size_t slots_at(const Window& window, Time now) const;
    bool over_limit(const Window& window, Time own_now) const;
    std::size_t in_sliding(const std::vector<Time>& arrivals, Time own_now) const;
    std::size_t in_fixed(const std::vector<Time>& arrivals, Time own_now) const;
    std::int64_t fixed_number(Time own_time) const;
    bool judge_signature(const Request& request, Time now) const;
    const Reply& choose(AnswerClass meant);
    const Reply& reply_to(Request& request, Time now, bool mend);
    const Reply& wrong_reply(Request& request, Time now);
    void execute(Request& request, Time now);
    void tell_time(Request& request, Time now, bool mend);

    const Scenario& scenario_;
    Coverage& seen_;
    Dice dice_;
    std::vector<Window> windows_;            // by account
    std::vector<std::vector<Time>> quotes_;  // by family: when each arrived
    std::vector<Time> locks_;                // by family
    std::vector<milliseconds> lengths_;      // by family
    Duration phase_{};
    std::int64_t wall_offset_ms_ = 0;
    Time stepped_at_{};
    Time closed_until_{};
};

}  // namespace scram::sim
