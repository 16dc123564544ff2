// What goes on, and what is told anew, after a start and after a reload.
#include <algorithm>
#include <utility>

#include "tests/sim/contains.h"
#include "tests/sim/oracle.h"

namespace scram::sim {

// It tripped in the step that scramd ended in.
bool Oracle::is_in(const std::vector<Foretold>& step, const Condition& condition) {
    return std::any_of(step.begin(), step.end(), [&](const Foretold& told) {
        return told.kind == BreachKind::trip && told.rule == condition.rule &&
               told.family == condition.family && told.source == condition.source;
    });
}

// A condition that tripped, and whose families nobody latched since scramd ended just then.
bool Oracle::is_undone(const Condition& condition) const {
    if (condition.excused || rule_of(condition).shadow) return false;
    const auto killed = kills(condition.rule, condition.family, condition.source);
    return std::any_of(killed.begin(), killed.end(),
                       [this](FamilyId family) { return armed_[index(family)]; });
}

void Oracle::restart(const std::vector<bool>& armed, Time now) {
    const std::vector<Foretold> cut_off_with_it = std::exchange(foretold_, {});
    armed_ = armed;
    last_bad_ = BadReason::none;  // what was bad is not known any more
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        Source& source = sources_[s];
        if (!source.owes_signs || source.vanished) continue;
        source.heard = true;
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
            const RuleKind kind = rule_of(condition).kind;
            const bool ended = !condition.held && is_in(cut_off_with_it, condition);
            const bool is_lost =
                kind == RuleKind::bad ? condition.held : kind == RuleKind::stale && ended;
            if (undone && is_lost) trip(condition);
            condition.held = condition.held && (!undone || kind == RuleKind::bad);
            const bool gone = rule_of(condition).kind == RuleKind::gone &&
                              sources_[index(condition.source)].vanished &&
                              sources_[index(condition.source)].heard;
            if (gone && !condition.held) trip(condition);
            condition.held = condition.held || gone;
            continue;
        }
        const bool must_last = condition.phase == Phase::pending;
        if (condition.phase == Phase::tripped && undone) {
            condition.phase = Phase::pending;
            seen_.note(Seen::tripped_by_start);
        }
        Time came{};
        for (const Arrival& its : batch_) {
            if (looks_at(condition, its.source, its.family, its.metric))
                came = history(its.source, its.family, its.metric).back().at;
        }
        const bool cut_off = came != Time{};
        const bool keeps_peak = rule_of(condition).kind == RuleKind::drawdown ||
                                rule_of(condition).kind == RuleKind::change;
        if (cut_off && keeps_peak) condition.series.push_back({came, value_of(condition)});
        if (cut_off && must_last && !read(condition, came).breach) condition.phase = Phase::clear;
        const bool waited = waits(condition) || cut_off;
        condition.waited = has_value(condition);
        condition.wait_until = never;
        // Nobody judged what the end cut off: a warning that it would have been worth, and that is
        // over by now, is not told.
        if (known(condition))
            pass_time(condition, now, cut_off ? Warnings::missed : Warnings::told);
        if (waited && condition.waited) settle(condition, false, now);
    }
    // Of a batch that the end cut off, the values are known, and what a count rose by is lost.
    batch_.clear();
}

// Something that its sum looks at was ever said.
bool Oracle::has_value(const Condition& condition) const {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        for (std::size_t f = 0; f < plan_.families.size(); ++f) {
            for (std::size_t m = 0; m < plan_.metrics.size(); ++m) {
                const auto source = id_at<SourceId>(s);
                const auto family = id_at<FamilyId>(f);
                const auto metric = id_at<MetricId>(m);
                if (published(source, family, metric) &&
                    looks_at(condition, source, family, metric))
                    return true;
            }
        }
    }
    return false;
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
        condition.waited = true;
        const bool same = rule.limit == old.limit && rule.bound == old.bound &&
                          rule.after == old.after && rule.shadow == old.shadow;
        if (!same) condition.held = false;
        if (!same && condition.phase == Phase::tripped) condition.phase = Phase::pending;
        if (!is_of_health(rule.kind)) settle(condition, false, now);
        const bool gone = rule.kind == RuleKind::gone &&
                          sources_[index(condition.source)].vanished &&
                          sources_[index(condition.source)].heard;
        if (!gone || condition.held) continue;
        condition.held = true;
        trip(condition);
    }
}

}  // namespace scram::sim
