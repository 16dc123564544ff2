// From what an earlier process left in its memory to what this one knows.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <unordered_map>

#include "core/rules/memory_format.h"
#include "core/rules/shape.h"

namespace scram {
namespace {

class Left {
  public:
    explicit Left(std::span<const std::byte> bytes) : bytes_(bytes) {}

    // Why nothing of it can be used; empty if it can.
    std::string_view open() {
        if (bytes_.size() < sizeof head) return "it is cut";
        std::memcpy(&head, bytes_.data(), sizeof head);
        const StateHead ours;
        if (head.magic != ours.magic || head.byte_order != ours.byte_order ||
            head.version != ours.version || head.part_count != ours.part_count)
            return "it is not of this version or machine";
        for (const StateHead::Part& part : head.parts) {
            const std::size_t size = std::size_t{part.count} * part.item_bytes;
            if (part.offset > bytes_.size() || size > bytes_.size() - part.offset)
                return "it is cut";
        }
        if (checksum_of_names(head, checksum_of_keys(head, bytes_)) != head.names)
            return "its head was changed";
        const bool sealed = head.whole != 0;
        if (sealed && (checksum(bytes_.subspan(sizeof head)) | 1) != head.whole)
            return "it was changed";
        return {};
    }

    // None if its items are of another size: another version's.
    template <class T>
    std::size_t count(StatePart part) const {
        const auto& its = head.parts[static_cast<std::size_t>(part)];
        return its.item_bytes == sizeof(T) ? its.count : 0;
    }
    template <class T>
    T at(StatePart part, std::size_t i, T out) const {
        static_assert(std::is_trivially_copyable_v<T>);
        std::memcpy(static_cast<void*>(&out), &byte(part, i * sizeof(T)), sizeof out);
        return out;
    }
    // The same, where `flags` are the places of its bools: a byte that is neither is no bool.
    template <class T, std::size_t N>
    T at(StatePart part, std::size_t i, const std::array<std::size_t, N>& flags,
         bool& sound) const {
        std::array<std::byte, sizeof(T)> bytes;
        std::memcpy(bytes.data(), &byte(part, i * sizeof(T)), sizeof(T));
        for (const std::size_t flag : flags) {
            if (bytes[flag] <= std::byte{1}) continue;
            bytes[flag] = std::byte{0};
            sound = false;
        }
        T out{};
        std::memcpy(static_cast<void*>(&out), bytes.data(), sizeof out);
        return out;
    }
    template <class T>
    T at(StatePart part, std::size_t i) const {
        return at(part, i, T{});
    }
    template <class Key, class KeyOf>
    std::unordered_map<std::uint64_t, std::size_t> places(StatePart keys, std::size_t items,
                                                          KeyOf key_of) const {
        std::unordered_map<std::uint64_t, std::size_t> out;
        for (std::size_t i = 0; i < std::min(count<Key>(keys), items); ++i)
            out.emplace(key_of(at<Key>(keys, i)), i);
        return out;
    }

    StateHead head;

  private:
    const std::byte& byte(StatePart part, std::size_t at) const {
        return bytes_[head.parts[static_cast<std::size_t>(part)].offset + at];
    }

    std::span<const std::byte> bytes_;
};

constexpr std::array condition_flags = {offsetof(ConditionState, begun),
                                        offsetof(ConditionState, excused)};
constexpr std::array health_flags = {offsetof(HealthWatch, holds), offsetof(HealthWatch, excused)};
constexpr std::array source_flags = {offsetof(SourceHealth, owes_signs),
                                     offsetof(SourceHealth, vanished),
                                     offsetof(SourceHealth, may_quote)};

constexpr Duration far{std::int64_t{1} << 61};  // 73 years: no sum of two is too much

class Recall {
  public:
    Recall(const Left& left, const Plan& plan, Duration moved, Time now, StateMemory& to)
        : left_(left), plan_(plan), moved_(moved), now_(now), to_(to) {}

    Recalled run() {
        values();
        conditions();
        health();
        sources();
        return out_;
    }

  private:
    // What is said of a time to come was never so. None: not known.
    Time moved(Time at) const {
        if (at == Time{}) return at;
        if (at < Time{} - far || at > Time{} + far) return {};
        const Time here = at + moved_;
        return here > now_ || here == Time{} ? Time{} : here;
    }

    void values() {
        const std::size_t count =
            std::min(left_.count<double>(StatePart::values), left_.count<Time>(StatePart::times));
        const auto places = left_.places<std::uint64_t>(StatePart::value_keys, count,
                                                        [](std::uint64_t key) { return key; });
        std::size_t known = 0;
        for (std::size_t i = 0; i < count; ++i)
            known += left_.at<Time>(StatePart::times, i) != Time{} ? 1 : 0;
        Time latest{};
        for (std::size_t i = 0; i < to_.value_keys.size(); ++i) {
            const auto found = places.find(to_.value_keys[i]);
            if (found == places.end()) continue;
            const double value = left_.at<double>(StatePart::values, found->second);
            const Time at = moved(left_.at<Time>(StatePart::times, found->second));
            out_.damaged += std::isfinite(value) ? 0 : 1;
            if (at == Time{} || !std::isfinite(value)) continue;
            to_.values[i] = value;
            to_.times[i] = at;
            latest = out_.values++ == 0 ? at : std::max(latest, at);
        }
        out_.values_lost = known - std::min(known, out_.values);
        if (out_.values > 0) out_.age = now_ - latest;
    }

    void conditions() {
        const auto places = left_.places<ConditionKey>(
            StatePart::condition_keys, left_.count<ConditionState>(StatePart::conditions),
            [](const ConditionKey& key) { return key.shape; });
        std::size_t at = 0;
        for (const RuleSpec& rule : plan_.rules) {
            if (!is_of_values(rule.kind)) continue;
            const std::size_t count = condition_count(rule, plan_.sources.size());
            for (std::size_t i = 0; i < count; ++i, ++at) {
                const auto found = places.find(to_.condition_keys[at].shape);
                if (found != places.end()) condition(rule, at, found->second);
            }
        }
    }

    void condition(const RuleSpec& rule, std::size_t at, std::size_t from) {
        using Phase = ConditionState::Phase;
        const ConditionKey& key = to_.condition_keys[at];
        const auto old_key = left_.at<ConditionKey>(StatePart::condition_keys, from);
        bool sound = true;
        auto state = left_.at<ConditionState>(StatePart::conditions, from, condition_flags, sound);
        sound = sound && state.phase <= Phase::tripped && state.warned <= warn_steps_max;
        if (!sound) {
            ++out_.damaged;
            return;
        }
        if (state.phase != Phase::clear) {
            const Time since = moved(state.since);
            state.since = since == Time{} ? now_ : since;
        }
        // It still holds since then, and trips by the new limit, or for the new families, at once.
        if (state.phase == Phase::tripped && key.trip != old_key.trip) state.phase = Phase::pending;
        if (key.warn != old_key.warn || state.warned > rule.warn.size()) state.warned = 0;
        if (!std::isfinite(state.peak)) state.begun = false;
        if (rule.kind == RuleKind::count) {
            counter(key, old_key);
        } else if (has_range(rule) && state.begun) {
            state.begun = range(key, old_key);
        }
        to_.conditions[at] = state;
        ++out_.conditions;
    }

    // False: its window starts over with the next value.
    bool range(const ConditionKey& key, const ConditionKey& old_key) {
        if (old_key.window - 1 >= left_.count<RangeWindow>(StatePart::ranges)) return false;
        RangeWindow& window = to_.ranges[key.window - 1];
        const auto old = left_.at<RangeWindow>(StatePart::ranges, old_key.window - 1, window);
        return window.resume(old, moved_, now_);
    }

    void counter(const ConditionKey& key, const ConditionKey& old_key) {
        if (old_key.window - 1 >= left_.count<SumWindow>(StatePart::sums)) return;
        SumWindow& window = to_.sums[key.window - 1];
        const auto old = left_.at<SumWindow>(StatePart::sums, old_key.window - 1, window);
        window.resume(old, moved_, now_);
    }

    void health() {
        const auto places = left_.places<HealthKey>(StatePart::health_keys,
                                                    left_.count<HealthWatch>(StatePart::health),
                                                    [](const HealthKey& key) { return key.shape; });
        for (std::size_t i = 0; i < to_.health.size(); ++i) {
            const auto found = places.find(to_.health_keys[i].shape);
            if (found == places.end()) continue;
            const auto key = left_.at<HealthKey>(StatePart::health_keys, found->second);
            if (key.trip != to_.health_keys[i].trip) continue;
            bool sound = true;
            const auto watch =
                left_.at<HealthWatch>(StatePart::health, found->second, health_flags, sound);
            out_.damaged += sound ? 0 : 1;
            if (!sound) continue;
            to_.health[i].holds = watch.holds;
            to_.health[i].excused = watch.excused;
            to_.health[i].silent_since = moved(watch.silent_since);
        }
    }

    void sources() {
        const auto places = left_.places<std::uint64_t>(
            StatePart::source_keys, left_.count<SourceHealth>(StatePart::sources),
            [](std::uint64_t key) { return key; });
        for (std::size_t s = 0; s < to_.sources.size(); ++s) {
            const auto found = places.find(to_.source_keys[s]);
            if (found == places.end()) continue;
            bool sound = true;
            to_.sources[s] =
                left_.at<SourceHealth>(StatePart::sources, found->second, source_flags, sound);
            if (!sound) maybe_attached(to_.sources[s]);
            to_.sources[s].joined = moved(to_.sources[s].joined);
            to_.sources[s].seen = moved(to_.sources[s].seen);
            out_.sources += to_.sources[s].owes_signs ? 1 : 0;
        }
    }

    // It may have been, and its quotes may rest: it owes a sign.
    void maybe_attached(SourceHealth& source) {
        ++out_.damaged;
        source.owes_signs = source.may_quote = true;
        source.vanished = false;
    }

    const Left& left_;
    const Plan& plan_;
    Duration moved_;
    Time now_;
    StateMemory& to_;
    Recalled out_;
};

// From the times of what was left to ours.
Duration moved_by(const StateHead& head, const BootNumber& boot, WallMillis wall, Time now) {
    if (head.boot == boot && boot != BootNumber{}) return {};
    // Not under its checksum: what no clock can have said is taken for now.
    constexpr std::int64_t wall_max = 8'000'000'000'000;
    const std::int64_t then =
        head.wall_ms < 0 || head.wall_ms > wall_max ? wall.value : head.wall_ms;
    const Time left = time_from_ns(head.monotonic_ns);
    const Duration since = milliseconds{std::max<std::int64_t>(wall.value - then, 0)};
    return now - since - (left < Time{} || left > Time{} + far ? now : left);
}

}  // namespace

Recalled recall(std::span<const std::byte> bytes, const Plan& plan, const BootNumber& boot,
                WallMillis wall, Time now, StateMemory& to) {
    if (bytes.empty()) return {};
    Left left(bytes);
    if (const std::string_view fault = left.open(); !fault.empty()) return {.fault = fault};
    return Recall(left, plan, moved_by(left.head, boot, wall, now), now, to).run();
}

}  // namespace scram
