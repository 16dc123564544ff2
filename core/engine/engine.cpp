#include "core/engine/engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/check.h"
#include "core/rules/memory_format.h"

namespace scram {
namespace {

bool is_value(const scram_signal& signal) {
    return scram_is_value(signal.kind) != 0;
}

}  // namespace

// ---- A signal's way -----------------------------------------------------------------------------

bool Engine::decide(SourceId from, const scram_signal& signal, Time now, Step& step) {
    const BadReason bad = inspect(from, signal);
    const bool is_ours = bad != BadReason::wrong_version && bad != BadReason::wrong_source;
    const BadReason order = is_ours ? follow_sequence(from, signal) : BadReason::none;
    if (bad != BadReason::none || order != BadReason::none) [[unlikely]] {
        report_bad(from, signal, bad != BadReason::none ? bad : order);
    }
    // Behind a gap a value still counts; one that comes twice or late is older than what is known.
    const bool usable = bad == BadReason::none && order != BadReason::sequence_back;
    const bool counts = usable && is_value(signal);
    const std::uint64_t turn = turn_;
    if (!batch_.empty() && !(counts && goes_on(from, signal))) [[unlikely]]
        end_batch(time_from_ns(signal.published_ns), now, step);
    // A silence that ended too late is looked at before the sign that ends it counts.
    if (rules_.next_deadline() <= now) [[unlikely]]
        look_back(from, signal, counts, now);
    rules_.on_seen(from, now);
    if (counts) {
        if (batch_.empty() && signal.kind == SCRAM_VALUE) [[likely]]
            rules_.on_value(metrics_, store(from, signal, now), breaches_);
        else
            gather(from, signal, now);
        next_deadline_ = std::min(next_deadline_, rules_.next_deadline());
    }
    if (breaches_.empty() && turn_ == turn) [[likely]]
        return false;
    trip_breaches(time_from_ns(signal.published_ns), now, step);
    dispatch_all(now, step);
    return true;
}

Sample Engine::store(SourceId from, const scram_signal& signal, Time now) {
    const auto family = static_cast<FamilyId>(signal.family);
    const auto metric = static_cast<MetricId>(signal.metric);
    const double before = metrics_.value(from, family, metric);
    const bool first = metrics_.store(from, family, metric, signal.value, now);
    const bool restart = scram_is_restart(signal.kind) != 0;
    return {from, family, metric, signal.value, before, first, now, restart};
}

void Engine::gather(SourceId from, const scram_signal& signal, Time now) {
    const Sample sample = store(from, signal, now);
    if (sample.first) rules_.on_first(metrics_, sample);
    if (sample.restart) {
        rules_.on_series_restart(metrics_, sample);
        restarted_ = sample;
        ++turn_;  // so that decide() has it told, behind what it breaches
    }
    batch_.push_back(sample);
    if (scram_is_more(signal.kind) == 0 || batch_.size() == SCRAM_BATCH_MAX) judge_batch();
}

// It can hide a loss, so it is told; but no source can fill every log with it: in a second it is
// told as often as there are families, and the next tells how many were not.
void Engine::tell_restart(Time now, Step& step) {
    const Sample sample = std::exchange(restarted_, Sample{});
    SourceState& its = sources_[index(sample.source)];
    if (now - its.restarts_since >= 1s) {
        its.restarts_since = now;
        its.restarts_told = 0;
    }
    const std::size_t told_max = std::max<std::size_t>(SCRAM_BATCH_MAX, switches_.size());
    if (its.restarts_told == told_max) {
        ++its.restarts_untold;
        return;
    }
    ++its.restarts_told;
    Event& event = step.events.append();
    event.kind = EventKind::series_restarted;
    event.at = now;
    event.family = sample.family;
    event.source = sample.source;
    event.metric = sample.metric;
    event.suppressed = std::exchange(its.restarts_untold, 0u);
    event.value = sample.value;
    event.limit = sample.before;
}

// A batch is of one source, and has one value of each thing: what came before a second one stands
// by itself.
bool Engine::goes_on(SourceId from, const scram_signal& signal) const {
    return std::none_of(batch_.begin(), batch_.end(), [&](const Sample& sample) {
        return sample.source != from || (sample.family == static_cast<FamilyId>(signal.family) &&
                                         sample.metric == static_cast<MetricId>(signal.metric));
    });
}

// Judged before what ended it is looked at.
void Engine::end_batch(Time published, Time now, Step& step) {
    judge_batch();
    if (!breaches_.empty()) trip_breaches(published, now, step);
}

void Engine::judge_batch() {
    rules_.on_batch(metrics_, {&batch_[0], batch_.size()}, breaches_);
    batch_.clear();
}

void Engine::on_batch_ended(Time now, Step& step) {
    if (batch_.empty()) return;
    judge_batch();
    next_deadline_ = std::min(next_deadline_, rules_.next_deadline());
    if (breaches_.empty()) return;
    trip_breaches(Time{}, now, step);
    finish(now, step);
}

void Engine::look_back(SourceId from, const scram_signal& signal, bool is_value, Time now) {
    const Time published = std::min(time_from_ns(signal.published_ns), now);
    rules_.look_back(metrics_, from, published, breaches_);
    if (!is_value) return;
    const std::span<const Sample> batch(batch_.begin(), batch_.size());
    rules_.look_back(metrics_, from, static_cast<FamilyId>(signal.family),
                     static_cast<MetricId>(signal.metric), batch, published, breaches_);
}

void Engine::on_signals_lost(SourceId source, Time now, Step& step) {
    rules_.on_bad(source, none<FamilyId>(), none<MetricId>(), BadReason::ring_full, 0, breaches_);
    if (breaches_.empty()) return;
    trip_breaches(Time{}, now, step);
    finish(now, step);
}

// What a source writes is hostile: nothing of it is used as an index before it was looked at here.
BadReason Engine::inspect(SourceId from, const scram_signal& signal) const {
    if (signal.version != SCRAM_VERSION) return BadReason::wrong_version;
    if (signal.source != static_cast<std::uint16_t>(from)) return BadReason::wrong_source;
    if (signal.kind == SCRAM_HEARTBEAT) return BadReason::none;
    if (!is_value(signal)) return BadReason::unknown_kind;
    if (signal.family >= switches_.size()) return BadReason::unknown_family;
    if (signal.metric >= plan_.metrics.size()) return BadReason::unknown_metric;
    if (!sources_[index(from)].may_publish[signal.family]) return BadReason::foreign_family;
    if (!std::isfinite(signal.value)) return BadReason::not_finite;
    return BadReason::none;
}

// Follows on from whatever number came, so that an absurd one spoils the order once and not for
// good.
BadReason Engine::follow_sequence(SourceId from, const scram_signal& signal) {
    std::uint64_t& next = sources_[index(from)].next_sequence;
    const std::uint64_t expected = next;
    next = signal.sequence + 1;
    if (signal.sequence > expected) return BadReason::sequence_gap;
    return signal.sequence < expected ? BadReason::sequence_back : BadReason::none;
}

// The breach names only ids that exist.
void Engine::report_bad(SourceId from, const scram_signal& signal, BadReason bad) {
    const bool has_family = signal.family < switches_.size() && is_value(signal);
    const bool has_metric = signal.metric < plan_.metrics.size() && is_value(signal);
    rules_.on_bad(from, has_family ? static_cast<FamilyId>(signal.family) : none<FamilyId>(),
                  has_metric ? static_cast<MetricId>(signal.metric) : none<MetricId>(), bad,
                  signal.value, breaches_);
}

// ---- Sources ------------------------------------------------------------------------------------

void Engine::on_source_joined(SourceId source, Time now, Step& step) {
    sources_[index(source)].phase = SourcePhase::attached;
    sources_[index(source)].next_sequence = 1;
    rules_.on_joined(source, now);
    step.events.push_back({.kind = EventKind::source_joined, .at = now, .source = source});
    finish(now, step);
}

void Engine::on_source_left(SourceId source, Time now, Step& step) {
    sources_[index(source)].phase = SourcePhase::left;
    rules_.on_left(source);
    step.events.push_back({.kind = EventKind::source_left, .at = now, .source = source});
    finish(now, step);
}

void Engine::on_source_vanished(SourceId source, Time now, Step& step) {
    if (sources_[index(source)].phase != SourcePhase::attached) return;  // it had said goodbye
    sources_[index(source)].phase = SourcePhase::vanished;
    step.events.push_back({.kind = EventKind::source_vanished, .at = now, .source = source});
    rules_.on_vanished(source, breaches_);
    trip_breaches(Time{}, now, step);
    finish(now, step);
}

// ---- Restart, reload, time ----------------------------------------------------------------------

void Engine::on_restored(const Restored& restored, Time now, Step& step) {
    trips_ = static_cast<std::uint64_t>(restored.last_trip);
    attempts_ = static_cast<std::uint64_t>(restored.last_attempt);
    for (std::size_t a = 0; a < restored.budgets.size(); ++a) {
        accounts_[a].budget.restore(restored.budgets[a], now);
    }
    for (LinkState& link : links_) link.down_since = now;
    TripId by_start{};
    for (const Restored::Family& before : restored.latched) {
        if (before.trip == TripId{} && by_start == TripId{}) {
            by_start = TripId{++trips_};
            step.events.push_back({.kind = EventKind::tripped,
                                   .at = now,
                                   .trip = by_start,
                                   .text = FixedText<160>(before.why)});
        }
        restore(before, before.trip == TripId{} ? by_start : before.trip, now, step);
    }
    go_on(now, step);
    finish(now, step);
}

milliseconds Engine::longest_lock(milliseconds of_family) const {
    milliseconds longest = of_family;
    for (const RuleSpec& rule : plan_.rules) longest = std::max(longest, rule.lock.value_or(0ms));
    return longest;
}

void Engine::restore(const Restored::Family& before, TripId trip, Time now, Step& step) {
    const FamilySpec& spec = plan_.families[index(before.family)];
    KillSwitch& family = switches_[index(before.family)];
    // The exchange's lock outlived us, by which rule's wish is not known; and so may have bytes.
    const milliseconds lock = longest_lock(spec.lock);
    const Duration guard = plan_.accounts[index(spec.account)].budget.guard;
    family.restore(trip, spec.lock, before.confirmed, lock > 0ms ? now + lock + guard : Time{},
                   now);
    if (before.unfinished) {
        family.due(now);
        queue(before.family);
    }
    if (attempts_ > 0) remember_stray(before.family, 0ms, never, now);
    rules_.on_latched(before.family);
    step.actions.push_back({ActionKind::close_gate, spec.account, before.family});
    step.events.push_back({.kind = EventKind::restored,
                           .at = now,
                           .trip = trip,
                           .family = before.family,
                           .cancel = family->cancel,
                           .text = FixedText<160>(before.why)});
}

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
    told_.assign(plan_.rules.size(), {});
    for (std::size_t a = 0; a < accounts_.size(); ++a) {
        accounts_[a].budget.change(plan_.accounts[a].budget);
    }
    step.events.push_back({.kind = EventKind::plan_changed, .at = now});
    rules_.on_reload(metrics_, now, breaches_);
    trip_breaches(Time{}, now, step);
    finish(now, step);
}

void Engine::on_time(Time now, Step& step) {
    abort_overdue(now, step);
    if (rules_.next_deadline() <= now) rules_.on_time(metrics_, now, breaches_);
    if (awaited_until_ <= now) give_up_awaited(now, step);
    if (!breaches_.empty()) trip_breaches(Time{}, now, step);
    finish(now, step);
}

// Closes every input: what is due leaves, and the next deadline is known.
void Engine::finish(Time now, Step& step) {
    if (restarted_.restart) tell_restart(now, step);
    clear_shared_budgets(now, step);
    if (releasing_ > 0) release_all(now, step);
    dispatch_all(now, step);
    rehearse_due(now, step);
    update_deadline(now);
}

void Engine::update_deadline(Time now) {
    next_deadline_ = std::min({rules_.next_deadline(), go_on_arming_at_, awaited_until_});
    const auto also = [&](Time at) { next_deadline_ = std::min(next_deadline_, at); };
    for (const LinkState& link : links_) {
        if (!link.aborted) also(link.deadline);
        // One that is due already and may not rehearse now follows when what is in its way ends.
        const Time at = std::max(rehearse_at(link), next_rehearsal_);
        if (link.phase != LinkPhase::idle) continue;
        if (at > now) also(at);
        // And at the latest when a lost slot may be asked about: that goes before a cancel.
        const Time silent_until = accounts_[index(link.account)].budget.silent_until();
        if (silent_until > now) also(silent_until);
    }
    for (const Account& account : accounts_) {
        if (account.alarms[static_cast<std::size_t>(Alarm::budget_shared)])
            also(account.budget.next_regain(now));
        const bool held = account.hold_until > now;
        if (held) also(account.hold_until);
        const bool can_send = !held && idle_link(account) != none<LinkId>();
        for (const FamilyId id : account.families) {
            const Switch& family = *switches_[index(id)];
            if (family.release != Release::none && family.locked_until > now)
                also(family.locked_until);
            const Time wanted = wanted_at(family);
            if (wanted == never) continue;
            if (wanted > now) also(wanted);
            // Without an idle link the next link event goes on; without a slot in sight, the next
            // answer.
            else if (can_send)
                also(account.budget.next_take(now, purpose(family)));
        }
    }
}

// ---- Construction -------------------------------------------------------------------------------

Engine::Engine(Plan plan, std::span<std::byte> memory)
    : plan_(std::move(plan)),
      memory_(std::make_unique<StateMemory>(plan_, memory)),
      metrics_(plan_.sources.size(), plan_.families.size(), plan_.metrics.size(), memory_->values,
               memory_->times),
      rules_(plan_, *memory_),
      breaches_(rules_.breaches_max()),
      told_(plan_.rules.size()),
      switches_(plan_.families.size()),
      sources_(plan_.sources.size()) {
    for (std::size_t a = 0; a < plan_.accounts.size(); ++a) {
        Account account{Budget(plan_.accounts[a].budget), {}, {},
                        FamilySet(plan_.families.size()), {}, {}};
        for (std::size_t l = 0; l < plan_.accounts[a].links; ++l) {
            account.links.push_back(id_at<LinkId>(links_.size()));
            links_.push_back({});
            links_.back().account = id_at<AccountId>(a);
        }
        accounts_.push_back(std::move(account));
    }
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        accounts_[index(plan_.families[f].account)].families.push_back(id_at<FamilyId>(f));
    }
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        sources_[s].may_publish.assign(plan_.families.size(), false);
        for (const FamilyId family : plan_.sources[s].families) {
            sources_[s].may_publish[index(family)] = true;
        }
    }
}

}  // namespace scram
