#include "core/engine/engine.h"

#include <algorithm>
#include <utility>

#include "core/base/prefetch.h"
#include "core/rules/memory_format.h"

namespace scram {

Engine::Engine(Plan plan, std::span<std::byte> memory)
    : plan_(std::move(plan)),
      memory_(std::make_unique<StateMemory>(plan_, memory)),
      metrics_(plan_.sources.size(), plan_.families.size(), plan_.metrics.size(), memory_->values,
               memory_->times),
      rules_(plan_, *memory_),
      breaches_(rules_.breaches_max()),
      switches_(plan_.families.size()),
      accounts_(plan_),
      links_(plan_),
      cancels_(plan_, switches_, accounts_, links_),
      calls_(plan_, links_, cancels_),
      checks_(plan_, accounts_, links_, calls_),
      verification_(plan_, switches_, accounts_, links_, cancels_, calls_),
      dead_men_(plan_, accounts_, links_, calls_),
      looks_(plan_, switches_, links_, verification_, calls_),
      trips_(plan_, rules_, breaches_, switches_, cancels_),
      rearming_(plan_, rules_, metrics_, breaches_, switches_, trips_, cancels_),
      rehearsals_(plan_, accounts_, links_, cancels_),
      sources_(plan_, rules_, breaches_),
      signals_(plan_, rules_, metrics_, breaches_) {}

// ---- Signals ------------------------------------------------------------------------------------

bool Engine::decide(SourceId from, const scram_signal& signal, Time now, Step& step) {
    const bool counts = signals_.inspect(from, signal);
    bool has_tripped = false;
    if (signals_.has_batch() && !(counts && signals_.goes_on(from, signal))) [[unlikely]]
        has_tripped = end_batch(time_from_ns(signal.published_ns), now, step);
    signals_.take(from, signal, counts, now);
    if (counts) next_deadline_ = std::min(next_deadline_, rules_.next_deadline());
    if (breaches_.empty() && !has_tripped && !signals_.has_restarted()) [[likely]]
        return false;
    trips_.on_breaches(time_from_ns(signal.published_ns), now, step);
    cancels_.dispatch(now, step);
    return true;
}

// Judged before what ended it is looked at.
bool Engine::end_batch(Time published, Time now, Step& step) {
    signals_.judge_batch();
    if (breaches_.empty()) return false;
    trips_.on_breaches(published, now, step);
    return true;
}

void Engine::on_batch_ended(Time now, Step& step) {
    if (!signals_.has_batch()) return;
    signals_.judge_batch();
    next_deadline_ = std::min(next_deadline_, rules_.next_deadline());
    if (breaches_.empty()) return;
    trips_.on_breaches(Time{}, now, step);
    finish(now, step);
}

void Engine::on_signals_lost(SourceId source, Time now, Step& step) {
    rules_.on_bad(source, none<FamilyId>(), none<MetricId>(), BadReason::ring_full, 0, breaches_);
    if (breaches_.empty()) return;
    trips_.on_breaches(Time{}, now, step);
    finish(now, step);
}

// ---- Sources ------------------------------------------------------------------------------------

void Engine::on_source_joined(SourceId source, Time now, Step& step) {
    signals_.joined(source);
    sources_.joined(source, now, step);
    finish(now, step);
}

void Engine::on_source_left(SourceId source, Time now, Step& step) {
    sources_.left(source, now, step);
    finish(now, step);
}

void Engine::on_source_vanished(SourceId source, Time now, Step& step) {
    if (!sources_.vanished(source, now, step)) return;
    trips_.on_breaches(Time{}, now, step);
    finish(now, step);
}

// ---- Links --------------------------------------------------------------------------------------

void Engine::on_link_up(LinkId id, Time now, Step& step) {
    // One that takes the place of another without a word of its end may have begun before it.
    const bool was_down = links_[id].phase() == LinkPhase::down;
    const Time since = was_down ? links_[id].down_since() : Time{};
    if (!was_down) on_link_down(id, now, step);
    cancels_.see_alive(links_[id].account(), since, now);
    calls_.see_alive(links_[id].account(), since, now);
    links_[id].came_up();
    rehearsals_.link_came_up(id, now);
    checks_.link_came_up(id, now);
    step.events.push_back({.kind = EventKind::link_up, .at = now, .link = id});
    finish(now, step);
}

void Engine::on_link_down(LinkId id, Time now, Step& step, Taken taken) {
    const LinkPhase before = links_[id].phase();
    links_[id].went_down(now);
    const auto how = taken == Taken::nothing ? Cancels::Lost::not_taken : Cancels::Lost::closed;
    if (before == LinkPhase::firing) cancels_.lost(id, how, now, step);
    if (before == LinkPhase::rehearsing) rehearsals_.lost(id);
    if (before == LinkPhase::calling) call_lost(id, now, step);
    step.events.push_back({.kind = EventKind::link_down, .at = now, .link = id});
    finish(now, step);
}

void Engine::on_answer(LinkId id, const Answer& answer, Time now, Step& step, bool link_stays) {
    const FamilyId family = links_[id].attempt().family;
    const Cancels::Then then = cancels_.answered(id, answer, link_stays, now, step);
    if (then == Cancels::Then::accepted && switches_[index(family)]->latched)
        verification_.accepted(family, now);
    if (then == Cancels::Then::unlocked) rearming_.unlocked(family, now, step);
    if (then == Cancels::Then::tell_time) rehearsals_.ask_for_time(id, now, step);
    finish(now, step);
}

// ---- Calls --------------------------------------------------------------------------------------

template <class Facts, class Part>
void Engine::take_told(Part& part, LinkId id, const Told<Facts>& told, Time now, Step& step,
                       bool link_stays) {
    const Time since = links_[id].sent();
    calls_.answered(id, link_stays, now);
    cancels_.see_alive(links_[id].account(), since, now);
    calls_.see_alive(links_[id].account(), since, now);
    part.told(id, told, now, step);
    finish(now, step);
}

void Engine::on_told(LinkId id, const Told<AccountFacts>& told, Time now, Step& step,
                     bool link_stays) {
    take_told(checks_, id, told, now, step, link_stays);
}

void Engine::on_told(LinkId id, const Told<MmpFacts>& told, Time now, Step& step, bool link_stays) {
    take_told(checks_, id, told, now, step, link_stays);
}

void Engine::on_told(LinkId id, const Told<OrdersPage>& told, Time now, Step& step,
                     bool link_stays) {
    if (links_[id].call().look) return take_told(looks_, id, told, now, step, link_stays);
    take_told(verification_, id, told, now, step, link_stays);
}

void Engine::on_told(LinkId id, const Told<BatchFacts>& told, Time now, Step& step,
                     bool link_stays) {
    take_told(verification_, id, told, now, step, link_stays);
}

void Engine::on_told(LinkId id, const Told<TimerFacts>& told, Time now, Step& step,
                     bool link_stays) {
    take_told(dead_men_, id, told, now, step, link_stays);
}

void Engine::on_not_called(LinkId id, Time now, Step& step) {
    calls_.not_sent(id, now);
    call_failed(id, now, step);
    finish(now, step);
}

// Its link is down already.
void Engine::call_lost(LinkId id, Time now, Step& step) {
    calls_.lost(id, now);
    call_failed(id, now, step);
}

void Engine::call_failed(LinkId id, Time now, Step& step) {
    const PrivateRequest what = links_[id].call().what;
    if (what == PrivateRequest::cancel_all_after) {
        dead_men_.no_answer(id, now, step);
    } else if (what == PrivateRequest::account_config || what == PrivateRequest::mmp_config) {
        checks_.no_answer(id, now);
    } else if (links_[id].call().look) {
        looks_.no_answer(id, now, step);
    } else {
        verification_.no_answer(id, now, step);
    }
}

// ---- Rehearsals ---------------------------------------------------------------------------------

void Engine::on_rehearsed(LinkId id, bool good, const Answer& answer, Time now, Step& step,
                          bool link_stays) {
    rehearsals_.answered(id, good, link_stays, now);
    cancels_.see_alive(links_[id].account(), links_[id].sent(), now);
    calls_.see_alive(links_[id].account(), links_[id].sent(), now);
    if (good) {
        cancels_.time_known(links_[id].account(), now, step);
    } else {
        step.events.push_back(
            {.kind = EventKind::rehearsal_failed, .at = now, .link = id, .answer = answer});
    }
    finish(now, step);
}

void Engine::abort_overdue(Time now, Step& step) {
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const auto id = id_at<LinkId>(l);
        if (links_[id].deadline() > now) continue;
        const LinkPhase before = links_[id].phase();
        links_[id].abort(now);
        step.actions.push_back(
            {ActionKind::abort_link, links_[id].account(), none<FamilyId>(), id});
        if (before == LinkPhase::firing) {
            cancels_.lost(id, Cancels::Lost::overdue, now, step);
        } else if (before == LinkPhase::calling) {
            call_lost(id, now, step);
        } else {
            rehearsals_.lost(id);
            step.events.push_back({.kind = EventKind::rehearsal_lost, .at = now, .link = id});
        }
    }
}

// ---- Operators ----------------------------------------------------------------------------------

void Engine::on_trip(std::span<const FamilyId> families, const OperatorNote& note, Time now,
                     Step& step) {
    trips_.on_operator(families, note, now, step);
    finish(now, step);
}

void Engine::on_rearm(std::span<const FamilyId> families, std::span<const TripId> trips,
                      const OperatorNote& note, bool force, Time now, Step& step) {
    rearming_.on_rearm(families, trips, note, force, now, step);
    finish(now, step);
}

void Engine::on_look(std::span<const FamilyId> families, Time now, Step& step) {
    looks_.ask(families, now);
    finish(now, step);
}

// ---- The dead man's switch ----------------------------------------------------------------------

void Engine::on_readiness(AccountId id, bool ready, Time now, Step& step) {
    dead_men_.set_ready(id, ready, now);
    finish(now, step);
}

void Engine::on_dead_man(AccountId id, bool on, const OperatorNote& note, Time now, Step& step) {
    dead_men_.switch_to(id, on, note, now, step);
    finish(now, step);
}

void Engine::on_stop(Time now, Step& step) {
    dead_men_.stop();
    finish(now, step);
}

// ---- A start ------------------------------------------------------------------------------------

Recalled Engine::recall(std::span<const std::byte> left, const BootNumber& boot, WallMillis wall,
                        Time now) {
    const Recalled recalled = scram::recall(left, plan_, boot, wall, now, *memory_);
    memory_->begin(boot, wall, now);
    metrics_.sum_up();
    return recalled;
}

void Engine::on_restored(const Restored& restored, Time now, Step& step) {
    trips_.restore(restored.last_trip);
    cancels_.restore(restored.last_attempt);
    accounts_.restore(restored.budgets, now);
    for (std::size_t l = 0; l < links_.size(); ++l) links_[id_at<LinkId>(l)].restore(now);
    TripId by_start{};
    for (const Restored::Family& before : restored.latched) {
        if (before.trip == TripId{} && by_start == TripId{})
            by_start = trips_.on_start(before.why, now, step);
        restore(before, before.trip == TripId{} ? by_start : before.trip, now, step);
    }
    cancels_.hold_all(now);
    rules_.on_restart(metrics_, now, breaches_);
    sources_.await(now);
    trips_.on_breaches(Time{}, now, step);
    finish(now, step);
}

void Engine::restore(const Restored::Family& before, TripId trip, Time now, Step& step) {
    const FamilySpec& spec = plan_.families[index(before.family)];
    KillSwitch& family = switches_[index(before.family)];
    // The exchange's lock outlived us, by which rule's wish is not known; and so may have bytes.
    const milliseconds lock = longest_lock(spec.lock);
    const Duration guard = plan_.accounts[index(spec.account)].budget.guard;
    family.restore(trip, spec.lock, before.accepted, lock > 0ms ? now + lock + guard : Time{}, now);
    if (before.unfinished) {
        family.due(now);
        cancels_.queue(before.family);
    }
    cancels_.restore(before.family, now);
    if (before.accepted && !before.unfinished) verification_.accepted(before.family, now);
    rules_.on_latched(before.family);
    step.actions.push_back({ActionKind::close_gate, spec.account, before.family});
    step.events.push_back({.kind = EventKind::restored,
                           .at = now,
                           .trip = trip,
                           .family = before.family,
                           .cancel = family->cancel,
                           .text = FixedText<160>(before.why)});
}

milliseconds Engine::longest_lock(milliseconds of_family) const {
    milliseconds longest = of_family;
    for (const RuleSpec& rule : plan_.rules) longest = std::max(longest, rule.lock.value_or(0ms));
    return longest;
}

// ---- A reload -----------------------------------------------------------------------------------

void Engine::adopt(Plan plan, Time now, Step& step) {
    PlanUpdate update(std::move(plan));
    adopt(update, now, step);
}

void Engine::adopt(PlanUpdate& update, Time now, Step& step) {
    go_on_from(*memory_, *update.memory);
    update.rules.carry_over(rules_);
    std::swap(plan_, update.plan);
    std::swap(rules_, update.rules);
    std::swap(memory_, update.memory);
    std::swap(breaches_, update.breaches);
    metrics_.go_on_in(memory_->values, memory_->times);
    trips_.restart();
    accounts_.change(plan_);
    dead_men_.change();
    cancels_.hold_all(now);
    step.events.push_back({.kind = EventKind::plan_changed, .at = now});
    rules_.on_reload(metrics_, now, breaches_);
    trips_.on_breaches(Time{}, now, step);
    finish(now, step);
}

// ---- Time ---------------------------------------------------------------------------------------

void Engine::on_time(Time now, Step& step) {
    abort_overdue(now, step);
    if (rules_.next_deadline() <= now) rules_.on_time(metrics_, now, breaches_);
    if (sources_.next_deadline() <= now) sources_.give_up_awaited(now, step);
    if (!breaches_.empty()) trips_.on_breaches(Time{}, now, step);
    finish(now, step);
}

// Closes every input: what is due leaves, and the next deadline is known.
void Engine::finish(Time now, Step& step) {
    if (signals_.has_restarted()) signals_.tell_restart(now, step);
    accounts_.clear_shared(now, step);
    rearming_.go_on(now, step);
    cancels_.dispatch(now, step);
    rehearsals_.begin_due(now, step);
    dead_men_.look_at_age(now, step);
    dead_men_.begin_due(now, step);
    verification_.look_at_age(now, step);
    verification_.begin_due(now, step);
    checks_.begin_due(now, step);
    looks_.begin_due(now, step);
    next_deadline_ = std::min(
        {rules_.next_deadline(), sources_.next_deadline(), links_.next_deadline(),
         accounts_.next_deadline(now), rearming_.next_deadline(now), cancels_.next_deadline(now),
         rehearsals_.next_deadline(now), verification_.next_deadline(now),
         checks_.next_deadline(now), dead_men_.next_deadline(now), looks_.next_deadline(now)});
}

// ---- To keep a kill's data near -----------------------------------------------------------------

Engine::Next Engine::next_cancel(FamilyId id, Time now) const {
    double touched = 0;
    for (std::size_t m = 0; m < plan_.metrics.size(); ++m)
        touched += rules_.touch(metrics_, id, id_at<MetricId>(m));
    return {cancels_.next_link(id, now), plan_.families[index(id)].lock, touched};
}

void Engine::touch(std::size_t turn) const {
    touch_lines(*this);
    accounts_.touch(turn);
    links_.touch(turn);
    cancels_.touch(turn);
    trips_.touch(turn);
    signals_.touch(turn);
    rules_.touch(turn);
}

}  // namespace scram
