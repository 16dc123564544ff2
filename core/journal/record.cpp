#include "core/journal/record.h"

#include <algorithm>

namespace scram {
namespace {

// Files hold these numbers: a new name goes to the end of its list.
static_assert(static_cast<int>(AnswerClass::accepted) == 0);
static_assert(static_cast<int>(AnswerClass::refused) == 6);
static_assert(static_cast<int>(BadReason::ring_full) == 10);
static_assert(static_cast<int>(Alarm::refused) == 2);
static_assert(static_cast<int>(Refusal::same_person) == 4);

// The events that the journal keeps, each at its record's number, from 1. Of the others a source or
// the network can make any number, or the board has told them as `standing` before the engine ran.
constexpr std::array kept_events = {
    EventKind::tripped,      EventKind::latched,       EventKind::fired,
    EventKind::answered,     EventKind::attempt_lost,  EventKind::accepted,
    EventKind::rearmed,      EventKind::rearm_refused, EventKind::lock_released,
    EventKind::lock_expired, EventKind::alarm_raised,  EventKind::alarm_cleared,
    EventKind::plan_changed,
};
// Those that came later, behind what only the journal tells.
constexpr std::array later_events = {EventKind::dead_man_off, EventKind::dead_man_on,
                                     EventKind::rearm_wanted, EventKind::rearm_lapsed,
                                     EventKind::verified};
constexpr auto first_later = static_cast<std::size_t>(RecordKind::dead_man_off);
constexpr RecordKind kind_of(EventKind kind) {
    for (std::size_t i = 0; i < later_events.size(); ++i) {
        if (later_events[i] == kind) return static_cast<RecordKind>(first_later + i);
    }
    for (std::size_t i = 0; i < kept_events.size(); ++i) {
        if (kept_events[i] == kind) return static_cast<RecordKind>(i + 1);
    }
    return RecordKind::none;
}
static_assert(kind_of(EventKind::tripped) == RecordKind::tripped);
static_assert(kind_of(EventKind::latched) == RecordKind::latched);
static_assert(kind_of(EventKind::fired) == RecordKind::fired);
static_assert(kind_of(EventKind::answered) == RecordKind::answered);
static_assert(kind_of(EventKind::attempt_lost) == RecordKind::attempt_lost);
static_assert(kind_of(EventKind::accepted) == RecordKind::accepted);
static_assert(kind_of(EventKind::rearmed) == RecordKind::rearmed);
static_assert(kind_of(EventKind::rearm_refused) == RecordKind::rearm_refused);
static_assert(kind_of(EventKind::lock_released) == RecordKind::lock_released);
static_assert(kind_of(EventKind::lock_expired) == RecordKind::lock_expired);
static_assert(kind_of(EventKind::alarm_raised) == RecordKind::alarm_raised);
static_assert(kind_of(EventKind::alarm_cleared) == RecordKind::alarm_cleared);
static_assert(kind_of(EventKind::plan_changed) == RecordKind::plan_changed);
static_assert(kind_of(EventKind::dead_man_off) == RecordKind::dead_man_off);
static_assert(kind_of(EventKind::dead_man_on) == RecordKind::dead_man_on);
static_assert(kind_of(EventKind::rearm_wanted) == RecordKind::rearm_wanted);
static_assert(kind_of(EventKind::rearm_lapsed) == RecordKind::rearm_lapsed);
static_assert(kind_of(EventKind::verified) == RecordKind::verified);

// What only the journal tells, from RecordKind::started on.
constexpr std::string_view own_names[] = {"started", "stopped", "standing", "lost"};
static_assert(kept_events.size() + 1 == static_cast<std::size_t>(RecordKind::started));
static_assert(kept_events.size() + std::size(own_names) + 1 == first_later);

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
    out.accepted = family.latched && family.was_accepted && !out.unfinished;
    if (out.latched || out.unfinished) out.trip = family.trip;
    return out;
}

// A trip names the family that breached; which it latched, others tell.
std::optional<Standing> standing_of(const JournalRecord& record) {
    if (record.kind == RecordKind::tripped || is_of_account(record.kind) ||
        texts_of(record).subject.empty())
        return std::nullopt;
    Standing out;
    out.latched = record.has(JournalRecord::is_latched);
    out.unfinished = record.has(JournalRecord::is_unfinished);
    out.accepted = record.has(JournalRecord::is_accepted);
    if (out.latched || out.unfinished) out.trip = TripId{record.trip};
    return out;
}

std::uint8_t flags_of(const Standing& standing) {
    int flags = standing.latched ? JournalRecord::is_latched : 0;
    if (standing.unfinished) flags |= JournalRecord::is_unfinished;
    if (standing.accepted) flags |= JournalRecord::is_accepted;
    return static_cast<std::uint8_t>(flags);
}

bool is_of_account(RecordKind kind) {
    return kind == RecordKind::alarm_raised || kind == RecordKind::alarm_cleared ||
           kind == RecordKind::dead_man_off || kind == RecordKind::dead_man_on ||
           kind == RecordKind::drilled;
}

std::string_view name(RecordKind kind) {
    const auto number = static_cast<std::size_t>(kind);
    const auto own = number - static_cast<std::size_t>(RecordKind::started);
    if (kind == RecordKind::none) return "none";
    if (kind == RecordKind::drilled) return "drilled";
    if (number <= kept_events.size()) return name(kept_events[number - 1]);
    if (number >= first_later && number < first_later + later_events.size())
        return name(later_events[number - first_later]);
    return own < std::size(own_names) ? own_names[own] : "?";  // a later version's, or no record's
}

}  // namespace scram
