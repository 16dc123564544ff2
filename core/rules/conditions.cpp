#include "core/rules/conditions.h"

#include <algorithm>
#include <limits>

namespace scram {
namespace {

void mark_far(const RuleSpec& rule, Watch& watch) {
    if (rule.kind != RuleKind::limit || rule.per == Per::all || !rule.warn.empty()) return;
    constexpr double largest = std::numeric_limits<double>::max();  // an infinity is never far
    watch.each = is_by_source(rule);
    watch.far_low = rule.bound == Bound::above   ? -largest
                    : rule.bound == Bound::below ? rule.limit
                                                 : -rule.limit;
    watch.far_high = rule.bound == Bound::below ? largest : rule.limit;
}

}  // namespace

Conditions::Conditions(const Plan& plan, std::span<const RuleSpec> rules, StateMemory& memory)
    : rules_(rules),
      sources_(plan.sources.size()),
      states_(memory.conditions),
      ranges_(memory.ranges),
      sums_(memory.sums) {
    for (std::size_t r = 0; r < rules_.size(); ++r) {
        const auto id = id_at<RuleId>(r);
        if (!is_of_values(rules_[r].kind)) continue;
        if (rules_[r].per == Per::all) add(id, none<FamilyId>());
        if (rules_[r].per == Per::all) continue;
        for (const FamilyId family : rules_[r].families) add(id, family);
    }
    index_watches(plan);
}

void Conditions::add(RuleId id, FamilyId family) {
    const RuleSpec& rule = rules_[index(id)];
    const auto conditions = static_cast<std::uint32_t>(is_by_source(rule) ? sources_ : 1);
    const auto size_of = [](const auto& list) { return static_cast<std::uint32_t>(list.size()); };
    const std::uint32_t first_window = has_range(rule) ? ranges_placed_ : sums_placed_;
    watches_.push_back({id, family, states_placed_, first_window, size_of(timed_watches_)});
    mark_far(rule, watches_.back());
    states_placed_ += conditions;
    if (has_range(rule)) ranges_placed_ += conditions;
    if (rule.kind == RuleKind::count) sums_placed_ += conditions;
    if (has_deadline(rule))
        timed_watches_.resize(timed_watches_.size() + conditions, size_of(watches_) - 1);
}

// Two passes of a counting sort: how many watches look at each (family, metric), then which.
void Conditions::index_watches(const Plan& plan) {
    const std::size_t metrics = plan.metrics.size();
    const auto for_each_cell = [&](auto&& visit) {
        for (std::uint32_t w = 0; w < watches_.size(); ++w) {
            const RuleSpec& its = rule(watches_[w]);
            for (const FamilyId family : its.families) {
                if (!watches_[w].watches(family)) continue;
                for (const MetricId metric : {its.metric, its.other_metric}) {
                    if (metric != none<MetricId>())
                        visit(index(family) * metrics + index(metric), w);
                }
            }
        }
    };
    watch_begin_.assign(plan.families.size() * metrics + 1, 0);
    for_each_cell([&](std::size_t cell, std::uint32_t) { ++watch_begin_[cell + 1]; });
    for (std::size_t c = 1; c < watch_begin_.size(); ++c) watch_begin_[c] += watch_begin_[c - 1];
    watch_list_.resize(watch_begin_.back());
    std::vector<std::uint32_t> next(watch_begin_.begin(), watch_begin_.end() - 1);
    for_each_cell([&](std::size_t cell, std::uint32_t w) { watch_list_[next[cell]++] = w; });
}

std::span<const Watch> Conditions::of(RuleId rule) const {
    const auto found = std::ranges::equal_range(watches_, rule, {}, &Watch::rule);
    return {found.begin(), found.end()};
}

Reading Conditions::read(const Condition& condition, double value) const {
    switch (condition.rule.kind) {
        case RuleKind::limit:
            return read_limit(condition.rule, value);
        case RuleKind::drawdown:
            if (!has_range(condition.rule))
                return read_fall(condition.rule, value, state(condition).peak);
            return read_range(condition.rule, value, range(condition));
        case RuleKind::change:
            return read_range(condition.rule, value, range(condition));
        case RuleKind::count:
            return read_amount(condition.rule, sum(condition).sum());
        case RuleKind::divergence:
        case RuleKind::stale:
        case RuleKind::gone:
        case RuleKind::bad:
            return read_amount(condition.rule, value);
    }
    return {};
}

// Its watches stand in an order that its shape decides.
void Conditions::carry_over(RuleId id, const Conditions& old, RuleId before) {
    const RuleSpec& rule = rules_[index(id)];
    const std::span<const Watch> watches = of(id);
    if (watches.empty()) return;
    const Watch& to = watches.front();
    const Watch& from = old.of(before).front();
    const std::size_t count = condition_count(rule, sources_);
    const auto copy = [count](const auto& source, std::size_t first, const auto& target,
                              std::size_t target_first) {
        std::ranges::copy(source.subspan(first, count), target.subspan(target_first).begin());
    };
    copy(old.states_, from.first_state, states_, to.first_state);
    if (has_range(rule)) copy(old.ranges_, from.first_window, ranges_, to.first_window);
    if (rule.kind == RuleKind::count) copy(old.sums_, from.first_window, sums_, to.first_window);
}

}  // namespace scram
