// From a plan's rules to conditions, and from one plan's conditions to the next's.
#include <algorithm>
#include <limits>
#include <map>
#include <string_view>

#include "core/rules/rules.h"

namespace scram {
namespace {

// The same conditions on the same things, whatever their limits.
bool same_shape(const RuleSpec& a, const RuleSpec& b) {
    return a.name == b.name && a.kind == b.kind && a.metric == b.metric &&
           a.other_metric == b.other_metric && a.families == b.families && a.sources == b.sources &&
           a.per == b.per && a.over == b.over && a.within == b.within;
}

// What tripped by the one has tripped by the other.
bool same_trip(const RuleSpec& a, const RuleSpec& b) {
    return a.limit == b.limit && a.bound == b.bound && a.after == b.after && a.kills == b.kills &&
           a.shadow == b.shadow;
}

// Whatever is made of a value by the one is made of it by the other, and when.
bool same_judgement(const RuleSpec& a, const RuleSpec& b) {
    return same_shape(a, b) && same_trip(a, b) && a.hold_for == b.hold_for &&
           a.confirm == b.confirm && a.warn == b.warn;
}

}  // namespace

RuleSet::RuleSet(const Plan& plan) : RuleSet(plan, std::make_unique<StateMemory>(plan), nullptr) {}

RuleSet::RuleSet(const Plan& plan, StateMemory& memory) : RuleSet(plan, nullptr, &memory) {}

RuleSet::RuleSet(const Plan& plan, std::unique_ptr<StateMemory> own, StateMemory* memory)
    : own_(std::move(own)),
      rules_(plan.rules),
      sum_wait_(plan.timings.sum_wait),
      metric_count_(plan.metrics.size()),
      family_count_(plan.families.size()),
      armed_(plan.families.size(), true) {
    unknown_.resize(family_count_);
    StateMemory& kept = own_ ? *own_ : *memory;
    states_ = kept.conditions;
    ranges_ = kept.ranges;
    sums_ = kept.sums;
    sources_ = kept.sources;
    gone_ = kept.health.first(kept.health_counts[0]);
    bad_ = kept.health.subspan(gone_.size(), kept.health_counts[1]);
    stale_ = kept.health.subspan(gone_.size() + bad_.size());
    const auto as_bits = [&](const std::vector<FamilyId>& families) {
        std::vector<bool> bits(family_count_);
        for (const FamilyId family : families) bits[index(family)] = true;
        return bits;
    };
    for (const SourceSpec& source : plan.sources) {
        source_families_.push_back(source.families);
        expected_.push_back(source.expected);
        source_kills_.push_back(as_bits(source.families));
    }
    for (const RuleSpec& rule : rules_) {
        rule_kills_.push_back(as_bits(rule.kills.empty() ? rule.families : rule.kills));
    }
    for (std::size_t f = 0; f < family_count_; ++f) each_family_.push_back(id_at<FamilyId>(f));
    for (std::size_t r = 0; r < rules_.size(); ++r) {
        const auto begin = static_cast<std::uint32_t>(watches_.size());
        compile(id_at<RuleId>(r));
        const auto end = static_cast<std::uint32_t>(watches_.size());
        if (is_since_arming(rules_[r])) arming_rules_.push_back({id_at<RuleId>(r), begin, end});
    }
    holding_.resize(family_count_);
    index_watches();
    judged_in_.resize(watches_.size());
    goes_on_.resize(watches_.size());
    in_batch_.reserve(watches_.size());
    mark_told_by_gone();
    index_stale();
    for (Watch& watch : watches_) count_missing(watch);
    wait_until_.resize(watches_.size(), never);
    deadlines_ = Deadlines(timed_watch_.size() + 1);  // the last: of sums that wait
    breaches_max_ = states_.size() + 2 * warnings() + stale_.size() + bad_.size() + gone_.size();
}

void RuleSet::compile(RuleId id) {
    const RuleSpec& rule = rules_[index(id)];
    if (!is_of_values(rule.kind)) return;
    if (rule.per == Per::all) return add_watch(id, none<FamilyId>());
    for (const FamilyId family : rule.families) add_watch(id, family);
}

void RuleSet::add_watch(RuleId id, FamilyId family) {
    const RuleSpec& rule = rules_[index(id)];
    const auto conditions = static_cast<std::uint32_t>(is_by_source(rule) ? sources_.size() : 1);
    const auto size_of = [](const auto& list) { return static_cast<std::uint32_t>(list.size()); };
    const std::uint32_t first_window = has_range(rule) ? placed_.ranges : placed_.sums;
    watches_.push_back({id, family, placed_.states, first_window, size_of(timed_watch_)});
    mark_far(rule, watches_.back());
    placed_.states += conditions;
    if (has_range(rule)) placed_.ranges += conditions;
    if (rule.kind == RuleKind::count) placed_.sums += conditions;
    if (has_deadline(rule))
        timed_watch_.resize(timed_watch_.size() + conditions, size_of(watches_) - 1);
}

void RuleSet::mark_far(const RuleSpec& rule, Watch& watch) {
    if (rule.kind != RuleKind::limit || rule.per == Per::all || !rule.warn.empty()) return;
    constexpr double largest = std::numeric_limits<double>::max();  // an infinity is never far
    watch.each = is_by_source(rule);
    watch.far_low = rule.bound == Bound::above   ? -largest
                    : rule.bound == Bound::below ? rule.limit
                                                 : -rule.limit;
    watch.far_high = rule.bound == Bound::below ? largest : rule.limit;
}

// Of each expected source one value for each family and metric that the sum looks at.
void RuleSet::count_missing(Watch& watch) const {
    const RuleSpec& rule = rules_[index(watch.rule)];
    if (is_by_source(rule) || is_of_two_sources(rule) || sum_wait_ == Duration{}) return;
    const std::uint32_t metrics = rule.other_metric == none<MetricId>() ? 1 : 2;
    for (const FamilyId family : rule.families) {
        if (watch.family != none<FamilyId>() && watch.family != family) continue;
        for (std::size_t s = 0; s < expected_.size(); ++s) {
            if (expected_[s] && source_kills_[s][index(family)]) watch.missing += metrics;
        }
    }
}

// What all rules of kind `gone` together kill where a source vanishes. A shadow kills nothing.
void RuleSet::mark_told_by_gone() {
    std::vector<std::vector<bool>> killed(sources_.size(), std::vector<bool>(family_count_));
    for (const HealthWatch& watch : gone_) {
        if (rules_[index(watch.rule)].shadow) continue;
        for (const FamilyId family : kills(watch.rule, watch.family, watch.source))
            killed[index(watch.source)][index(family)] = true;
    }
    const auto all_killed = [&](SourceId source, std::span<const FamilyId> families) {
        return std::all_of(families.begin(), families.end(),
                           [&](FamilyId family) { return killed[index(source)][index(family)]; });
    };
    for (const HealthWatch& watch : stale_) {
        const auto its = kills(watch.rule, watch.family, watch.source);
        told_by_gone_.push_back(all_killed(watch.source, its));
    }
    for (std::size_t s = 0; s < sources_.size(); ++s)
        gone_kills_all_.push_back(all_killed(id_at<SourceId>(s), source_families_[s]));
}

void RuleSet::index_stale() {
    stale_begin_.assign(sources_.size() + 1, 0);
    for (const HealthWatch& watch : stale_) ++stale_begin_[index(watch.source) + 1];
    for (std::size_t s = 1; s < stale_begin_.size(); ++s) stale_begin_[s] += stale_begin_[s - 1];
    stale_list_.resize(stale_.size());
    std::vector<std::uint32_t> next(stale_begin_.begin(), stale_begin_.end() - 1);
    for (std::uint32_t i = 0; i < stale_.size(); ++i)
        stale_list_[next[index(stale_[i].source)]++] = i;
}

// Two passes of a counting sort: how many watches look at each (family, metric), then which.
void RuleSet::index_watches() {
    const auto for_each_cell = [&](auto&& visit) {
        for (std::uint32_t w = 0; w < watches_.size(); ++w) {
            const RuleSpec& rule = rules_[index(watches_[w].rule)];
            for (const FamilyId family : rule.families) {
                const bool looks =
                    watches_[w].family == none<FamilyId>() || watches_[w].family == family;
                if (!looks) continue;
                for (const MetricId metric : {rule.metric, rule.other_metric}) {
                    if (metric != none<MetricId>())
                        visit(index(family) * metric_count_ + index(metric), w);
                }
            }
        }
    };
    watch_begin_.assign(family_count_ * metric_count_ + 1, 0);
    for_each_cell([&](std::size_t cell, std::uint32_t) { ++watch_begin_[cell + 1]; });
    for (std::size_t c = 1; c < watch_begin_.size(); ++c) watch_begin_[c] += watch_begin_[c - 1];
    watch_list_.resize(watch_begin_.back());
    std::vector<std::uint32_t> next(watch_begin_.begin(), watch_begin_.end() - 1);
    for_each_cell([&](std::size_t cell, std::uint32_t w) { watch_list_[next[cell]++] = w; });
}

std::size_t RuleSet::warnings() const {
    std::size_t count = 0;
    for (const RuleSpec& rule : rules_)
        count += condition_count(rule, sources_.size()) * rule.warn.size();
    return count;
}

// ---- From one plan to the next ------------------------------------------------------------------

// Conditions that a rule of the same name had before keep what they know: the watches of one rule
// stand together, in an order that its shape decides. Where the rule is changed in any way, its
// deadlines come with on_reload().
void RuleSet::carry_over(const RuleSet& old) {
    std::copy(old.sources_.begin(), old.sources_.end(), sources_.begin());
    armed_ = old.armed_;
    for (const auto& [id, before] : pairs_by_name(old)) {
        const RuleSpec& rule = rules_[index(id)];
        if (!same_shape(rule, old.rules_[index(before)])) continue;
        carry_values(id, old, before);
        if (!same_trip(rule, old.rules_[index(before)])) continue;
        carry_health(gone_, id, old.gone_, before);
        carry_health(bad_, id, old.bad_, before);
        carry_health(stale_, id, old.stale_, before);
    }
}

void RuleSet::carry_values(RuleId id, const RuleSet& old, RuleId before) {
    const RuleSpec& rule = rules_[index(id)];
    const RuleSpec& old_rule = old.rules_[index(before)];
    const std::size_t count = condition_count(rule, sources_.size());
    if (!is_of_values(rule.kind) || count == 0) return;
    const Watch& from = old.watches_[old.first_watch(before)];
    const Watch& to = watches_[first_watch(id)];
    const auto copy = [count](const auto& source, std::size_t first, auto& target,
                              std::size_t target_first) {
        std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(first), count,
                    target.begin() + static_cast<std::ptrdiff_t>(target_first));
    };
    copy(old.states_, from.first_state, states_, to.first_state);
    if (has_range(rule)) copy(old.ranges_, from.first_window, ranges_, to.first_window);
    if (rule.kind == RuleKind::count) copy(old.sums_, from.first_window, sums_, to.first_window);
    for (std::size_t i = 0; i < count; ++i) {
        State& its = states_[to.first_state + i];
        // It still holds since then, and trips by the new limit, or for the new families, at once.
        if (its.phase == Phase::tripped && !same_trip(rule, old_rule)) its.phase = Phase::pending;
        if (rule.warn != old_rule.warn) its.warned = 0;
    }
    if (same_judgement(rule, old_rule)) carry_deadlines(id, old, before);
}

// As if there had been no reload; but one that waits for the first values of others is judged now.
void RuleSet::carry_deadlines(RuleId id, const RuleSet& old, RuleId before) {
    const std::size_t from = old.first_watch(before);
    const std::size_t conditions = is_by_source(rules_[index(id)]) ? sources_.size() : 1;
    std::size_t to = first_watch(id);
    for (std::size_t w = from; to < watches_.size() && watches_[to].rule == id; ++w, ++to) {
        if (old.watches_[w].missing > 0) continue;
        goes_on_[to] = true;
        if (!has_deadline(rules_[index(id)])) continue;
        for (std::size_t i = 0; i < conditions; ++i)
            deadlines_.set(watches_[to].first_deadline + i,
                           old.deadlines_.at(old.watches_[w].first_deadline + i));
    }
}

std::size_t RuleSet::first_watch(RuleId rule) const {
    const auto first =
        std::lower_bound(watches_.begin(), watches_.end(), rule,
                         [](const Watch& watch, RuleId id) { return watch.rule < id; });
    return static_cast<std::size_t>(first - watches_.begin());
}

std::vector<std::pair<RuleId, RuleId>> RuleSet::pairs_by_name(const RuleSet& old) const {
    std::map<std::string_view, RuleId> names;
    for (std::size_t r = 0; r < old.rules_.size(); ++r) {
        names.emplace(old.rules_[r].name, id_at<RuleId>(r));
    }
    std::vector<std::pair<RuleId, RuleId>> pairs;
    for (std::size_t r = 0; r < rules_.size(); ++r) {
        const auto found = names.find(rules_[r].name);
        if (found != names.end()) pairs.emplace_back(id_at<RuleId>(r), found->second);
    }
    return pairs;
}

void RuleSet::carry_health(std::span<HealthWatch> to, RuleId rule,
                           std::span<const HealthWatch> from, RuleId before) {
    const auto in_order = [](const HealthWatch& a, const HealthWatch& b) {
        return a.rule < b.rule;
    };
    const auto [first, last] = std::equal_range(to.begin(), to.end(), HealthWatch{rule}, in_order);
    auto old = std::lower_bound(from.begin(), from.end(), HealthWatch{before}, in_order);
    for (auto watch = first; watch != last; ++watch, ++old) {
        watch->holds = old->holds;
        watch->excused = old->excused;
        watch->silent_since = old->silent_since;
    }
}

}  // namespace scram
