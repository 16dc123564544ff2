// OKX's cancel-all-after as a dead man's switch: a timer at the exchange, which cancels what the
// account has there once it is fed no more, because scramd, its host or its network is no more.
// It is fed only while a breach of the account would fire: a scramd that lives and cannot kill is
// as good as a dead one. Feeding never delays a cancel (core/engine/calls.h).
//
// How it ends: it is left alone and fires; it is switched off; or, at a planned stop, it is given
// its longest time once, so that the next scramd takes it over, or is switched off.
// https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-cancel-all-after
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/engine/accounts.h"
#include "core/engine/calls.h"
#include "core/engine/links.h"
#include "core/engine/trips.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/okx/account_answers.h"

namespace scram {

// A planned stop that leaves the timer: so long has the next scramd to be ready.
inline constexpr int dead_man_left_s = cancel_after_max_s;

// An account's timer, as far as is known here.
struct DeadManTimer {
    bool ready = false;         // a breach of the account would fire
    bool switched_off = false;  // by an operator
    bool expired = false;       // it ran out since it was fed last: OKX has cancelled
    int timeout_s = 0;          // of the one that runs; 0: none does
    Time fed{};                 // when its last feed was sent; Time{}: none was taken
    Time until{};               // when it fires, at the latest, unless it is fed
    WallMillis trigger{};       // the same, as OKX has told it
    Answer answer{};            // to the last call; no HTTP status: there was none
};

class DeadMen {
  public:
    DeadMen(const Plan& plan, Accounts& accounts, Links& links, ExchangeCalls& calls);

    void set_ready(AccountId id, bool ready, Time now);
    // An operator's wish, for an account that has one: off until on, or until the next start.
    void switch_to(AccountId id, bool on, const OperatorNote& note, Time now, Step& step);
    // A planned stop begins: nothing is fed any more.
    void stop();
    // The plan has others. Not one with a tag or for an account that had none: the signer signs
    // what it was started with.
    void change();

    void begin_due(Time now, Step& step);
    void told(LinkId id, const Told<TimerFacts>& told, Time now, Step& step);
    // Of the link's call there is no answer.
    void no_answer(LinkId id, Time now, Step& step);
    // What has run out; raises and ends the alarm.
    void look_at_age(Time now, Step& step);
    Time next_deadline(Time now) const;

    const DeadManTimer& timer(AccountId id) const { return accounts_known_[index(id)].timer; }
    // After stop(): no answer is waited for any more.
    bool has_ended() const;

  private:
    enum class Wish : std::uint8_t {
        none,
        feed,    // once in a period, while ready
        leave,   // once, with the longest time
        disarm,  // until OKX says that it is off
    };
    struct Known {
        DeadManTimer timer;
        Wish wish = Wish::none;
        bool asked = false;      // a call of its is in flight: one at a time
        Time next_feed{};        // by its period
        Time not_before{};       // after a call that failed
        Time since{};            // fed last, or without a timer ready: then a feed is to come
        Time other_until{};      // somebody else was seen to feed it: the alarm stays so long
        std::string_view cause;  // of leave and disarm
    };
    const std::optional<DeadMan>& spec(AccountId id) const {
        return plan_.accounts[index(id)].dead_man;
    }
    // What is to be set next, and when; `never`: nothing.
    int next_timeout(AccountId id) const;
    Time next_call(AccountId id, Time now) const;
    // When it is fed too late.
    Time late_at(AccountId id) const;
    void failed(AccountId id, const Answer& answer, Time now, Step& step);
    void started(AccountId id, const Call& call, Time sent, const TimerFacts& facts, Time now,
                 Step& step);
    void ended(AccountId id, Time now, Step& step);
    void tell(AccountId id, std::string_view cause, Time now, Step& step) const;

    const Plan& plan_;
    Accounts& accounts_;
    Links& links_;
    ExchangeCalls& calls_;
    std::vector<Known> accounts_known_;
};

}  // namespace scram
