#include "tests/sim/oracle.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace scram::sim {
namespace {

bool is_of_health(RuleKind kind) {
    return kind == RuleKind::stale || kind == RuleKind::gone || kind == RuleKind::bad;
}

bool contains(const std::vector<FamilyId>& all, FamilyId one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}
bool contains(const std::vector<SourceId>& all, SourceId one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

// ---- Inputs -------------------------------------------------------------------------------------

void Oracle::signal(SourceId from, const scram_signal& signal, Time now) {
    time(now);
    sources_[index(from)].seen = now;
    const BadReason bad = judge(from, signal);
    const bool is_ours = bad != BadReason::wrong_version && bad != BadReason::wrong_source;
    const BadReason order = is_ours ? follow(from, signal) : BadReason::none;
    last_bad_ = bad != BadReason::none ? bad : order;
    if (last_bad_ != BadReason::none) {
        const bool names_family =
            signal.kind == SCRAM_VALUE && signal.family < plan_.families.size();
        report_bad(from, names_family ? static_cast<FamilyId>(signal.family) : none<FamilyId>());
    }
    if (bad != BadReason::none || order == BadReason::sequence_back) return;
    if (signal.kind != SCRAM_VALUE) return;
    accept(from, static_cast<FamilyId>(signal.family), static_cast<MetricId>(signal.metric),
           signal.value, now);
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
    if (signal.kind != SCRAM_VALUE) return BadReason::unknown_kind;
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
    sources_[index(source)] = {true, false, now, now, 1};
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
    for (Condition& condition : conditions_) {
        if (condition.source == source && rule_of(condition).kind == RuleKind::stale)
            condition.held = false;
    }
}

void Oracle::vanished(SourceId source) {
    sources_[index(source)].vanished = true;
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
    look_for_silence(now);
}

// ---- Values -------------------------------------------------------------------------------------

void Oracle::accept(SourceId source, FamilyId family, MetricId metric, double value, Time now) {
    History& all = history(source, family, metric);
    const bool first = all.empty();
    const double before = first ? 0 : all.back().value;
    all.push_back({now, value});
    const double rose = first ? 0 : value >= before ? value - before : value;
    for (Condition& condition : conditions_) {
        if (looks_at(condition, source, family, metric))
            take(condition, source, family, metric, rose, first ? value : 0, now);
    }
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

void Oracle::take(Condition& condition, SourceId, FamilyId, MetricId, double rose, double arrived,
                  Time now) {
    const RuleSpec& rule = rule_of(condition);
    if (rule.kind == RuleKind::count) {
        condition.series.push_back({now, rose});
    } else if (rule.kind == RuleKind::drawdown || rule.kind == RuleKind::change) {
        for (Sample& sample : condition.series) sample.value += arrived;
        condition.series.push_back({now, value_of(condition)});
    }
    settle(condition, true, now);
}

// What the value is worth now, and whether that trips.
void Oracle::settle(Condition& condition, bool is_sample, Time now) {
    condition.looked = now;
    if (!known(condition)) return;
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
    if (rule.confirm > 1) seen_.note(Seen::confirmed_by_samples);
    trip(condition);
}

// Looks at each moment between the last look and now at which a window forgot something, and at the
// one at which the condition had held for long enough.
void Oracle::pass_time(Condition& condition, Time now) {
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
            warn(condition, reading);
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

// ---- Health -------------------------------------------------------------------------------------

void Oracle::report_bad(SourceId source, FamilyId family) {
    for (Condition& condition : conditions_) {
        if (rule_of(condition).kind != RuleKind::bad || condition.source != source) continue;
        if (condition.held) continue;
        condition.held = true;
        const bool shadow = rule_of(condition).shadow;
        foretold_.push_back({shadow ? BreachKind::would_trip : BreachKind::trip, condition.rule,
                             family, source, true, 0});
    }
}

void Oracle::look_for_silence(Time now) {
    for (Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        if (rule.kind != RuleKind::stale || !sources_[index(condition.source)].owes_signs) continue;
        const bool silent = last_sign(condition) + rule.after <= now;
        if (silent && !condition.held) trip(condition);
        condition.held = silent;
        condition.silent_since = last_sign(condition);
    }
}

Time Oracle::last_sign(const Condition& condition) const {
    const Source& source = sources_[index(condition.source)];
    const MetricId metric = rule_of(condition).metric;
    if (metric == none<MetricId>()) return source.seen;
    const History& all = history(condition.source, condition.family, metric);
    return all.empty() ? source.joined : std::max(source.joined, all.back().at);
}

Time Oracle::next_trip() const {
    Time next = never;
    for (const Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        if (rule.kind == RuleKind::stale) {
            if (!condition.held && sources_[index(condition.source)].owes_signs)
                next = std::min(next, last_sign(condition) + rule.after);
        } else if (condition.phase == Phase::pending && condition.samples >= rule.confirm) {
            next = std::min(next, condition.since + rule.hold_for);
        }
    }
    return next;
}

// ---- Telling ------------------------------------------------------------------------------------

void Oracle::trip(const Condition& condition, bool sure) {
    tell(condition, rule_of(condition).shadow ? BreachKind::would_trip : BreachKind::trip, sure);
}

void Oracle::tell(const Condition& condition, BreachKind kind, bool sure, double share) {
    foretold_.push_back({kind, condition.rule, condition.family, condition.source, sure, share});
}

std::vector<FamilyId> Oracle::kills(RuleId id, FamilyId family, SourceId source) const {
    const RuleSpec& rule = plan_.rules[index(id)];
    if (!rule.kills.empty()) return rule.kills;
    if (!is_of_health(rule.kind))
        return family != none<FamilyId>() ? std::vector{family} : rule.families;
    if (rule.kind == RuleKind::stale && family != none<FamilyId>()) return {family};
    return plan_.sources[index(source)].families;
}

bool Oracle::kills_family(const Condition& condition, FamilyId family) const {
    return contains(kills(condition.rule, condition.family, condition.source), family);
}

// A drawdown since arming begins anew with the arming, so it stands in nobody's way.
bool Oracle::holds(FamilyId family) const {
    return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        const RuleSpec& rule = rule_of(condition);
        if (rule.shadow || !kills_family(condition, family)) return false;
        if (rule.kind == RuleKind::drawdown && !is_windowed(rule)) return false;
        if (rule.kind == RuleKind::bad) return false;
        return is_of_health(rule.kind) ? condition.held : condition.phase == Phase::tripped;
    });
}

// An operator has looked at its trip: what is bad from now on trips anew.
void Oracle::looked_at(FamilyId family) {
    const bool by_force = holds(family);
    for (Condition& condition : conditions_) {
        const bool is_on = is_of_health(rule_of(condition).kind)
                               ? condition.held
                               : condition.phase == Phase::tripped;
        if (by_force && is_on && kills_family(condition, family)) condition.excused = true;
    }
    for (Condition& condition : conditions_) {
        if (rule_of(condition).kind == RuleKind::bad && kills_family(condition, family))
            condition.held = false;
    }
}

void Oracle::rearmed(FamilyId family, Time now) {
    armed_[index(family)] = true;
    for (Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        if (!kills_family(condition, family)) continue;
        if (rule.kind != RuleKind::drawdown || is_windowed(rule)) continue;
        const auto killed = kills(condition.rule, condition.family, condition.source);
        const bool guards_another = std::any_of(killed.begin(), killed.end(), [&](FamilyId other) {
            return other != family && armed_[index(other)];
        });
        if (guards_another || condition.series.empty()) continue;
        condition.series.assign(1, {now, value_of(condition)});
        settle(condition, false, now);
    }
}

// ---- Restart ------------------------------------------------------------------------------------

// A condition that tripped, and whose families nobody latched since scramd ended just then.
bool Oracle::is_undone(const Condition& condition) const {
    if (condition.excused || rule_of(condition).shadow) return false;
    const auto killed = kills(condition.rule, condition.family, condition.source);
    return std::any_of(killed.begin(), killed.end(),
                       [this](FamilyId family) { return armed_[index(family)]; });
}

void Oracle::restart(const std::vector<bool>& armed, Time now) {
    foretold_.clear();
    armed_ = armed;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        Source& source = sources_[s];
        if (!source.owes_signs || source.vanished) continue;
        source.awaited_until = now + plan_.timings.reattach_within;
        const bool silent =
            std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
                return rule_of(condition).kind == RuleKind::stale && condition.held &&
                       index(condition.source) == s &&
                       condition.silent_since == last_sign(condition);
            });
        if (!silent) source.joined = source.seen = now;
    }
    for (Condition& condition : conditions_) {
        const bool undone = is_undone(condition);
        if (is_of_health(rule_of(condition).kind)) {
            condition.held = condition.held && !undone;
            const bool gone = rule_of(condition).kind == RuleKind::gone &&
                              sources_[index(condition.source)].vanished;
            if (gone && !condition.held) trip(condition);
            condition.held = condition.held || gone;
            continue;
        }
        if (condition.phase == Phase::tripped && undone) {
            condition.phase = Phase::pending;
            seen_.note(Seen::tripped_by_start);
        }
        if (known(condition)) pass_time(condition, now);
    }
}

void Oracle::give_up_awaited(Time now) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        if (sources_[s].awaited_until > now) continue;
        sources_[s].awaited_until = never;
        seen_.note(Seen::awaited_in_vain);
        vanished(id_at<SourceId>(s));
    }
}

// ---- Reload -------------------------------------------------------------------------------------

// What a rule has told is told again where it trips otherwise now.
void Oracle::reload(const Plan& plan, Time now) {
    time(now);
    const Plan before = std::exchange(plan_, plan);
    for (Condition& condition : conditions_) {
        const RuleSpec& rule = rule_of(condition);
        const RuleSpec& old = before.rules[index(condition.rule)];
        const bool same = rule.limit == old.limit && rule.bound == old.bound &&
                          rule.after == old.after && rule.shadow == old.shadow;
        if (!same) condition.held = false;
        if (!same && condition.phase == Phase::tripped) condition.phase = Phase::pending;
        if (!is_of_health(rule.kind)) settle(condition, false, now);
        const bool gone = rule.kind == RuleKind::gone && sources_[index(condition.source)].vanished;
        if (!gone || condition.held) continue;
        condition.held = true;
        trip(condition);
    }
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
