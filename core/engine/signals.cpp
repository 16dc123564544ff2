#include "core/engine/signals.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "core/base/prefetch.h"

namespace scram {
namespace {

bool is_value(const scram_signal& signal) {
    return scram_is_value(signal.kind) != 0;
}

}  // namespace

Signals::Signals(const Plan& plan, RuleSet& rules, MetricTable& metrics, Breaches& breaches)
    : families_(plan.families.size()),
      metrics_count_(plan.metrics.size()),
      rules_(rules),
      metrics_(metrics),
      breaches_(breaches),
      sources_(plan.sources.size()) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        sources_[s].may_publish.assign(plan.families.size(), false);
        for (const FamilyId family : plan.sources[s].families) {
            sources_[s].may_publish[index(family)] = true;
        }
    }
}

// ---- What is wrong with it ----------------------------------------------------------------------

bool Signals::inspect(SourceId from, const scram_signal& signal) {
    const BadReason bad = fault_of(from, signal);
    const bool is_ours = bad != BadReason::wrong_version && bad != BadReason::wrong_source;
    const BadReason order = is_ours ? follow_sequence(from, signal) : BadReason::none;
    if (bad != BadReason::none || order != BadReason::none) [[unlikely]] {
        report_bad(from, signal, bad != BadReason::none ? bad : order);
    }
    // Behind a gap a value still counts; one that comes twice or late is older than what is known.
    const bool usable = bad == BadReason::none && order != BadReason::sequence_back;
    return usable && is_value(signal);
}

// What a source writes is hostile: nothing of it is used as an index before it was looked at here.
BadReason Signals::fault_of(SourceId from, const scram_signal& signal) const {
    if (signal.version != SCRAM_VERSION) return BadReason::wrong_version;
    if (signal.source != static_cast<std::uint16_t>(from)) return BadReason::wrong_source;
    if (signal.kind == SCRAM_HEARTBEAT) return BadReason::none;
    if (!is_value(signal)) return BadReason::unknown_kind;
    if (signal.family >= families_) return BadReason::unknown_family;
    if (signal.metric >= metrics_count_) return BadReason::unknown_metric;
    if (!sources_[index(from)].may_publish[signal.family]) return BadReason::foreign_family;
    if (!std::isfinite(signal.value)) return BadReason::not_finite;
    return BadReason::none;
}

// Follows on from whatever number came, so that an absurd one spoils the order once and not for
// good.
BadReason Signals::follow_sequence(SourceId from, const scram_signal& signal) {
    std::uint64_t& next = sources_[index(from)].next_sequence;
    const std::uint64_t expected = next;
    next = signal.sequence + 1;
    if (signal.sequence > expected) return BadReason::sequence_gap;
    return signal.sequence < expected ? BadReason::sequence_back : BadReason::none;
}

// The breach names only ids that exist.
void Signals::report_bad(SourceId from, const scram_signal& signal, BadReason bad) {
    const bool has_family = signal.family < families_ && is_value(signal);
    const bool has_metric = signal.metric < metrics_count_ && is_value(signal);
    rules_.on_bad(from, has_family ? static_cast<FamilyId>(signal.family) : none<FamilyId>(),
                  has_metric ? static_cast<MetricId>(signal.metric) : none<MetricId>(), bad,
                  signal.value, breaches_);
}

// ---- What it says -------------------------------------------------------------------------------

void Signals::take(SourceId from, const scram_signal& signal, bool counts, Time now) {
    // A silence that ended too late is looked at before the sign that ends it counts.
    if (rules_.next_deadline() <= now) [[unlikely]]
        look_back(from, signal, counts, now);
    rules_.on_seen(from, now);
    if (!counts) return;
    const Sample sample = store(from, signal, now);
    if (batch_.empty() && signal.kind == SCRAM_VALUE) [[likely]]
        rules_.on_value(metrics_, sample, breaches_);
    else
        gather(sample, scram_is_more(signal.kind) == 0);
}

void Signals::look_back(SourceId from, const scram_signal& signal, bool counts, Time now) {
    const Time published = std::min(time_from_ns(signal.published_ns), now);
    rules_.look_back(metrics_, from, published, breaches_);
    if (!counts) return;
    const std::span<const Sample> batch(batch_.begin(), batch_.size());
    rules_.look_back(metrics_, from, static_cast<FamilyId>(signal.family),
                     static_cast<MetricId>(signal.metric), batch, published, breaches_);
}

Sample Signals::store(SourceId from, const scram_signal& signal, Time now) {
    const auto family = static_cast<FamilyId>(signal.family);
    const auto metric = static_cast<MetricId>(signal.metric);
    const double before = metrics_.value(from, family, metric);
    const bool first = metrics_.store(from, family, metric, signal.value, now);
    const bool restart = scram_is_restart(signal.kind) != 0;
    return {from, family, metric, signal.value, before, first, now, restart};
}

// ---- Batches ------------------------------------------------------------------------------------

void Signals::gather(const Sample& sample, bool is_last) {
    if (sample.first) rules_.on_first(metrics_, sample);
    if (sample.restart) {
        rules_.on_series_restart(metrics_, sample);
        restarted_ = sample;
    }
    batch_.push_back(sample);
    if (is_last || batch_.size() == SCRAM_BATCH_MAX) judge_batch();
}

// A batch is of one source, and has one value of each thing: what came before a second one stands
// by itself.
bool Signals::goes_on(SourceId from, const scram_signal& signal) const {
    return std::none_of(batch_.begin(), batch_.end(), [&](const Sample& sample) {
        return sample.source != from || (sample.family == static_cast<FamilyId>(signal.family) &&
                                         sample.metric == static_cast<MetricId>(signal.metric));
    });
}

void Signals::judge_batch() {
    rules_.on_batch(metrics_, {&batch_[0], batch_.size()}, breaches_);
    batch_.clear();
}

// No source can fill every log with it: in a second it is told as often as there are families, and
// the next tells how many were not.
void Signals::tell_restart(Time now, Step& step) {
    const Sample sample = std::exchange(restarted_, Sample{});
    Source& its = sources_[index(sample.source)];
    if (now - its.restarts_since >= 1s) {
        its.restarts_since = now;
        its.restarts_told = 0;
    }
    const std::size_t told_max = std::max<std::size_t>(SCRAM_BATCH_MAX, families_);
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

void Signals::touch(std::size_t turn) const {
    touch_one(sources_, turn);
}

}  // namespace scram
