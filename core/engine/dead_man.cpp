#include "core/engine/dead_man.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace scram {
namespace {

// Several feeds may be lost before it fires.
constexpr int feeds_per_timeout = 6;
constexpr Duration feed_min = 2s;
constexpr Duration again = 1s;
// OKX tells whole seconds.
constexpr std::int64_t trigger_off_max_ms = 1500;
// Who feeds it as well does so again.
constexpr Duration other_remembered = 60s;

Duration period_of(int timeout_s) {
    return std::max<Duration>(feed_min, std::chrono::seconds(timeout_s) / feeds_per_timeout);
}

// Each answer should tell what its call has set. Where it does not, another feeds the same timer.
bool is_foreign(const Call& call, const TimerFacts& facts) {
    if (facts.at == WallMillis{}) return false;
    const std::int64_t ours = facts.at.value + 1000 * std::int64_t{call.timeout_s};
    return std::abs(facts.trigger.value - ours) > trigger_off_max_ms;
}

}  // namespace

DeadMen::DeadMen(const Plan& plan, Accounts& accounts, Links& links, ExchangeCalls& calls)
    : plan_(plan),
      accounts_(accounts),
      links_(links),
      calls_(calls),
      accounts_known_(plan.accounts.size()) {
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        if (spec(id_at<AccountId>(a))) accounts_known_[a].wish = Wish::feed;
    }
}

// ---- What is wanted -----------------------------------------------------------------------------

void DeadMen::set_ready(AccountId id, bool ready, Time now) {
    Known& known = accounts_known_[index(id)];
    if (std::exchange(known.timer.ready, ready) == ready || !ready) return;
    known.next_feed = now;
    if (known.timer.timeout_s == 0) known.since = now;
}

void DeadMen::switch_to(AccountId id, bool on, const OperatorNote& note, Time now, Step& step) {
    Known& known = accounts_known_[index(id)];
    known.timer.switched_off = !on;
    known.wish = on ? Wish::feed : Wish::disarm;
    known.cause = "switched off by an operator";
    known.next_feed = known.not_before = known.since = now;
    step.events.push_back({.kind = on ? EventKind::dead_man_on : EventKind::dead_man_off,
                           .at = now,
                           .account = id,
                           .by = FixedText<32>(note.by),
                           .text = FixedText<160>(note.reason)});
}

// One that is not fed for want of readiness is left as it is: it fires.
void DeadMen::stop() {
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        Known& known = accounts_known_[a];
        if (known.wish != Wish::feed) continue;
        const bool disarms = spec(id_at<AccountId>(a))->on_stop == DeadMan::OnStop::disarm;
        known.wish = disarms ? Wish::disarm : known.timer.ready ? Wish::leave : Wish::none;
        known.cause = disarms ? "planned stop" : "planned stop: left for the next start";
        known.not_before = Time{};
    }
}

void DeadMen::change() {
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        Known& known = accounts_known_[a];
        if (spec(id_at<AccountId>(a)) || known.wish != Wish::feed) continue;
        known.wish = Wish::disarm;
        known.cause = "removed by a reload";
    }
}

bool DeadMen::has_ended() const {
    return std::ranges::all_of(accounts_known_,
                               [](const Known& known) { return known.wish == Wish::none; });
}

// ---- Calls --------------------------------------------------------------------------------------

int DeadMen::next_timeout(AccountId id) const {
    switch (accounts_known_[index(id)].wish) {
        case Wish::feed:
            return spec(id)->timeout_s;
        case Wish::leave:
            return dead_man_left_s;
        case Wish::none:
        case Wish::disarm:
            break;
    }
    return 0;
}

Time DeadMen::next_call(AccountId id, Time now) const {
    const Known& known = accounts_known_[index(id)];
    const bool feeds = known.wish == Wish::feed;
    if (known.asked || known.wish == Wish::none || (feeds && !known.timer.ready)) return never;
    return std::max({known.not_before, feeds ? known.next_feed : Time{},
                     calls_.next_take(id, PrivateRequest::cancel_all_after, now)});
}

void DeadMen::begin_due(Time now, Step& step) {
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        if (accounts_known_[a].wish == Wish::none || next_call(id, now) > now) continue;
        const LinkId link = calls_.link_for(id, now);
        if (link == none<LinkId>()) continue;
        calls_.begin({.what = PrivateRequest::cancel_all_after,
                      .account = id,
                      .link = link,
                      .timeout_s = next_timeout(id)},
                     now, step);
        accounts_known_[a].asked = true;
    }
}

// What is due already and may not begin now follows when what is in its way ends.
Time DeadMen::next_deadline(Time now) const {
    Time next = never;
    const auto also = [&](Time at) {
        if (at > now) next = std::min(next, at);
    };
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        const Known& known = accounts_known_[a];
        if (known.wish == Wish::none && known.timer.timeout_s == 0) continue;
        also(next_call(id, now));
        also(late_at(id));
        also(known.other_until);
        if (known.timer.timeout_s > 0) also(known.timer.until);
    }
    return next;
}

// ---- What is told -------------------------------------------------------------------------------

void DeadMen::told(LinkId link, const Told<TimerFacts>& told, Time now, Step& step) {
    const AccountId id = links_[link].account();
    const Call& call = links_[link].call();
    Known& known = accounts_known_[index(id)];
    known.asked = false;
    known.timer.answer = told.answer;
    const bool is_off = told.facts && told.facts->trigger == WallMillis{};
    if (!told.facts || is_off != (call.timeout_s == 0)) return failed(id, told.answer, now, step);
    if (is_off) return ended(id, now, step);
    if (is_foreign(call, *told.facts)) known.other_until = now + other_remembered;
    started(id, call, links_[link].sent(), *told.facts, now, step);
}

void DeadMen::started(AccountId id, const Call& call, Time sent, const TimerFacts& facts, Time now,
                      Step& step) {
    Known& known = accounts_known_[index(id)];
    DeadManTimer& timer = known.timer;
    const bool is_news = std::exchange(timer.timeout_s, call.timeout_s) != call.timeout_s;
    timer.fed = sent;
    timer.until = now + std::chrono::seconds(call.timeout_s);
    timer.trigger = facts.trigger;
    timer.expired = false;
    known.since = sent;
    // By what was set: a reload may have asked for more meanwhile.
    if (spec(id))
        known.next_feed = sent + period_of(std::min<int>(call.timeout_s, spec(id)->timeout_s));
    // A feed that was in flight when this was wanted is not it.
    const bool is_left = known.wish == Wish::leave && call.timeout_s == dead_man_left_s;
    if (is_left) known.wish = Wish::none;
    if (is_news || is_left) tell(id, is_left ? known.cause : std::string_view{}, now, step);
}

void DeadMen::ended(AccountId id, Time now, Step& step) {
    Known& known = accounts_known_[index(id)];
    known.timer.timeout_s = 0;
    known.timer.until = Time{};
    known.timer.trigger = {};
    known.timer.expired = false;
    // Meanwhile it may be wanted again.
    if (known.wish == Wish::disarm) known.wish = Wish::none;
    tell(id, known.cause, now, step);
}

void DeadMen::tell(AccountId id, std::string_view cause, Time now, Step& step) const {
    const DeadManTimer& timer = accounts_known_[index(id)].timer;
    step.events.push_back({.kind = EventKind::dead_man_set,
                           .at = now,
                           .account = id,
                           .value = static_cast<double>(timer.timeout_s),
                           .limit = static_cast<double>(timer.trigger.value),
                           .text = FixedText<160>(cause)});
}

// OKX takes one call a second. We make fewer: where it says that there were more, another feeds
// the same timer. Before our first, that may have been the scramd before this one.
void DeadMen::failed(AccountId id, const Answer& answer, Time now, Step& step) {
    Known& known = accounts_known_[index(id)];
    known.not_before = now + again;
    const bool is_throttled = answer.answer_class == AnswerClass::throttled;
    if (is_throttled && known.timer.fed != Time{}) known.other_until = now + other_remembered;
    step.events.push_back(
        {.kind = EventKind::dead_man_failed, .at = now, .account = id, .answer = answer});
}

void DeadMen::no_answer(LinkId link, Time now, Step& step) {
    const AccountId id = links_[link].account();
    accounts_known_[index(id)].asked = false;
    accounts_known_[index(id)].timer.answer = {};
    failed(id, {}, now, step);
}

// ---- Age ----------------------------------------------------------------------------------------

Time DeadMen::late_at(AccountId id) const {
    const Known& known = accounts_known_[index(id)];
    const bool runs = known.timer.timeout_s > 0;
    if (known.wish != Wish::feed || (!runs && !known.timer.ready)) return never;
    return known.since +
           Duration{std::chrono::seconds(runs ? known.timer.timeout_s : spec(id)->timeout_s)} / 2;
}

void DeadMen::look_at_age(Time now, Step& step) {
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        Known& known = accounts_known_[a];
        DeadManTimer& timer = known.timer;
        if (timer.timeout_s > 0 && timer.until <= now) {
            timer.timeout_s = 0;
            timer.expired = true;
            step.events.push_back({.kind = EventKind::dead_man_expired, .at = now, .account = id});
        }
        const bool is_wrong = known.other_until > now || late_at(id) <= now ||
                              (timer.expired && known.wish == Wish::feed);
        accounts_.set(id, Alarm::dead_man, is_wrong, now, step, timer.answer);
    }
}

}  // namespace scram
