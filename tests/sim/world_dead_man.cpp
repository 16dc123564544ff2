// The dead man's switch: who is ready, who feeds, what runs out, and what a planned stop leaves.
#include <algorithm>
#include <cstdlib>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {
namespace {

constexpr Duration stop_patience = 3s;  // daemon/scramd/app.cpp
constexpr Duration calls_apart = 1010ms;
constexpr Duration foreign_remembered = 60s;
constexpr Duration swept_after = 4s;  // the exchange takes some seconds

Duration period_of(int timeout_s) {
    return std::max<Duration>(2s, Duration{std::chrono::seconds(timeout_s)} / 6);
}

// Each answer should tell what its call has set.
bool tells_another_time(const Request& request) {
    const TimerFacts& facts = request.shown.timer;
    if (facts.at == WallMillis{}) return false;
    const std::int64_t ours = facts.at.value + 1000 * std::int64_t{request.call.timeout_s};
    return std::abs(facts.trigger.value - ours) > 1500;
}

}  // namespace

bool World::any_dead_man() const {
    return std::any_of(plan_.accounts.begin(), plan_.accounts.end(),
                       [](const AccountSpec& account) { return account.dead_man.has_value(); });
}

// ---- What is wanted -----------------------------------------------------------------------------

// As daemon/loop/driver_upkeep.cpp: what has changed is told.
void World::tell_readiness() {
    plan(now_ + 250ms, What::readiness);
    if (!engine_) return;
    for (std::size_t a = 0; a < dead_men_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        DeadManBook& book = dead_men_[a];
        bool ready = false;
        for (std::size_t l = 0; l < wires_.size(); ++l)
            ready = ready || (engine_->account_of(id_at<LinkId>(l)) == id && wires_[l].told_up);
        if (healed_at_ == never) ready = ready && book.unready_until <= now_;
        if (!plan_.accounts[a].dead_man || ready == book.ready) continue;
        book.ready = ready;
        if (ready && !book.runs(now_)) book.since = now_;
        trace_.say(now_, "account {} is {}", a, ready ? "ready" : "not ready");
        if (!ready && book.runs(now_)) seen_.note(Seen::timer_unready);
        step(Input::hand, [&] { engine_->on_readiness(id, ready, now_, step_); });
    }
}

void World::switch_dead_man(AccountId id) {
    DeadManBook& book = dead_men_[index(id)];
    book.off = !book.off;
    book.off_told = false;
    book.since = now_;
    seen_.note(book.off ? Seen::timer_switched_off : Seen::timer_switched_on);
    trace_.say(now_, "an operator switches the timer of account {} {}", index(id),
               book.off ? "off" : "on");
    step(Input::hand, [&] {
        engine_->on_dead_man(id, !book.off, {"uid 1 (ann)", "work"}, now_, step_);
    });
}

// A breach would not fire for a while; somebody else sets the timer; an operator switches it; a
// planned stop.
void World::timer_mishap() {
    plan(now_ + timers_.up_to(4s), What::timer_mishap);
    const std::size_t what = timers_.below(8);
    const auto id = id_at<AccountId>(timers_.below(dead_men_.size()));
    const Duration lasts = timers_.up_to(15s);
    const bool has_one = plan_.accounts[index(id)].dead_man.has_value();
    if (!has_one || !engine_ || healed_at_ != never || is_stopping() || left_out()) return;
    const Faults faults = scenario_.faults;
    if (what < 2) dead_men_[index(id)].unready_until = now_ + lasts;
    if (what == 2 && faults.has(Fault::operators)) return switch_dead_man(id);
    if (what == 3 && faults.has(Fault::crash)) return begin_stop();
    if (what < 4 || !faults.has(Fault::foreign)) return;
    if (what == 4 || dead_men_[index(id)].ever) {
        exchange_.set_timer_as_foreigner(id, now_);
        trace_.say(now_, "somebody else sets the timer of account {}", index(id));
        await_timer(id);
    }
}

void World::happen_to_timer(const Happening& it) {
    const bool is_this_life = static_cast<int>(it.b) == lives_;
    if (it.what == What::readiness) return tell_readiness();
    if (it.what == What::timer_mishap) return timer_mishap();
    if (it.what == What::timer) return timer_ends(id_at<AccountId>(it.a));
    if (it.what == What::swept) return is_this_life ? check_swept(id_at<AccountId>(it.a)) : void();
    if (engine_ && is_this_life) go_on_stopping();
}

bool World::is_stopping() const {
    return std::any_of(dead_men_.begin(), dead_men_.end(),
                       [](const DeadManBook& book) { return book.stopping; });
}

// One that has none any more is switched off.
void World::note_reloaded_timers(const Plan& before) {
    for (std::size_t a = 0; a < dead_men_.size(); ++a) {
        if (!before.accounts[a].dead_man || plan_.accounts[a].dead_man) continue;
        DeadManBook& book = dead_men_[a];
        seen_.note(Seen::timer_removed);
        if (!book.off) book.off_told = false;
        book.removed = true;
    }
}

void World::await_timer(AccountId account) {
    const Time until = exchange_.timer(account).until;
    if (until != never) plan(until, What::timer, static_cast<std::uint32_t>(index(account)));
}

void World::timer_ends(AccountId account) {
    if (exchange_.timer(account).until != now_) return;  // it was set anew
    trace_.say(now_, "exchange: the timer of account {} has run out", index(account));
    exchange_.fire_timer(account, now_);
    if (!engine_) seen_.note(Seen::timer_fired_for_the_dead);
}

// ---- Calls --------------------------------------------------------------------------------------

bool World::is_timer_to_be_off(AccountId id) const {
    const DeadManBook& book = dead_men_[index(id)];
    const auto& spec = plan_.accounts[index(id)].dead_man;
    const bool disarms = book.stopping && spec && spec->on_stop == DeadMan::OnStop::disarm;
    return book.off || book.removed || disarms;
}

void World::judge_timer_call(const Call& its) const {
    const DeadManBook& book = dead_men_[index(its.account)];
    const auto& spec = plan_.accounts[index(its.account)].dead_man;
    const bool is_off = is_timer_to_be_off(its.account);
    if (its.timeout_s == 0)
        return must(is_off && !book.off_told, 15, "a timer is switched off that is wanted");
    must(spec && !is_off, 15, "a timer is fed that nobody wants");
    if (book.stopping)
        return must(its.timeout_s == 120 && book.was_ready && !book.left_told, 15,
                    "a stop leaves a timer another time than the longest, or not just once");
    must(book.ready, 15, "a timer is fed though a breach would not fire");
    must(its.timeout_s == spec->timeout_s, 15, "a timer is fed for another time than the plan's");
}

// What the answer says of it, before the engine reads it.
void World::timer_told(const Request& request) {
    DeadManBook& book = dead_men_[index(request.account)];
    const Shown& shown = request.shown;
    const int timeout_s = request.call.timeout_s;
    const bool is_off = shown.timer.trigger == WallMillis{};
    if (!shown.has_facts || is_off != (timeout_s == 0)) {
        const bool throttled = shown.answer.answer_class == AnswerClass::throttled;
        if (throttled && book.ever) book.foreign_until = now_ + foreign_remembered;
        return;
    }
    if (is_off) {
        book.fed_for = 0;
        book.off_told = true;
        return seen_.note(Seen::timer_off);
    }
    if (tells_another_time(request)) {
        book.foreign_until = now_ + foreign_remembered;
        seen_.note(Seen::timer_other_time);
    }
    book.since = book.fed = request.sent;
    book.fed_told = now_;
    book.fed_for = timeout_s;
    book.ever = true;
    if (book.stopping && timeout_s == 120) book.left_told = true;
}

// ---- What must be true of it --------------------------------------------------------------------

void World::check_dead_men() {
    for (std::size_t a = 0; a < dead_men_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        const bool wrong = is_timer_wrong(id);
        must(engine_->alarm(id, Alarm::dead_man) == wrong, 15,
             wrong ? "a timer is not fed, or by somebody else, and that is not told"
                   : "a timer is fed, by scramd alone, and an alarm is raised");
        check_timer_runs(id);
        check_timer_goes_on(id);
    }
    for (const Event& event : step_.events) {
        if (event.kind != EventKind::dead_man_set) continue;
        must(read_ && requests_[*read_].call.what == PrivateRequest::cancel_all_after &&
                 requests_[*read_].shown.has_facts &&
                 event.value == requests_[*read_].call.timeout_s,
             15, "a timer is told to be set, and no answer said so");
    }
}

bool World::is_timer_wrong(AccountId id) const {
    const DeadManBook& book = dead_men_[index(id)];
    return book.foreign_until > now_ || timer_late_at(id) <= now_;
}

// When it was not fed for half of its time; or has run out.
Time World::timer_late_at(AccountId id) const {
    const DeadManBook& book = dead_men_[index(id)];
    const auto& spec = plan_.accounts[index(id)].dead_man;
    if (!spec || book.stopping || is_timer_to_be_off(id)) return never;
    if (book.fed_for > 0 && !book.runs(now_)) return now_;
    if (book.fed_for == 0 && !book.ready) return never;
    const int timeout_s = book.fed_for > 0 ? book.fed_for : spec->timeout_s;
    return book.since + Duration{std::chrono::seconds(timeout_s)} / 2;
}

// One that is said to run does, but for what was set since, and not told yet: what an answer takes,
// it is said to run for longer.
void World::check_timer_runs(AccountId id) const {
    const DeadManTimer& told = engine_->dead_man(id);
    const auto& timer = exchange_.timer(id);
    const bool is_other = timer.foreign_at >= told.fed || timer.set > dead_men_[index(id)].fed_told;
    if (told.timeout_s == 0 || is_other) return;
    must(timer.last_until != never && timer.last_until + 3s >= told.until, 15,
         "a timer is said to run that does not");
}

// Whether a call is wanted now or later, and when at the latest.
Time World::timer_wanted(AccountId id) const {
    const DeadManBook& book = dead_men_[index(id)];
    const auto& spec = plan_.accounts[index(id)].dead_man;
    Time wanted = book.since;
    if (is_timer_to_be_off(id)) {
        if (book.off_told) return never;
    } else if (book.stopping) {
        if (!spec || !book.was_ready || book.left_told) return never;
    } else {
        if (!spec || !book.ready) return never;
        if (book.ever)
            wanted = std::max(wanted,
                              book.fed + period_of(std::max<int>(book.fed_for, spec->timeout_s)));
    }
    if (!book.last_call) return wanted;
    const Request& last = requests_[*book.last_call];
    return last.told_at == never ? wanted : std::max(wanted, last.told_at + calls_apart);
}

void World::check_timer_goes_on(AccountId id) const {
    const Time late = timer_late_at(id);
    must(late <= now_ || engine_->next_deadline() <= late, 0,
         "the engine does not ask for the time at which a timer was not fed for long");
    const Time wanted = timer_wanted(id);
    if (wanted == never || cancel_is_due(id) || !may_read_on(id, none<LinkId>())) return;
    // Of one that was lost nobody knows for a while what has become of it.
    const auto& last = dead_men_[index(id)].last_call;
    const bool is_lost = last && requests_[*last].told_at == never;
    if (is_lost && requests_[*last].sent > now_ - 30s) return;
    must(wanted > now_, 15, "a timer is to be set, a link is idle, and nothing is asked");
    must(is_lost || engine_->next_deadline() <= wanted, 0,
         "the engine does not ask for the time at which a timer is to be set");
}

// ---- The end of a life --------------------------------------------------------------------------

// It goes on until the exchange has said what becomes of each, or nobody waits any longer.
void World::begin_stop() {
    if (is_stopping()) return;
    for (std::size_t a = 0; a < dead_men_.size(); ++a) {
        DeadManBook& book = dead_men_[a];
        const auto& spec = plan_.accounts[a].dead_man;
        book.stopping = true;
        book.was_ready = book.ready;
        const bool disarms = spec && spec->on_stop == DeadMan::OnStop::disarm;
        if (disarms && !book.off && !book.removed) book.off_told = false;
        if (spec && !disarms && !book.off && !book.ready) seen_.note(Seen::timer_left_unready);
    }
    trace_.say(now_, "scramd is to stop");
    step(Input::hand, [&] { engine_->on_stop(now_, step_); });
    stop_until_ = now_ + stop_patience;
    plan(now_, What::stopping, 0, static_cast<std::uint32_t>(lives_));
}

void World::go_on_stopping() {
    if (!engine_->has_ended() && now_ < stop_until_)
        return plan(now_ + 10ms, What::stopping, 0, static_cast<std::uint32_t>(lives_));
    if (engine_->has_ended()) {
        for (std::size_t a = 0; a < dead_men_.size(); ++a) check_timer_left(id_at<AccountId>(a));
    } else {
        seen_.note(Seen::timer_unsettled);
        trace_.say(now_, "nobody waits any longer for what becomes of timers");
    }
    restart_in_peace();
}

void World::check_timer_left(AccountId id) {
    const DeadManBook& book = dead_men_[index(id)];
    const auto& timer = exchange_.timer(id);
    const auto& spec = plan_.accounts[index(id)].dead_man;
    const bool off = is_timer_to_be_off(id);
    if (!off && (!spec || !book.was_ready)) return;
    must(off ? book.off_told : book.left_told, 15,
         "a stop ends before the exchange has said what becomes of a timer");
    seen_.note(off ? Seen::timer_disarmed : Seen::timer_left);
    // What was lost may have come later.
    const bool is_last = book.last_call && timer.set == requests_[*book.last_call].shown.at;
    if (timer.foreign_at >= timer.set || !is_last) return;
    must(off ? timer.until == never : timer.until > now_ + 115s, 15,
         off ? "a stop ends, and a timer runs that is to be off"
             : "a stop ends, and a timer is not left its longest time");
}

// It is over for good, or for long: what it has fed runs out, and nothing rests then.
void World::await_sweeps() {
    for (std::size_t a = 0; a < dead_men_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        const DeadManTimer& told = engine_->dead_man(id);
        if (told.timeout_s > 0 && told.until > now_)
            plan(told.until + swept_after, What::swept, static_cast<std::uint32_t>(a),
                 static_cast<std::uint32_t>(lives_));
    }
}

// What was under way at the end sets it once more, some seconds later at most; somebody else may do
// anything to it.
void World::check_swept(AccountId id) {
    const auto& timer = exchange_.timer(id);
    if (engine_ || timer.foreign_at > timer.set || timer.timeout_s == 0) return;
    const Time over = (timer.until == never ? timer.fired : timer.until) + swept_after;
    if (over > now_) {
        must(timer.set < ended_at_ + 20s, 15, "scramd is gone, and its timer goes on");
        return plan(over, What::swept, static_cast<std::uint32_t>(index(id)),
                    static_cast<std::uint32_t>(lives_));
    }
    must(timer.fired != Time{}, 15, "scramd is gone, and its timer has not run out");
    must(!exchange_.any_rests_from_before(id, timer.fired, now_), 15,
         "scramd is gone, its timer has run out, and orders rest");
    seen_.note(Seen::swept_for_the_dead);
}

}  // namespace scram::sim
