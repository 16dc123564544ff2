#include "tests/sim/oracle.h"

#include <algorithm>
#include <cmath>

#include "tests/sim/contains.h"

namespace scram::sim {
namespace {

bool is_value(const scram_signal& signal) {
    return scram_is_value(signal.kind) != 0;
}

}  // namespace

// ---- Inputs -------------------------------------------------------------------------------------

void Oracle::signal(SourceId from, const scram_signal& signal, Time now) {
    const BadReason bad = judge(from, signal);
    const bool is_ours = bad != BadReason::wrong_version && bad != BadReason::wrong_source;
    const BadReason order = is_ours ? follow(from, signal) : BadReason::none;
    last_bad_ = bad != BadReason::none ? bad : order;
    const bool usable = bad == BadReason::none && order != BadReason::sequence_back;
    const bool counts = usable && is_value(signal);
    if (!counts || !belongs(from, signal)) {
        if (!batch_.empty()) causes_ = 2;
        judge_batch(now);
    }
    look_back(from, signal, counts, now);
    sources_[index(from)].seen = now;
    sources_[index(from)].heard = true;
    end_silence(from, none<FamilyId>(), none<MetricId>());
    if (last_bad_ != BadReason::none) {
        const bool names_family = is_value(signal) && signal.family < plan_.families.size();
        report_bad(from, names_family ? static_cast<FamilyId>(signal.family) : none<FamilyId>());
    }
    if (!counts) return;
    const auto family = static_cast<FamilyId>(signal.family);
    const auto metric = static_cast<MetricId>(signal.metric);
    const bool restart = scram_is_restart(signal.kind) != 0;
    accept(from, family, metric, signal.value, restart, now);
    if (restart) restart_series(from, family, metric, now);
    if (scram_is_more(signal.kind) == 0 || batch_.size() == SCRAM_BATCH_MAX) judge_batch(now);
}

// A batch is of one source, and has one value of each thing.
bool Oracle::belongs(SourceId from, const scram_signal& signal) const {
    return std::none_of(batch_.begin(), batch_.end(), [&](const Arrival& other) {
        return other.source != from ||
               (index(other.family) == signal.family && index(other.metric) == signal.metric);
    });
}

// What was due when it was published, of what it can end. Half of a batch is nothing to judge by.
void Oracle::look_back(SourceId from, const scram_signal& signal, bool is_value, Time now) {
    const Time published = std::min(time_from_ns(signal.published_ns), now);
    for (Condition& condition : conditions_) {
        const RuleKind kind = rule_of(condition).kind;
        if (kind == RuleKind::stale && condition.source == from && !condition.held)
            look_for_silence(condition, published);
        if (!is_value || is_of_health(kind) || is_moved(condition)) continue;
        if (looks_at(condition, from, static_cast<FamilyId>(signal.family),
                     static_cast<MetricId>(signal.metric)))
            pass_time(condition, std::max(published, condition.looked));
    }
}

// Nobody knows what they said, and nobody has seen the source write them.
void Oracle::signals_lost(SourceId source) {
    last_bad_ = BadReason::ring_full;
    report_bad(source, none<FamilyId>());
}

BadReason Oracle::judge(SourceId from, const scram_signal& signal) const {
    if (signal.version != SCRAM_VERSION) return BadReason::wrong_version;
    if (signal.source != index(from)) return BadReason::wrong_source;
    if (signal.kind == SCRAM_HEARTBEAT) return BadReason::none;
    if (!is_value(signal)) return BadReason::unknown_kind;
    if (signal.family >= plan_.families.size()) return BadReason::unknown_family;
    if (signal.metric >= plan_.metrics.size()) return BadReason::unknown_metric;
    const auto family = static_cast<FamilyId>(signal.family);
    if (!contains(plan_.sources[index(from)].families, family)) return BadReason::foreign_family;
    if (std::isnan(signal.value) || std::isinf(signal.value)) return BadReason::not_finite;
    return BadReason::none;
}

BadReason Oracle::follow(SourceId from, const scram_signal& signal) {
    const std::uint64_t expected = sources_[index(from)].expected;
    sources_[index(from)].expected = signal.sequence + 1;
    if (signal.sequence == expected) return BadReason::none;
    return signal.sequence > expected ? BadReason::sequence_gap : BadReason::sequence_back;
}

void Oracle::joined(SourceId source, Time now) {
    Source& its = sources_[index(source)];
    const bool cancelled =
        its.vanished && death_kills(source, plan_.sources[index(source)].families);
    its = {true, false, its.heard && !cancelled, now, now, 1};
    for (Condition& condition : conditions_) {
        if (condition.source != source) continue;
        if (rule_of(condition).kind == RuleKind::gone) condition.held = false;
        const bool shadow_bad =
            rule_of(condition).kind == RuleKind::bad && rule_of(condition).shadow;
        if (shadow_bad) condition.held = false;
    }
}

void Oracle::left(SourceId source) {
    sources_[index(source)].owes_signs = false;
    sources_[index(source)].heard = false;
    for (Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        if (condition.source == source && rule.kind == RuleKind::stale &&
            rule.metric == none<MetricId>())
            condition.held = false;
    }
}

void Oracle::vanished(SourceId source) {
    sources_[index(source)].vanished = true;
    if (!sources_[index(source)].heard) return;
    for (Condition& condition : conditions_) {
        if (rule_of(condition).kind != RuleKind::gone || condition.source != source) continue;
        if (!condition.held) trip(condition);
        condition.held = true;
    }
}

void Oracle::time(Time now) {
    for (Condition& condition : conditions_) {
        if (!is_of_health(rule_of(condition).kind)) pass_time(condition, now);
    }
    end_waits(now);
    look_for_silence(now);
}

// ---- Values -------------------------------------------------------------------------------------

// Kept at once; judged with what belongs to it.
void Oracle::accept(SourceId source, FamilyId family, MetricId metric, double value, bool restart,
                    Time now) {
    History& all = history(source, family, metric);
    const bool first = all.empty();
    const double before = first ? 0 : all.back().value;
    all.push_back({now, value});
    end_silence(source, family, metric);
    const double rose = first || restart ? 0 : value >= before ? value - before : value;
    batch_.push_back({source, family, metric, rose});
    if (!first) return;
    for (Condition& condition : conditions_) {
        if (looks_at(condition, source, family, metric) && waits(condition))
            condition.wait_until = std::min(condition.wait_until, now + plan_.timings.sum_wait);
        const RuleKind kind = rule_of(condition).kind;
        if (kind != RuleKind::drawdown && kind != RuleKind::change) continue;
        if (!looks_at(condition, source, family, metric)) continue;
        for (Sample& sample : condition.series) sample.value += value;
    }
}

// By what waits to be judged.
bool Oracle::is_moved(const Condition& condition) const {
    return std::any_of(batch_.begin(), batch_.end(), [&](const Arrival& its) {
        return looks_at(condition, its.source, its.family, its.metric);
    });
}

// What the value moves is compared with nothing from before, whoever else has a part in it.
void Oracle::restart_series(SourceId source, FamilyId family, MetricId metric, Time now) {
    for (Condition& condition : conditions_) {
        const RuleKind kind = rule_of(condition).kind;
        if (kind != RuleKind::drawdown && kind != RuleKind::change) continue;
        if (!looks_at(condition, source, family, metric)) continue;
        seen_.note(Seen::series_restarted);
        condition.series.assign(1, {now, value_of(condition)});
    }
}

void Oracle::judge_batch(Time now) {
    for (Condition& condition : conditions_) {
        double rose = 0;
        bool any = false;
        for (const Arrival& its : batch_) {
            if (!looks_at(condition, its.source, its.family, its.metric)) continue;
            rose += its.rose;
            any = true;
        }
        if (any) take(condition, rose, now);
    }
    batch_.clear();
}

bool Oracle::looks_at(const Condition& condition, SourceId source, FamilyId family,
                      MetricId metric) const {
    const RuleSpec& rule = rule_of(condition);
    if (is_of_health(rule.kind) || !contains(rule.families, family)) return false;
    if (metric != rule.metric && metric != rule.other_metric) return false;
    if (condition.family != none<FamilyId>() && condition.family != family) return false;
    if (rule.kind == RuleKind::divergence && rule.other_metric == none<MetricId>())
        return contains(rule.sources, source);
    return condition.source == none<SourceId>() || condition.source == source;
}

void Oracle::take(Condition& condition, double rose, Time now) {
    const RuleSpec& rule = rule_of(condition);
    if (rule.kind == RuleKind::count) {
        condition.series.push_back({now, rose});
    } else if (rule.kind == RuleKind::drawdown || rule.kind == RuleKind::change) {
        condition.series.push_back({now, value_of(condition)});
    }
    settle(condition, true, now);
}

// What the value is worth now, and whether that trips.
void Oracle::settle(Condition& condition, bool is_sample, Time now) {
    condition.looked = now;
    if (!known(condition) || waits(condition)) return;
    const RuleSpec& rule = rule_of(condition);
    const Reading reading = read(condition, now);
    warn(condition, reading);
    if (!reading.breach) {
        condition.phase = Phase::clear;
        condition.excused = false;
        return;
    }
    if (condition.phase == Phase::clear) {
        condition.phase = Phase::pending;
        condition.since = now;
        condition.samples = 1;
    } else if (is_sample) {
        ++condition.samples;
    }
    if (condition.phase == Phase::tripped) return;
    if (condition.samples < rule.confirm || now - condition.since < rule.hold_for) return;
    condition.phase = Phase::tripped;
    if (rule.confirm > 1) seen_.note(Seen::accepted_by_samples);
    trip(condition);
}

// Not everybody who is expected has said what belongs to this sum, and the time for it is not over.
bool Oracle::waits(const Condition& condition) const {
    const RuleSpec& rule = rule_of(condition);
    if (condition.waited || is_of_health(rule.kind) || condition.source != none<SourceId>())
        return false;
    if (rule.kind == RuleKind::divergence && rule.other_metric == none<MetricId>()) return false;
    const auto misses = [&](SourceId source, FamilyId family) {
        if (condition.family != none<FamilyId>() && condition.family != family) return false;
        if (!contains(plan_.sources[index(source)].families, family)) return false;
        return !published(source, family, rule.metric) ||
               (rule.other_metric != none<MetricId>() &&
                !published(source, family, rule.other_metric));
    };
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        if (!plan_.sources[s].expected) continue;
        for (const FamilyId family : rule.families) {
            if (misses(id_at<SourceId>(s), family)) return true;
        }
    }
    return false;
}

void Oracle::end_waits(Time now) {
    for (Condition& condition : conditions_) {
        if (condition.waited || condition.wait_until > now) continue;
        const bool waited = waits(condition);
        condition.waited = true;
        if (!waited) continue;
        seen_.note(Seen::sum_waited);
        settle(condition, false, now);
    }
}

// Looks at each moment between the last look and now at which a window forgot something, and at the
// one at which the condition had held for long enough.
void Oracle::pass_time(Condition& condition, Time now, Warnings warnings) {
    const Time from = condition.looked;
    condition.looked = now;
    const RuleSpec& rule = rule_of(condition);
    const bool any_warned = std::any_of(condition.warned.begin(), condition.warned.end(),
                                        [](bool warned) { return warned; });
    if (condition.phase == Phase::clear && !any_warned) return;
    const Time due = condition.phase == Phase::pending && condition.samples >= rule.confirm
                         ? condition.since + rule.hold_for
                         : never;
    Time ended = never;
    if (is_windowed(rule)) {
        const std::int64_t width = cell_width(rule);
        for (std::int64_t cell = cell_of(rule, from) + 1; cell <= cell_of(rule, now); ++cell) {
            const Reading reading = read(condition, time_from_ns(cell * width));
            if (warnings == Warnings::told) warn(condition, reading);
            if (reading.breach || ended != never) continue;
            ended = time_from_ns(cell * width);
        }
    }
    if (due <= now && due <= ended && condition.phase == Phase::pending) {
        condition.phase = Phase::tripped;
        seen_.note(Seen::held_long_enough);
        trip(condition, due < ended);
    }
    if (ended == never) return;
    condition.phase = Phase::clear;
    condition.excused = false;
}

void Oracle::warn(Condition& condition, const Reading& reading) {
    const RuleSpec& rule = rule_of(condition);
    const double share = reading.used / reading.allowed;
    for (std::size_t i = 0; i < rule.warn.size(); ++i) {
        const double step = rule.warn[i];
        const double back = step - std::min(warn_hysteresis, step / 2);
        const bool over = condition.warned[i] ? !(share <= back) : share >= step;
        if (over != condition.warned[i])
            tell(condition, over ? BreachKind::warning : BreachKind::warning_over, true, step);
        condition.warned[i] = over;
    }
}

// ---- Telling ------------------------------------------------------------------------------------

void Oracle::trip(Condition& condition, bool sure) {
    condition.excused = false;
    tell(condition, rule_of(condition).shadow ? BreachKind::would_trip : BreachKind::trip, sure);
}

void Oracle::tell(const Condition& condition, BreachKind kind, bool sure, double share) {
    foretold_.push_back({kind, condition.rule, condition.family, condition.source, sure, share});
}

// ---- Tables -------------------------------------------------------------------------------------

Oracle::Oracle(const Plan& plan, Coverage& seen)
    : plan_(plan),
      seen_(seen),
      histories_(plan.sources.size() * plan.families.size() * plan.metrics.size()),
      sources_(plan.sources.size()),
      armed_(plan.families.size(), true) {
    for (std::size_t r = 0; r < plan.rules.size(); ++r) add_conditions(id_at<RuleId>(r));
}

void Oracle::add_conditions(RuleId id) {
    const RuleSpec& rule = plan_.rules[index(id)];
    Condition condition;
    condition.rule = id;
    condition.warned.assign(rule.warn.size(), false);
    if (is_of_health(rule.kind)) {
        const bool of_metric = rule.kind == RuleKind::stale && rule.metric != none<MetricId>();
        for (const SourceId source : rule.sources) {
            condition.source = source;
            if (!of_metric) conditions_.push_back(condition);
            if (!of_metric) continue;
            for (const FamilyId family : rule.families) {
                condition.family = family;
                if (contains(plan_.sources[index(source)].families, family))
                    conditions_.push_back(condition);
            }
        }
        return;
    }
    const bool each = rule.over == Over::each && rule.kind != RuleKind::divergence;
    const std::size_t sources = each ? sources_.size() : 1;
    const std::size_t families = rule.per == Per::all ? 1 : rule.families.size();
    for (std::size_t f = 0; f < families; ++f) {
        for (std::size_t s = 0; s < sources; ++s) {
            condition.family = rule.per == Per::all ? none<FamilyId>() : rule.families[f];
            condition.source = each ? id_at<SourceId>(s) : none<SourceId>();
            conditions_.push_back(condition);
        }
    }
}

}  // namespace scram::sim
