#include "daemon/records/recorder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "core/base/checksum.h"
#include "daemon/records/journal.h"
#include "net/clock.h"

namespace scram {
namespace {

// Room that a new file's beginning may take, and the record of a gap.
std::size_t room_to_begin(const Engine& engine) {
    return engine.plan().families.size() + engine.plan().sources.size() + 3;
}

}  // namespace

std::unique_ptr<Recorder> Recorder::make(const Config& config) {
    if (config.recording.directory.empty()) return nullptr;
    return std::make_unique<Recorder>(config, wall_now());
}

Recorder::Recorder(const Config& config, WallMillis now)
    : writer_(config.recording),
      run_(mixed(static_cast<std::uint64_t>(now.value), static_cast<std::uint64_t>(getpid()))),
      boot_(boot_id()),
      base_(base(config)) {}

std::shared_ptr<const RecordingHead> Recorder::base(const Config& config) const {
    RecordingHead head;
    head.run = run_;
    head.boot = boot_;
    take_names(config.plan, head);
    head.config = describe(config);
    head.config_hash = config_hash(head.config);
    return std::make_shared<const RecordingHead>(std::move(head));
}

// What waits for room to begin has no place before that: it is lost.
void Recorder::begin(RecordingBegin why, const Engine& engine, WallMillis wall, Time now) {
    if (!writer_.has_room_for_file() || writer_.room() < room_to_begin(engine)) {
        if (why != RecordingBegin::next) owed_ = why;
        return;
    }
    owed_.reset();
    auto next = std::make_unique<NextRecording>();
    next->base = base_;
    next->number = ++file_number_;
    next->begin = why;
    next->wall = wall;
    next->at = now;
    const auto state = engine.state().bytes();
    if (state.size() <= recording_state_max) next->state.assign(state.begin(), state.end());
    writer_.begin_file(std::move(next));
    if (why != RecordingBegin::start) push_state(engine, now);
}

void Recorder::begun(Time now) {
    told(RecordedKind::begun, none<SourceId>(), now);
}

void Recorder::push_state(const Engine& engine, Time now) {
    for (std::size_t f = 0; f < engine.plan().families.size(); ++f) {
        const Switch& family = engine.family(id_at<FamilyId>(f));
        if (!family.latched) continue;
        Recorded record;
        record.at = now;
        record.kind = RecordedKind::restored;
        record.family = static_cast<std::uint16_t>(f);
        record.number = static_cast<std::uint64_t>(family.wanted_by);
        record.detail = static_cast<std::uint8_t>(family.cancel);
        push(record);
    }
    for (std::size_t s = 0; s < engine.plan().sources.size(); ++s) {
        const auto source = id_at<SourceId>(s);
        if (engine.phase(source) != SourcePhase::attached) continue;
        Recorded record;
        record.at = now;
        record.kind = RecordedKind::joined;
        record.from = source;
        record.number = engine.next_sequence(source);
        push(record);
    }
    begun(now);
}

void Recorder::told(RecordedKind kind, SourceId source, Time now) {
    Recorded record;
    record.at = now;
    record.kind = kind;
    record.from = source;
    record.number = 1;
    push(record);
}

void Recorder::after(const Step& step, const Engine& engine, Time now) {
    for (const Event& event : step.events) {
        Recorded record = recorded(event);
        if (record.kind == RecordedKind::begun) continue;
        // An unlocking or a renewal is none of a trip.
        if (record.kind == RecordedKind::fired && !is_unfinished(engine.family(event.family)))
            continue;
        push(record);
    }
    for (const Action& action : step.actions) {
        if (action.kind != ActionKind::open_gate) continue;
        Recorded record;
        record.at = now;
        record.kind = RecordedKind::armed;
        record.family = static_cast<std::uint16_t>(action.family);
        push(record);
    }
}

void Recorder::push(const Recorded& record) {
    if (owed_ || writer_.room() < 2) [[unlikely]] {
        ++lost_;
        return;
    }
    if (lost_told_ != lost_) [[unlikely]] {
        Recorded gap;
        gap.at = record.at;
        gap.kind = RecordedKind::gap;
        gap.number = lost_ - std::exchange(lost_told_, lost_);
        writer_.push(gap);
    }
    writer_.push(record);
}

std::vector<LogNotice> Recorder::beat(const Engine& engine, WallMillis wall, Time now) {
    if (owed_) {
        begin(*owed_, engine, wall, now);
    } else if (writer_.is_full()) {
        begin(RecordingBegin::next, engine, wall, now);
    }
    std::vector<LogNotice> out;
    const std::string trouble = writer_.trouble();
    const auto tell = [&](int priority, LogEvent event, std::string_view detail) {
        out.push_back({priority, LogLine(event).add("detail", detail).text()});
    };
    if (!trouble.empty() && reported_.empty()) tell(4, LogEvent::recording_error, trouble);
    if (trouble.empty() && !reported_.empty())
        tell(5, LogEvent::recording_recovered, "signals are recorded again");
    reported_ = trouble;
    const std::uint64_t lost = lost_ - std::exchange(lost_logged_, lost_);
    if (lost > 0)
        tell(
            4, LogEvent::recording_error,
            fmt::format("{} records found no room, since the disk is slow or takes nothing", lost));
    return out;
}

}  // namespace scram
