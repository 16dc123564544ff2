// The exchange's cancel-all-after: a timer of each account, which anyone who has its key can set,
// and which cancels all that rests there once it has run out.
#include "tests/sim/exchange.h"

namespace scram::sim {
namespace {

// OKX: "one by one", within some seconds.
constexpr Duration sweep_max = 3s;
constexpr Duration limit_window = 1s;

}  // namespace

// One call a second, whoever makes it.
bool Exchange::is_timer_throttled(Timer& timer, Time now) const {
    const Time at = own(now);
    const bool is_over = timer.called != Time{} && timer.called > at - limit_window;
    timer.called = at;
    return is_over;
}

void Exchange::set_timer(Request& request, Time now, bool mend) {
    Timer& timer = timers_[index(request.account)];
    Shown& shown = request.shown;
    if (is_timer_throttled(timer, now)) {
        shown.has_facts = false;
        shown.answer = choose(AnswerClass::throttled).read;
        if (timer.foreign_at > now - limit_window) seen_.note(Seen::timer_throttled_by_foreign);
        return;
    }
    const int timeout_s = request.call.timeout_s;
    const bool races = timer.foreign_at > now - 3s && dice_.one_in(2) && !mend;
    const bool tells_now = !dice_.one_in(6);
    const bool in_seconds = dice_.one_in(2);
    if (timer.until != never && timer.life != request.life) seen_.note(Seen::timer_taken_over);
    timer.life = request.life;
    timer.timeout_s = timeout_s;
    timer.set = now;
    timer.until = timeout_s == 0 ? never : now + std::chrono::seconds(timeout_s);
    timer.last_until = timer.until;
    TimerFacts& facts = shown.timer;
    facts.trigger = races            ? timer.foreign_trigger
                    : timeout_s == 0 ? WallMillis{}
                                     : WallMillis{wall(now).value + 1000 * timeout_s};
    if (tells_now) facts.at = wall(now);
    if (in_seconds) facts.trigger.value -= facts.trigger.value % 1000;
    if (timeout_s > 0) seen_.note(Seen::timer_fed);
}

// Who has the account's key and does not know of scramd.
void Exchange::set_timer_as_foreigner(AccountId account, Time now) {
    Timer& timer = timers_[index(account)];
    const int timeout_s = dice_.one_in(4) ? 0 : dice_.between(10, 120);
    if (is_timer_throttled(timer, now)) return;
    timer.foreign_at = now;
    timer.until = timeout_s == 0 ? never : now + std::chrono::seconds(timeout_s);
    timer.foreign_trigger =
        timeout_s == 0 ? WallMillis{} : WallMillis{wall(now).value + 1000 * timeout_s};
}

void Exchange::fire_timer(AccountId account, Time now) {
    Timer& timer = timers_[index(account)];
    timer.until = never;
    timer.fired = now;
    for (std::size_t f = 0; f < orders_.size(); ++f) {
        if (scenario_.plan.families[f].account == account) orders_[f].sweep(sweep_max, dice_, now);
    }
    seen_.note(Seen::timer_fired);
}

bool Exchange::any_rests_from_before(AccountId account, Time at, Time now) const {
    for (std::size_t f = 0; f < orders_.size(); ++f) {
        if (scenario_.plan.families[f].account != account) continue;
        const OrderBook& orders = orders_[f];
        if (orders.rests_from_before(at, now) || orders.other_rests_from_before(at, now))
            return true;
    }
    return false;
}

}  // namespace scram::sim
