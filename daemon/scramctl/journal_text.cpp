#include "daemon/scramctl/journal_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/iso_time.h"
#include "daemon/log/told_event.h"

namespace scram {
namespace {

bool is_alarm(RecordKind kind) {
    return kind == RecordKind::alarm_raised || kind == RecordKind::alarm_cleared;
}

bool has_answer(RecordKind kind) {
    return kind == RecordKind::answered || kind == RecordKind::accepted ||
           kind == RecordKind::lock_released;
}

// Numbers of any bytes are told as they are: a record that is wrong must be seen as such.
template <class Enum>
Enum reason_as(const JournalRecord& record, RecordKind of) {
    return record.kind == of ? static_cast<Enum>(record.reason) : Enum{};
}

ToldEvent told(const JournalRecord& record, const Texts& texts) {
    const bool is_breach = record.kind == RecordKind::tripped && !texts.rule.empty();
    ToldEvent out;
    out.trip = record.trip;
    out.attempt = record.attempt;
    out.rule = texts.rule;
    (is_of_account(record.kind) ? out.account : out.family) = texts.subject;
    out.metric = texts.metric;
    if (record.link != no_id)
        out.link =
            fmt::format("{}#{}", texts.subject.substr(0, texts.subject.find('/')), record.link);
    if (is_alarm(record.kind)) out.alarm = static_cast<Alarm>(record.reason);
    out.refusal = reason_as<Refusal>(record, RecordKind::rearm_refused);
    if (record.kind == RecordKind::fired) out.lock = milliseconds(record.lock_ms);
    out.hedge = record.has(JournalRecord::is_hedge);
    out.late = record.has(JournalRecord::is_late);
    if (is_breach) out.bad = static_cast<BadReason>(record.reason);
    if (is_breach) out.values = ToldEvent::Values::metric;
    out.value = record.value;
    out.limit = record.limit;
    if (is_breach || out.refusal == Refusal::unknown_value) out.source = texts.who;
    if (has_answer(record.kind))
        out.answer =
            Answer{static_cast<AnswerClass>(record.answer_class), record.http_status, record.code};
    return out;
}

// What no event tells.
void add_state(Fields& to, const JournalRecord& record) {
    const auto add = [&](std::string_view key, std::uint8_t flag) {
        to.number(key, record.has(flag));
    };
    if (record.kind == RecordKind::lost) to.value("records", record.value);
    if (record.kind != RecordKind::standing) return;
    add("latched", JournalRecord::is_latched);
    add("unfinished", JournalRecord::is_unfinished);
    add("accepted", JournalRecord::is_accepted);
}

Fields fields_of(const JournalRecord& record) {
    const Texts texts = texts_of(record);
    const ToldEvent event = told(record, texts);
    Fields out = fields_of(event);
    add_state(out, record);
    if (record.kind == RecordKind::started)
        return out.text("boot", texts.who).text("journal", texts.text);
    if (event.source.empty()) out.text("by", texts.who);
    return out.text("reason", texts.text);
}

std::string time_text(std::int64_t wall_ms) {
    constexpr std::int64_t year_10000 = 253'402'300'800'000;
    const auto text =
        timestamp_text(WallMillis{std::clamp<std::int64_t>(wall_ms, 0, year_10000 - 1)});
    return {text.data(), text.size()};
}

}  // namespace

std::string record_line(const JournalRecord& record) {
    // A file's opening is not numbered.
    const std::string number = record.sequence == 0 ? "-" : fmt::format("#{}", record.sequence);
    const std::string out =
        fmt::format("{} {} {}", time_text(record.wall_ms), number, name(record.kind));
    return out + fields_of(record).line();
}

std::string record_json(const JournalRecord& record) {
    JsonObject out;
    out.add("sequence", record.sequence).add("event", name(record.kind));
    out.add("wall_ms", record.wall_ms).add("monotonic_ns", record.monotonic_ns);
    fields_of(record).add_to(out);
    return out.text();
}

}  // namespace scram
