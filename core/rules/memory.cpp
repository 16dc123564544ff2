#include "core/rules/memory.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/rules/memory_format.h"
#include "core/rules/shape.h"

namespace scram {
namespace {

constexpr std::size_t alignment = 64;

// ---- Keys ---------------------------------------------------------------------------------------

std::uint64_t key_of(std::string_view text) {
    return checksum(std::as_bytes(std::span(text.data(), text.size())), text.size());
}

std::uint64_t key_of(double number) {
    return key_of(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
}

template <class Id, class Specs>
std::uint64_t key_of(const std::vector<Id>& ids, const Specs& specs) {
    std::uint64_t key = ids.size();
    for (const Id id : ids) key = mixed(key, key_of(specs[index(id)].name));
    return key;
}

std::uint64_t key_of(MetricId id, const Plan& plan) {
    return id == none<MetricId>() ? 1 : key_of(plan.metrics[index(id)]);
}
std::uint64_t key_of(FamilyId id, const Plan& plan) {
    return id == none<FamilyId>() ? 2 : key_of(plan.families[index(id)].name);
}
std::uint64_t key_of(SourceId id, const Plan& plan) {
    return id == none<SourceId>() ? 3 : key_of(plan.sources[index(id)].name);
}

// A peak of a sum means nothing once another source is part of it, or one no longer.
std::uint64_t key_of_sources(const Plan& plan) {
    std::uint64_t key = plan.sources.size();
    for (const SourceSpec& source : plan.sources) key = mixed(key, key_of(source.name));
    return key;
}

std::uint64_t shape_of(const RuleSpec& rule, const Plan& plan) {
    std::uint64_t key = key_of(rule.name);
    key = mixed(key, static_cast<std::uint64_t>(rule.kind));
    key = mixed(key, key_of(rule.metric, plan));
    key = mixed(key, key_of(rule.other_metric, plan));
    key = mixed(key, static_cast<std::uint64_t>(rule.within.count()));
    if (!is_of_values(rule.kind)) return key;
    key = mixed(key, static_cast<std::uint64_t>(rule.per));
    key = mixed(key, static_cast<std::uint64_t>(rule.over));
    if (rule.per == Per::all) key = mixed(key, key_of(rule.families, plan.families));
    if (is_of_two_sources(rule)) return mixed(key, key_of(rule.sources, plan.sources));
    return is_by_source(rule) ? key : mixed(key, key_of_sources(plan));
}

std::uint64_t trip_of(const RuleSpec& rule, const Plan& plan) {
    std::uint64_t key = key_of(rule.limit);
    key = mixed(key, static_cast<std::uint64_t>(rule.bound));
    key = mixed(key, static_cast<std::uint64_t>(rule.after.count()));
    key = mixed(key, rule.shadow ? 1 : 0);
    return mixed(key, key_of(rule.kills, plan.families));
}

std::uint64_t warn_of(const RuleSpec& rule) {
    std::uint64_t key = rule.warn.size();
    for (const double step : rule.warn) key = mixed(key, key_of(step));
    return key;
}

// ---- Places -------------------------------------------------------------------------------------

struct Counts {
    explicit Counts(const Plan& plan)
        : values(plan.sources.size() * plan.families.size() * plan.metrics.size()),
          sources(plan.sources.size()) {
        for (const RuleSpec& rule : plan.rules) {
            if (!is_of_values(rule.kind)) continue;
            const std::size_t count = condition_count(rule, plan.sources.size());
            conditions += count;
            ranges += has_range(rule) ? count : 0;
            sums += rule.kind == RuleKind::count ? count : 0;
        }
        for (const RuleKind kind : {RuleKind::gone, RuleKind::bad, RuleKind::stale})
            health += health_watches(plan, kind).size();
    }
    std::size_t values, sources;
    std::size_t conditions = 0, ranges = 0, sums = 0, health = 0;
};

class Layout {
  public:
    explicit Layout(const Counts& counts) {
        add(StatePart::value_keys, counts.values, sizeof(std::uint64_t));
        add(StatePart::values, counts.values, sizeof(double));
        add(StatePart::times, counts.values, sizeof(Time));
        add(StatePart::condition_keys, counts.conditions, sizeof(ConditionKey));
        add(StatePart::conditions, counts.conditions, sizeof(ConditionState));
        add(StatePart::ranges, counts.ranges, sizeof(RangeWindow));
        add(StatePart::sums, counts.sums, sizeof(SumWindow));
        add(StatePart::source_keys, counts.sources, sizeof(std::uint64_t));
        add(StatePart::sources, counts.sources, sizeof(SourceHealth));
        add(StatePart::health_keys, counts.health, sizeof(HealthKey));
        add(StatePart::health, counts.health, sizeof(HealthWatch));
    }
    std::array<StateHead::Part, state_parts> parts{};
    std::size_t end = round_up(sizeof(StateHead));

  private:
    static constexpr std::size_t round_up(std::size_t size) {
        return (size + alignment - 1) / alignment * alignment;
    }
    void add(StatePart part, std::size_t count, std::size_t item_bytes) {
        parts[static_cast<std::size_t>(part)] = {static_cast<std::uint32_t>(count),
                                                 static_cast<std::uint32_t>(item_bytes), end};
        end = round_up(end + count * item_bytes);
    }
};

template <class T>
std::span<T> place(std::span<std::byte> memory, const StateHead& head, StatePart part) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto& its = head.parts[static_cast<std::size_t>(part)];
    return {reinterpret_cast<T*>(memory.data() + its.offset), its.count};
}

void name_values(const Plan& plan, StateMemory& memory) {
    for (std::size_t s = 0; s < plan.sources.size(); ++s)
        memory.source_keys[s] = key_of(plan.sources[s].name);
    std::size_t at = 0;
    for (const FamilySpec& family : plan.families) {
        for (const std::string& metric : plan.metrics) {
            const std::uint64_t cell = mixed(key_of(family.name), key_of(metric));
            for (const std::uint64_t source : memory.source_keys)
                memory.value_keys[at++] = mixed(cell, source);
        }
    }
}

void name_conditions(const Plan& plan, StateMemory& memory) {
    std::size_t at = 0, ranges = 0, sums = 0;
    for (const RuleSpec& rule : plan.rules) {
        if (!is_of_values(rule.kind)) continue;
        const ConditionKey of_rule{shape_of(rule, plan), trip_of(rule, plan), warn_of(rule), 0};
        const std::size_t watches = rule.per == Per::all ? 1 : rule.families.size();
        const std::size_t sources = is_by_source(rule) ? plan.sources.size() : 1;
        for (std::size_t i = 0; i < watches * sources; ++i) {
            ConditionKey key = of_rule;
            const auto family =
                rule.per == Per::all ? none<FamilyId>() : rule.families[i / sources];
            const auto source =
                is_by_source(rule) ? id_at<SourceId>(i % sources) : none<SourceId>();
            key.shape = mixed(key.shape, mixed(key_of(family, plan), key_of(source, plan)));
            if (has_range(rule)) {
                key.window = ranges + 1;
                memory.ranges[ranges++] = RangeWindow(rule.within);
            } else if (rule.kind == RuleKind::count) {
                key.window = sums + 1;
                memory.sums[sums++] = SumWindow(rule.within);
            }
            memory.conditions[at] = ConditionState{};
            memory.condition_keys[at++] = key;
        }
    }
}

void name_health(const Plan& plan, StateMemory& memory) {
    std::size_t at = 0, kind_at = 0;
    for (const RuleKind kind : {RuleKind::gone, RuleKind::bad, RuleKind::stale}) {
        const auto watches = health_watches(plan, kind);
        memory.health_counts[kind_at++] = watches.size();
        for (const HealthWatch& watch : watches) {
            const RuleSpec& rule = plan.rules[index(watch.rule)];
            const std::uint64_t who = mixed(key_of(watch.family, plan), key_of(watch.source, plan));
            memory.health_keys[at] = {mixed(shape_of(rule, plan), who), trip_of(rule, plan)};
            memory.health[at++] = watch;
        }
    }
}

}  // namespace

std::uint64_t checksum_of_keys(const StateHead& head, std::span<const std::byte> memory) {
    std::uint64_t sum = 0;
    for (const StatePart part : {StatePart::value_keys, StatePart::condition_keys,
                                 StatePart::source_keys, StatePart::health_keys}) {
        const auto& its = head.parts[static_cast<std::size_t>(part)];
        sum = checksum(memory.subspan(its.offset, std::size_t{its.count} * its.item_bytes), sum);
    }
    return sum;
}

std::uint64_t checksum_of_names(const StateHead& head, std::uint64_t keys) {
    const auto head_bytes = std::as_bytes(std::span(&head, 1));
    return checksum(head_bytes.first(offsetof(StateHead, names)), keys);
}

std::vector<HealthWatch> health_watches(const Plan& plan, RuleKind kind) {
    std::vector<HealthWatch> out;
    for (std::size_t r = 0; r < plan.rules.size(); ++r) {
        const RuleSpec& rule = plan.rules[r];
        if (rule.kind != kind) continue;
        const bool of_metric = kind == RuleKind::stale && rule.metric != none<MetricId>();
        for (const SourceId source : rule.sources) {
            if (!of_metric) out.push_back({.rule = id_at<RuleId>(r), .source = source});
            if (!of_metric) continue;
            const auto& own = plan.sources[index(source)].families;
            for (const FamilyId family : rule.families) {
                if (std::binary_search(own.begin(), own.end(), family))
                    out.push_back({.rule = id_at<RuleId>(r), .source = source, .family = family});
            }
        }
    }
    return out;
}

void go_on_from(const StateMemory& from, StateMemory& to) {
    StateHead head;
    std::memcpy(&head, from.bytes().data(), sizeof head);
    to.begin(head.boot, WallMillis{head.wall_ms}, time_from_ns(head.monotonic_ns));
    std::copy(from.values.begin(), from.values.end(), to.values.begin());
    std::copy(from.times.begin(), from.times.end(), to.times.begin());
}

std::size_t StateMemory::size_for(const Plan& plan) {
    return Layout(Counts(plan)).end;
}

StateMemory::StateMemory(const Plan& plan, std::span<std::byte> memory) : memory_(memory) {
    const Layout layout{Counts(plan)};
    if (memory_.empty()) {
        own_ = std::make_unique<Block[]>(layout.end / sizeof(Block));
        memory_ = {own_[0].bytes.data(), layout.end};
    }
    check(memory_.size() >= layout.end, "the state's memory has room for the plan");
    memory_ = memory_.first(layout.end);
    head_ = reinterpret_cast<StateHead*>(memory_.data());
    *head_ = StateHead{};
    head_->parts = layout.parts;
    value_keys = place<std::uint64_t>(memory_, *head_, StatePart::value_keys);
    values = place<double>(memory_, *head_, StatePart::values);
    times = place<Time>(memory_, *head_, StatePart::times);
    condition_keys = place<ConditionKey>(memory_, *head_, StatePart::condition_keys);
    conditions = place<ConditionState>(memory_, *head_, StatePart::conditions);
    ranges = place<RangeWindow>(memory_, *head_, StatePart::ranges);
    sums = place<SumWindow>(memory_, *head_, StatePart::sums);
    source_keys = place<std::uint64_t>(memory_, *head_, StatePart::source_keys);
    sources = place<SourceHealth>(memory_, *head_, StatePart::sources);
    health_keys = place<HealthKey>(memory_, *head_, StatePart::health_keys);
    health = place<HealthWatch>(memory_, *head_, StatePart::health);
    name_values(plan, *this);
    name_conditions(plan, *this);
    name_health(plan, *this);
    keys_ = checksum_of_keys(*head_, memory_);
    head_->names = checksum_of_names(*head_, keys_);
}

void StateMemory::begin(const BootNumber& boot, WallMillis wall, Time now) {
    head_->boot = boot;
    compare_clocks(wall, now);
    head_->names = checksum_of_names(*head_, keys_);
}

void StateMemory::compare_clocks(WallMillis wall, Time now) {
    head_->wall_ms = wall.value;
    head_->monotonic_ns = ns_of(now);
}

void StateMemory::seal(WallMillis wall, Time now) {
    compare_clocks(wall, now);
    head_->whole = checksum(memory_.subspan(sizeof(StateHead))) | 1;
}

}  // namespace scram
