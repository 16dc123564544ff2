#include "core/replay/replay.h"

#include <algorithm>
#include <utility>

namespace scram {
namespace {

constexpr Duration for_ever = std::chrono::hours(24 * 365);

// As it decides, with a way to the exchange that nothing ever hinders: whatever it fires leaves.
Plan for_replay(Plan plan) {
    for (AccountSpec& account : plan.accounts) {
        account.budget.window = 1ns;
        account.budget.guard = {};
        account.links = links_per_account_max;
        account.dead_man.reset();
        account.rearm = {};
    }
    for (FamilySpec& family : plan.families) family.hold = false;
    plan.timings.rehearse_every = for_ever;
    plan.timings.rehearse_gap = 1ns;
    plan.timings.answer_timeout = for_ever;
    plan.timings.hedge_min = for_ever;
    plan.reads = plan.account_checks = false;
    return plan;
}

template <class Name>
std::vector<std::uint16_t> placed(const std::vector<std::string>& names, std::size_t count,
                                  Name name_at) {
    std::vector<std::uint16_t> out(names.size(), no_id);
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (std::size_t j = 0; j < count && out[i] == no_id; ++j) {
            if (names[i] == name_at(j)) out[i] = static_cast<std::uint16_t>(j);
        }
    }
    return out;
}

std::uint16_t id_in(const std::vector<std::uint16_t>& ids, std::size_t recorded) {
    return recorded < ids.size() ? ids[recorded] : no_id;
}

std::string name_of(const std::vector<std::string>& names, std::uint16_t id) {
    return id < names.size() ? names[id] : std::string();
}

}  // namespace

// ---- The run ------------------------------------------------------------------------------------

void Replay::play(std::span<const Stretch> run) {
    if (run.empty()) return;
    run_ = run;
    place_ = {};
    passed_ = wait_until_ = 0;
    begin(run.front());
    std::size_t stretch = 0;
    for (;;) {
        const Recorded* record = at(place_);
        if (record == nullptr) break;
        for (; stretch < place_.stretch;) go_on_in(run[++stretch]);
        take(*record);
        ++place_.record;
        ++passed_;
    }
    if (!begun_) restore(now_);
    end_operator_trip();
    end_ = wall(now_);
}

// The record there; moves to the next block or file where one has ended.
const Recorded* Replay::at(Place& place) const {
    for (; place.stretch < run_.size(); ++place.stretch, place.block = 0) {
        const auto& blocks = run_[place.stretch].blocks;
        for (; place.block < blocks.size(); ++place.block, place.record = 0) {
            if (place.record < blocks[place.block].size())
                return &blocks[place.block][place.record];
        }
    }
    return nullptr;
}

void Replay::begin(const Stretch& stretch) {
    const RecordingHead& head = *stretch.head;
    engine_ = std::make_unique<Engine>(for_replay(stretch.by->plan));
    step_ = std::make_unique<Step>(engine_->plan());
    in_flight_.clear();
    todo_.clear();
    restored_ = {};
    pulling_ = 0;
    begun_ = skipping_ = false;
    now_ = head.at;
    map_names(head, *stretch.by);
    behind_.assign(engine_->plan().sources.size(), 0);
    resync_.assign(engine_->plan().sources.size(), false);
    under_way_.assign(engine_->plan().families.size(), false);
    if (begin_ == WallMillis{}) begin_ = head.wall;
    losses_.cold = losses_.cold || head.state.empty();
    (void)engine_->recall(head.state, head.boot, head.wall, head.at);
}

void Replay::go_on_in(const Stretch& stretch) {
    skipping_ = true;
    const bool is_other = stretch.by != by_;
    map_names(*stretch.head, *stretch.by);
    if (!is_other) return;
    advance(stretch.head->at);
    now_ = std::max(now_, stretch.head->at);
    engine_->adopt(for_replay(stretch.by->plan), now_, *step_);
    settle();
    step_ = std::make_unique<Step>(engine_->plan());
}

void Replay::map_names(const RecordingHead& head, const ReplayPlan& by) {
    const Plan& plan = by.plan;
    head_ = &head;
    if (by_ != &by || count_of_.empty()) {
        count_of_.assign(plan.rules.size(), 0);
        for (std::size_t r = 0; r < plan.rules.size(); ++r) {
            const auto found = std::ranges::find(counts_, plan.rules[r].name, &Count::rule);
            count_of_[r] = static_cast<std::size_t>(found - counts_.begin());
            if (found == counts_.end()) counts_.push_back({plan.rules[r].name});
        }
    }
    by_ = &by;
    families_ = placed(head.families, plan.families.size(),
                       [&](std::size_t i) { return plan.families[i].name; });
    sources_ = placed(head.sources, plan.sources.size(),
                      [&](std::size_t i) { return plan.sources[i].name; });
    metrics_ =
        placed(head.metrics, plan.metrics.size(), [&](std::size_t i) { return plan.metrics[i]; });
}

// As a start does, before any other input.
void Replay::restore(Time now) {
    begun_ = true;
    engine_->on_restored(restored_, now, *step_);
    settle();
    for (std::size_t l = 0; l < engine_->link_count(); ++l) {
        engine_->on_link_up(id_at<LinkId>(l), now, *step_);
        settle();
    }
}

// ---- Records ------------------------------------------------------------------------------------

void Replay::take(const Recorded& record) {
    const bool can_be = record.at >= Time{} && record.at <= recorded_time_max;
    if (index(record.kind) >= recorded_kind_names.size() || !can_be) {
        ++losses_.records_unknown;
        return;
    }
    if (record.kind == RecordedKind::begun) {
        if (!begun_) restore(now_);
        skipping_ = false;
        return;
    }
    if (skipping_) return;
    if (record.kind == RecordedKind::restored) return take_restored(record);
    if (!begun_) restore(now_);
    if (pulling_ != 0 && record.kind != RecordedKind::latched) end_operator_trip();
    advance(record.at);
    now_ = std::max(now_, record.at);
    switch (record.kind) {
        case RecordedKind::signal:
            answer_due();
            return take_signal(record);
        case RecordedKind::batch_ended:
        case RecordedKind::signals_lost:
        case RecordedKind::joined:
        case RecordedKind::left:
        case RecordedKind::vanished: {
            const SourceId source = source_of(record.from);
            answer_due();
            if (source != none<SourceId>()) take_source(record, source);
            return;
        }
        case RecordedKind::latched:
        case RecordedKind::fired:
        case RecordedKind::accepted:
        case RecordedKind::armed: {
            const FamilyId family = family_of(record.family);
            if (family != none<FamilyId>()) take_family(record, family);
            return;
        }
        case RecordedKind::tripped:
        case RecordedKind::would_trip:
            return take_trip(record);
        case RecordedKind::gap:
            return take_gap(record);
        case RecordedKind::restored:
        case RecordedKind::begun:
            return;
    }
}

void Replay::take_restored(const Recorded& record) {
    const FamilyId family = family_of(record.family);
    if (family == none<FamilyId>()) return;
    const auto cancel = static_cast<Cancel>(record.detail);
    const bool unfinished = cancel == Cancel::due || cancel == Cancel::in_flight;
    under_way_[index(family)] = unfinished;
    if (begun_ || std::ranges::any_of(restored_.latched,
                                      [family](const auto& its) { return its.family == family; }))
        return;
    const TripId trip{std::max<std::uint64_t>(record.number, 1)};
    restored_.last_trip = std::max(restored_.last_trip, trip);
    restored_.latched.push_back({family, trip, unfinished, cancel == Cancel::accepted, "recorded"});
}

void Replay::take_signal(const Recorded& record) {
    ++signals_;
    const SourceId from = source_of(record.from);
    scram_signal signal{};
    const bool counts = from != none<SourceId>() && is_placed(record, signal);
    losses_.signals_unplaced += counts ? 0 : 1;
    if (from == none<SourceId>()) return;
    if (resync_[index(from)]) [[unlikely]] {
        resync_[index(from)] = false;
        behind_[index(from)] = record.number - engine_->next_sequence(from);
    }
    signal.sequence = record.number - behind_[index(from)];
    signal.published_ns = record.published_ns;
    signal.source = record.source == index(record.from) ? static_cast<std::uint16_t>(from) : no_id;
    signal.version = record.version;
    if (engine_->decide(from, signal, now_, *step_)) {
        engine_->conclude(now_, *step_);
        settle();
    }
    if (watcher_ && scram_is_value(signal.kind) && signal.metric < by_->plan.metrics.size() &&
        signal.family < by_->plan.families.size())
        watcher_(*engine_, static_cast<FamilyId>(signal.family),
                 static_cast<MetricId>(signal.metric), now_, wall(now_));
}

// What has no place in the plan is a sign of life, and no more.
bool Replay::is_placed(const Recorded& record, scram_signal& signal) const {
    signal.kind = record.signal_kind;
    if (scram_is_value(record.signal_kind) == 0) return true;
    signal.family = id_in(families_, record.family);
    signal.metric = id_in(metrics_, record.metric);
    signal.value = record.value;
    const bool is_known = record.family < families_.size() && record.metric < metrics_.size();
    if (!is_known || (signal.family != no_id && signal.metric != no_id)) return true;
    signal.family = signal.metric = 0;
    signal.value = 0;
    signal.kind = SCRAM_HEARTBEAT;
    return false;
}

void Replay::take_source(const Recorded& record, SourceId source) {
    switch (record.kind) {
        case RecordedKind::batch_ended:
            engine_->on_batch_ended(now_, *step_);
            break;
        case RecordedKind::signals_lost:
            engine_->on_signals_lost(source, now_, *step_);
            break;
        case RecordedKind::joined:
            behind_[index(source)] = record.number - 1;
            resync_[index(source)] = false;
            engine_->on_source_joined(source, now_, *step_);
            break;
        case RecordedKind::left:
            engine_->on_source_left(source, now_, *step_);
            break;
        default:
            engine_->on_source_vanished(source, now_, *step_);
            break;
    }
    settle();
}

void Replay::take_family(const Recorded& record, FamilyId family) {
    switch (record.kind) {
        case RecordedKind::latched:
            under_way_[index(family)] = true;
            if (pulling_ != 0 && record.number == pulling_) pulled_.push_back(family);
            if (!recorded_.trips.empty()) ++recorded_.trips.back().latched;
            return;
        case RecordedKind::fired:
            under_way_[index(family)] = true;
            return;
        case RecordedKind::accepted:
            under_way_[index(family)] = false;
            return answer_due();
        default:
            return arm(family);
    }
}

void Replay::arm(FamilyId family) {
    under_way_[index(family)] = false;
    answer_due();
    if (!engine_->family(family).latched) return;
    const TripId trip = engine_->family(family).wanted_by;
    engine_->on_rearm({&family, 1}, {&trip, 1}, {"recorded", "armed again"}, true, now_, *step_);
    settle();
}

void Replay::take_trip(const Recorded& record) {
    ListedTrip trip;
    trip.at = record.at;
    trip.wall = wall(record.at);
    trip.rule = name_of(head_->rules, record.rule);
    if (!trip.rule.empty()) trip.family = name_of(head_->families, record.family);
    trip.source = name_of(head_->sources, record.source);
    trip.shadow = record.kind == RecordedKind::would_trip;
    trip.value = record.value;
    trip.limit = record.limit;
    const bool by_operator = record.rule == no_id && record.detail == 1;
    if (record.rule == no_id && !by_operator) return;  // of a start: no trip, but what it found
    if (!by_operator) trip.bad = static_cast<BadReason>(record.detail);
    recorded_.add(std::move(trip));
    if (!by_operator) return;
    pulling_ = record.number;
    pulled_.clear();
}

void Replay::end_operator_trip() {
    if (std::exchange(pulling_, 0) == 0) return;
    engine_->on_trip(pulled_, {"recorded", "by an operator"}, now_, *step_);
    settle();
}

void Replay::take_gap(const Recorded& record) {
    losses_.records_missing += record.number;
    resync_.assign(resync_.size(), true);
}

SourceId Replay::source_of(SourceId recorded) const {
    return static_cast<SourceId>(id_in(sources_, index(recorded)));
}

FamilyId Replay::family_of(std::uint16_t recorded) const {
    return static_cast<FamilyId>(id_in(families_, recorded));
}

}  // namespace scram
