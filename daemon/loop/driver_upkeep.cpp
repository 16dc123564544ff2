// What the driver does beside the way of a kill, so that a kill finds everything ready: signatures
// made again, records sealed, the way kept warm.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "core/base/kill_path.h"
#include "daemon/loop/driver.h"
#include "net/clock.h"

namespace scram {
namespace {

// While they are, a signal waits.
constexpr std::size_t warmed_at_once = 2;

}  // namespace

// ---- The signer ---------------------------------------------------------------------------------

void Driver::ask_next() {
    resign_timer_.expires_after(requests_.ask_interval(resign_every_));
    resign_timer_.async_wait([this](auto error) {
        if (error) return;
        const Time now = monotonic_now();
        turns_.did("signature", now);
        requests_.ask_next(clock_.at(now));
        ask_next();
    });
}

// The middle of two readings is the other clock's moment. A loop that is stopped between them
// learns nothing wrong: the next look sets it right.
void Driver::check_clocks() {
    const Time before = monotonic_now();
    const Time boot = boottime_now();
    const Time after = monotonic_now();
    if (after - before >= Suspension::slept_min) return;
    const Duration slept = suspension_.look(before + (after - before) / 2, boot);
    if (slept == Duration::zero()) return;
    clock_.slept(slept);
    logger_.say(4, LogLine(LogEvent::suspended)
                       .add("ms", slept / 1ms)
                       .add("detail", "the machine slept; requests are signed again")
                       .text());
}

void Driver::await_answers() {
    answers_of_signer_.async_wait(answers_of_signer_.wait_read, [this](auto error) {
        if (error) return;
        on_answers();
        if (!signer_.gone()) await_answers();
    });
}

void Driver::on_answers() {
    turns_.did("signature", monotonic_now());
    requests_.take_answers();
    make_calls();
    seal_soon();
}

// ---- Calls --------------------------------------------------------------------------------------

void Driver::make(const Call& call, Time now) {
    const auto orders = call.what == PrivateRequest::cancel_orders ? engine_.to_cancel(call.family)
                                                                   : std::span<const OrderRef>{};
    requests_.ask(call, orders, clock_.at(now), now);
    await_signatures();
}

// Sends what was signed, and gives up what the signer leaves unsigned.
void Driver::make_calls() {
    const Time now = monotonic_now();
    while (const auto done = requests_.next_call(now)) {
        turns_.did("call", now);
        if (done->sent) {
            sent(done->link, RequestKind::call, {Time{}, now, now});
            continue;
        }
        // On a link that was lost a moment ago: its link_down is under way to the engine.
        if (!links_[index(done->link)]->up()) continue;
        engine_.on_not_called(done->link, now, step_);
        carry_out(Time{}, now);
    }
}

void Driver::await_signatures() {
    if (awaiting_signatures_) return;
    awaiting_signatures_ = true;
    calls_timer_.expires_after(CallSender::patience);
    calls_timer_.async_wait([this](auto error) {
        if (error) return;
        awaiting_signatures_ = false;
        make_calls();
        if (requests_.any_call_waits()) await_signatures();
    });
}

// Not at once: the loop itself may have been stopped, and the answers are about to be read.
bool Driver::needs_restart(Time now) {
    lost_since_ =
        scram::needs_restart(readiness_input(now), now) ? std::min(lost_since_, now) : never;
    return lost_since_ != never && now - lost_since_ >= 1s;
}

// ---- Sealing and warming ------------------------------------------------------------------------

// A few at a time, so that a signal waits no longer than that.
void Driver::seal_soon() {
    if (sealing_ || !requests_.is_wanting()) return;
    sealing_ = true;
    boost::asio::post(io_, [this] {
        turns_.did("seal", monotonic_now());
        sealing_ = false;
        requests_.seal_some();
        seal_soon();
    });
}

// The families take turns.
void Driver::warm(Time now) {
    act(Time{}, now);  // of nothing
    touch_kill_path();
    for (std::size_t i = 0; i < std::min(warmed_at_once, engine_.plan().families.size()); ++i) {
        engine_.touch(warmed_);
        const auto family = id_at<FamilyId>(warmed_++ % engine_.plan().families.size());
        const Engine::Next next = engine_.next_cancel(family, now);
        drilled_ += next.touched;
        if (next.link == none<LinkId>()) continue;
        requests_.touch(next.link, family, next.lock, clock_.at(now));
        gates_.touch(family);
        journal_.touch(family);
    }
}

// One at a time, as with the seals. What the writer does not take now is offered again.
void Driver::file_soon(Duration after) {
    if (filing_ || !receipts_.any_to_file()) return;
    filing_ = true;
    filing_timer_.expires_after(after);
    filing_timer_.async_wait([this](auto error) {
        if (error) return;
        turns_.did("receipt", monotonic_now());
        filing_ = false;
        file_soon(receipts_.file_one() ? Duration::zero() : filed_after);
    });
}

std::vector<LogNotice> Driver::recording_news() {
    if (!recorder_) return {};
    return recorder_->beat(engine_, wall_now(), monotonic_now());
}

// ---- Readiness ----------------------------------------------------------------------------------

void Driver::tell_readiness(Time now) {
    const auto has_one = [](const AccountSpec& account) { return account.dead_man.has_value(); };
    if (std::ranges::none_of(engine_.plan().accounts, has_one)) return;
    const std::vector<NotReady> reasons = not_ready(readiness_input(now), now);
    for (std::size_t a = 0; a < engine_.plan().accounts.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        if (fires(reasons, id) == engine_.dead_man(id).ready) continue;
        engine_.on_readiness(id, !engine_.dead_man(id).ready, now, step_);
        carry_out(Time{}, now);
    }
}

void Driver::begin_stop() {
    const Time now = monotonic_now();
    engine_.on_stop(now, step_);
    carry_out(Time{}, now);
}

milliseconds Driver::drill_age(AccountId id) const {
    const std::int64_t last = journal_.drills().last(engine_.plan().accounts[index(id)].name);
    return last == 0 ? -1ms : std::max(milliseconds(wall_now().value - last), 0ms);
}

ReadinessInput Driver::readiness_input(Time now) const {
    ReadinessInput sight;
    sight.accounts.resize(engine_.plan().accounts.size());
    for (std::size_t a = 0; a < sight.accounts.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        const Budget& budget = engine_.budget(id);
        ReadinessInput::Account& account = sight.accounts[a];
        account.oldest_signature = requests_.oldest(id, clock_.at(now));
        account.slots = budget.slots();
        account.slots_working = budget.working_slots(now);
        account.slots_free = budget.free_slots(now);
        account.refused = engine_.alarm(id, Alarm::refused);
        account.key_refused = engine_.alarm(id, Alarm::key_refused);
        account.no_permission = engine_.alarm(id, Alarm::no_permission);
        account.wrong_mode = engine_.alarm(id, Alarm::wrong_mode);
        account.proven = engine_.truth(id).proven;
        account.up_share = up_shares_[a].of(now);
        account.drill_age = drill_age(id);
        account.rehearsals_failed = engine_.rehearsals_failed(id);
    }
    for (std::size_t f = engine_.plan().families.size(); f-- > 0;) {
        if (engine_.family(id_at<FamilyId>(f)).cancel != Cancel::held) continue;
        ReadinessInput::Account& account =
            sight.accounts[index(engine_.plan().families[f].account)];
        ++account.held;
        account.first_held = id_at<FamilyId>(f);
    }
    for (std::size_t f = engine_.plan().families.size(); f-- > 0;) {
        if (listing().of(id_at<FamilyId>(f)) != Listed::no) continue;
        ReadinessInput::Account& account =
            sight.accounts[index(engine_.plan().families[f].account)];
        ++account.unlisted;
        account.first_unlisted = id_at<FamilyId>(f);
    }
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const bool up = engine_.phase(id_at<LinkId>(l)) != LinkPhase::down;
        ReadinessInput::Account& account =
            sight.accounts[index(engine_.account_of(id_at<LinkId>(l)))];
        account.links_up += up;
        account.links_warm += up && link_stats_[l].rehearsed != Time{};
        account.rehearsed = std::max(account.rehearsed, link_stats_[l].rehearsed);
    }
    sight.drill_age_max = drill_age_max_;
    sight.hosts = host_watch_.hosts();
    sight.rehearse_every = engine_.plan().timings.rehearse_every;
    if (engine_.plan().reads) sight.account_check = engine_.plan().timings.account_check;
    sight.clock_synced = clock_.synced();
    sight.clock_uncertainty = clock_.uncertainty();
    sight.clock_ahead = clock_.ahead_of(now, wall_now());
    sight.journal_writable = journal_.trouble().empty();
    sight.signer_gone = signer_.gone();
    sight.signer_answered = signer_.answered();
    sight.resign_every = resign_every_;
    const auto& sources = engine_.plan().sources;
    for (std::size_t s = 0; s < sources.size(); ++s) {
        if (!sources[s].expected) continue;
        ++sight.sources_expected;
        sight.sources_attached += engine_.phase(id_at<SourceId>(s)) == SourcePhase::attached;
    }
    sight.values_unknown = unknowns().size();
    return sight;
}

}  // namespace scram
