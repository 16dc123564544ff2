#include "core/journal/record.h"

#include <algorithm>

namespace scram {
namespace {

// Files hold these numbers: a new name goes to the end of its list.
static_assert(static_cast<int>(AnswerClass::confirmed) == 0);
static_assert(static_cast<int>(AnswerClass::refused) == 6);
static_assert(static_cast<int>(BadReason::ring_full) == 10);
static_assert(static_cast<int>(Alarm::refused) == 2);
static_assert(static_cast<int>(Refusal::unknown_value) == 3);

RecordKind kind_of(EventKind kind) {
    switch (kind) {
        case EventKind::tripped:
            return RecordKind::tripped;
        case EventKind::latched:
            return RecordKind::latched;
        case EventKind::fired:
            return RecordKind::fired;
        case EventKind::answered:
            return RecordKind::answered;
        case EventKind::attempt_lost:
            return RecordKind::attempt_lost;
        case EventKind::confirmed:
            return RecordKind::confirmed;
        case EventKind::rearmed:
            return RecordKind::rearmed;
        case EventKind::rearm_refused:
            return RecordKind::rearm_refused;
        case EventKind::lock_released:
            return RecordKind::lock_released;
        case EventKind::lock_expired:
            return RecordKind::lock_expired;
        case EventKind::alarm_raised:
            return RecordKind::alarm_raised;
        case EventKind::alarm_cleared:
            return RecordKind::alarm_cleared;
        case EventKind::plan_changed:
            return RecordKind::plan_changed;
        case EventKind::restored:  // the board has told it as `standing`, before the engine ran
        case EventKind::lock_unconfirmed:
        case EventKind::warned:
        case EventKind::warning_over:
        case EventKind::would_trip:
        case EventKind::source_joined:
        case EventKind::source_left:
        case EventKind::source_vanished:
        case EventKind::series_restarted:
        case EventKind::link_up:
        case EventKind::link_down:
        case EventKind::rehearsal_failed:
        case EventKind::rehearsal_lost:
            return RecordKind::none;
    }
    return RecordKind::none;
}

std::uint16_t number_in_account(const Engine& engine, LinkId link) {
    std::size_t first = 0;
    for (std::size_t a = 0; a < index(engine.account_of(link)); ++a) {
        first += engine.plan().accounts[a].links;
    }
    return static_cast<std::uint16_t>(index(link) - first);
}

std::uint8_t reason_of(const Event& event) {
    if (event.alarm != Alarm::none) return static_cast<std::uint8_t>(event.alarm);
    if (event.refusal != Refusal::none) return static_cast<std::uint8_t>(event.refusal);
    return static_cast<std::uint8_t>(event.bad);
}

std::uint8_t flags_of(const Event& event, const Engine& engine) {
    int flags = event.hedge ? JournalRecord::is_hedge : 0;
    if (event.late) flags |= JournalRecord::is_late;
    if (event.family == none<FamilyId>()) return static_cast<std::uint8_t>(flags);
    flags |= flags_of(standing_of(engine.family(event.family)));
    return static_cast<std::uint8_t>(flags);
}

template <class Id, class Specs>
std::string_view name_of(Id id, const Specs& specs) {
    return index(id) < specs.size() ? std::string_view(specs[index(id)].name) : std::string_view{};
}

Texts texts_of(const Event& event, const Plan& plan) {
    Texts texts;
    texts.subject = event.account != none<AccountId>() ? name_of(event.account, plan.accounts)
                                                       : name_of(event.family, plan.families);
    texts.rule = name_of(event.rule, plan.rules);
    texts.who =
        event.source != none<SourceId>() ? name_of(event.source, plan.sources) : event.by.view();
    if (index(event.metric) < plan.metrics.size()) texts.metric = plan.metrics[index(event.metric)];
    texts.text = event.text.view();
    return texts;
}

}  // namespace

std::optional<JournalRecord> record_of(const Event& event, const Engine& engine, WallMillis wall) {
    JournalRecord record;
    record.kind = kind_of(event.kind);
    if (record.kind == RecordKind::none) return std::nullopt;
    record.wall_ms = wall.value;
    record.monotonic_ns = ns_of(event.at);
    record.trip = static_cast<std::uint64_t>(event.trip);
    record.attempt = static_cast<std::uint64_t>(event.attempt);
    record.value = event.value;
    record.limit = event.limit;
    record.code = event.answer.code;
    record.http_status = static_cast<std::uint16_t>(event.answer.http_status);
    record.lock_ms = static_cast<std::uint16_t>(event.lock.count());
    if (event.link != none<LinkId>()) record.link = number_in_account(engine, event.link);
    record.answer_class = static_cast<std::uint8_t>(event.answer.answer_class);
    record.flags = flags_of(event, engine);
    record.reason = reason_of(event);
    put_texts(texts_of(event, engine.plan()), record);
    return record;
}

// ---- Texts --------------------------------------------------------------------------------------

void put_texts(const Texts& texts, JournalRecord& record) {
    record.texts.fill(0);
    std::size_t at = 0;
    // Names have at most 31 bytes and an operator's at most 32: the text alone is ever cut.
    for (std::string_view text : {texts.subject, texts.rule, texts.who, texts.metric, texts.text}) {
        if (at == record.texts.size()) return;
        text = text.substr(0, record.texts.size() - at - 1);
        record.texts[at] = static_cast<char>(text.size());
        text.copy(&record.texts[at] + 1, text.size());
        at += 1 + text.size();
    }
}

// Of any bytes: a length that leads past the end is cut there.
Texts texts_of(const JournalRecord& record) {
    std::string_view rest(record.texts.data(), record.texts.size());
    const auto next = [&rest] {
        if (rest.empty()) return rest;
        const std::string_view text = rest.substr(1, static_cast<unsigned char>(rest.front()));
        rest.remove_prefix(1 + text.size());
        return text;
    };
    Texts texts;
    texts.subject = next();
    texts.rule = next();
    texts.who = next();
    texts.metric = next();
    texts.text = next();
    return texts;
}

// ---- Standing -----------------------------------------------------------------------------------

Standing standing_of(const Switch& family) {
    const bool under_way = family.cancel == Cancel::due || family.cancel == Cancel::in_flight;
    Standing out;
    out.latched = family.latched;
    out.unfinished = under_way && family.release != Release::unlocking;
    out.confirmed = family.latched && family.was_confirmed && !out.unfinished;
    if (out.latched || out.unfinished) out.trip = family.trip;
    return out;
}

// A trip names the family that breached; which it latched, others tell.
std::optional<Standing> standing_of(const JournalRecord& record) {
    if (record.kind == RecordKind::tripped || record.kind == RecordKind::alarm_raised ||
        record.kind == RecordKind::alarm_cleared || texts_of(record).subject.empty()) {
        return std::nullopt;
    }
    Standing out;
    out.latched = record.has(JournalRecord::is_latched);
    out.unfinished = record.has(JournalRecord::is_unfinished);
    out.confirmed = record.has(JournalRecord::is_confirmed);
    if (out.latched || out.unfinished) out.trip = TripId{record.trip};
    return out;
}

std::uint8_t flags_of(const Standing& standing) {
    int flags = standing.latched ? JournalRecord::is_latched : 0;
    if (standing.unfinished) flags |= JournalRecord::is_unfinished;
    if (standing.confirmed) flags |= JournalRecord::is_confirmed;
    return static_cast<std::uint8_t>(flags);
}

std::string_view name(RecordKind kind) {
    switch (kind) {
        case RecordKind::none:
            return "none";
        case RecordKind::tripped:
            return "tripped";
        case RecordKind::latched:
            return "latched";
        case RecordKind::fired:
            return "fired";
        case RecordKind::answered:
            return "answered";
        case RecordKind::attempt_lost:
            return "attempt_lost";
        case RecordKind::confirmed:
            return "confirmed";
        case RecordKind::rearmed:
            return "rearmed";
        case RecordKind::rearm_refused:
            return "rearm_refused";
        case RecordKind::lock_released:
            return "lock_released";
        case RecordKind::lock_expired:
            return "lock_expired";
        case RecordKind::alarm_raised:
            return "alarm_raised";
        case RecordKind::alarm_cleared:
            return "alarm_cleared";
        case RecordKind::plan_changed:
            return "plan_changed";
        case RecordKind::started:
            return "started";
        case RecordKind::stopped:
            return "stopped";
        case RecordKind::standing:
            return "standing";
        case RecordKind::lost:
            return "lost";
    }
    return "?";  // a later version's, or no record's
}

}  // namespace scram
