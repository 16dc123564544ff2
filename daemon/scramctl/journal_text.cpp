#include "daemon/scramctl/journal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/iso_time.h"
#include "daemon/common/json.h"
#include "daemon/log/line.h"

namespace scram {
namespace {

struct Field {
    std::string_view key;
    std::string value;
    bool is_text = false;
};

class Fields {
  public:
    explicit Fields(const JournalRecord& record) : record_(record), texts_(texts_of(record)) {}

    std::vector<Field> gather() {
        add_ids();
        add_cause();
        add_answer();
        add_state();
        add_notes();
        return std::move(out_);
    }

  private:
    void add_ids() {
        const bool of_account = is(RecordKind::alarm_raised) || is(RecordKind::alarm_cleared);
        if (record_.trip != 0) number("trip", record_.trip);
        text("rule", texts_.rule);
        text(of_account ? "account" : "family", texts_.subject);
        if (is(RecordKind::tripped) && !texts_.rule.empty()) text("source", texts_.who);
        if (record_.link != no_id) {
            const auto account = texts_.subject.substr(0, texts_.subject.find('/'));
            text("link", fmt::format("{}#{}", account, record_.link));
        }
        if (record_.attempt != 0) number("attempt", record_.attempt);
        if (record_.has(JournalRecord::is_hedge)) raw("hedge", "true");
        if (record_.has(JournalRecord::is_late)) raw("late", "true");
        if (is(RecordKind::fired) && record_.lock_ms != 0) number("lock_ms", record_.lock_ms);
    }

    void add_cause() {
        if (!is(RecordKind::tripped) || texts_.rule.empty()) return;
        if (record_.reason != 0) text("bad", name(static_cast<BadReason>(record_.reason)));
        text("metric", texts_.metric);
        raw("value", json_number(record_.value));
        raw("limit", json_number(record_.limit));
    }

    void add_answer() {
        if (!is(RecordKind::answered) && !is(RecordKind::confirmed)) return;
        text("class", name(static_cast<AnswerClass>(record_.answer_class)));
        number("http", record_.http_status);
        if (record_.code == no_code) return;
        text("code", std::to_string(record_.code));
        text("why", why(record_.code));
    }

    void add_state() {
        if (is(RecordKind::standing)) {
            raw("latched", record_.has(JournalRecord::is_latched) ? "true" : "false");
            raw("unfinished", record_.has(JournalRecord::is_unfinished) ? "true" : "false");
            raw("confirmed", record_.has(JournalRecord::is_confirmed) ? "true" : "false");
        }
        if (is(RecordKind::lost)) raw("records", json_number(record_.value));
        if (is(RecordKind::alarm_raised) || is(RecordKind::alarm_cleared))
            text("alarm", name(static_cast<Alarm>(record_.reason)));
        if (is(RecordKind::rearm_refused)) {
            text("refusal", name(static_cast<Refusal>(record_.reason)));
        }
    }

    void add_notes() {
        if (is(RecordKind::started)) {
            text("boot", texts_.who);
            return text("journal", texts_.text);
        }
        if (texts_.rule.empty() || !is(RecordKind::tripped)) text("by", texts_.who);
        text("reason", texts_.text);
    }

    bool is(RecordKind kind) const { return record_.kind == kind; }
    void text(std::string_view key, std::string_view value) {
        if (!value.empty()) out_.push_back({key, std::string(value), true});
    }
    template <class Number>
    void number(std::string_view key, Number value) {
        raw(key, fmt::format("{}", value));
    }
    void raw(std::string_view key, std::string value) {
        out_.push_back({key, std::move(value), false});
    }

    const JournalRecord& record_;
    const Texts texts_;
    std::vector<Field> out_;
};

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
    std::string out = fmt::format("{} {} {}", time_text(record.wall_ms), number, name(record.kind));
    for (const Field& field : Fields(record).gather())
        out.append(" ").append(field.key).append("=").append(log_value(field.value));
    return out;
}

std::string record_json(const JournalRecord& record) {
    JsonObject out;
    out.add("sequence", record.sequence).add("event", name(record.kind));
    out.add("wall_ms", record.wall_ms).add("monotonic_ns", record.monotonic_ns);
    for (const Field& field : Fields(record).gather())
        out.add_raw(field.key, field.is_text ? json_string(field.value) : field.value);
    return out.text();
}

}  // namespace scram
