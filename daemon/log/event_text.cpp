#include "daemon/log/event_text.h"

#include <fmt/format.h>

#include <vector>

#include "core/rules/shape.h"
#include "daemon/common/json.h"
#include "daemon/log/line.h"

namespace scram {
namespace {

struct Field {
    std::string_view key;
    std::string value;
    bool is_text = false;
};
using Fields = std::vector<Field>;

void add_text(Fields& to, std::string_view key, std::string_view value) {
    if (!value.empty()) to.push_back({key, std::string(value), true});
}

template <class Number>
void add_number(Fields& to, std::string_view key, Number value) {
    to.push_back({key, fmt::format("{}", value), false});
}

// Microseconds between two stages, if both were passed.
void add_stage(Fields& to, std::string_view key, Time from, Time until) {
    if (from == Time{} || until == Time{}) return;
    to.push_back(
        {key, fmt::format("{:.1f}", static_cast<double>((until - from).count()) / 1000), false});
}

void add_ids(Fields& to, const Event& event, const Plan& plan) {
    if (event.trip != TripId{}) add_number(to, "trip", static_cast<std::uint64_t>(event.trip));
    if (event.rule != none<RuleId>()) add_text(to, "rule", plan.rules[index(event.rule)].name);
    if (index(event.family) < plan.families.size()) {
        add_text(to, "family", plan.families[index(event.family)].name);
    }
    if (event.source != none<SourceId>())
        add_text(to, "source", plan.sources[index(event.source)].name);
    if (event.link != none<LinkId>()) add_text(to, "link", link_name(plan, event.link));
    if (event.attempt != AttemptId{})
        add_number(to, "attempt", static_cast<std::uint64_t>(event.attempt));
    if (event.account != none<AccountId>())
        add_text(to, "account", plan.accounts[index(event.account)].name);
    if (event.alarm != Alarm::none) add_text(to, "alarm", name(event.alarm));
    if (event.refusal != Refusal::none) add_text(to, "why", name(event.refusal));
    if (event.refusal == Refusal::unknown_value)
        add_text(to, "metric", plan.metrics[index(event.metric)]);
    if (event.lock > 0ms) add_number(to, "lock_ms", event.lock.count());
    if (event.hedge) to.push_back({"hedge", "true", false});
    if (event.late) to.push_back({"late", "true", false});
    if (event.not_taken) to.push_back({"not_taken", "true", false});
}

// What is known of a family's cancel, and what to do where there was none.
void add_cancel(Fields& to, const Event& event, const Plan& plan) {
    if (event.kind != EventKind::restored && event.kind != EventKind::rearmed) return;
    if (event.kind == EventKind::restored)
        add_text(to, "cancel", event.cancel == Cancel::due ? "unfinished" : name(event.cancel));
    if (event.cancel != Cancel::held) return;
    if (event.kind == EventKind::rearmed)
        return add_text(to, "note", "nothing was cancelled: quotes from before may rest");
    add_text(to, "note",
             fmt::format("nothing was cancelled, quotes may rest; to cancel them: scramctl trip {}",
                         plan.families[index(event.family)].name));
}

bool is_breach(EventKind kind) {
    return kind == EventKind::tripped || kind == EventKind::would_trip ||
           kind == EventKind::warned || kind == EventKind::warning_over;
}

void add_cause(Fields& to, const Event& event, const Plan& plan) {
    if (!is_breach(event.kind) || event.rule == none<RuleId>()) return;
    const RuleSpec& rule = plan.rules[index(event.rule)];
    if (event.bad != BadReason::none) add_text(to, "bad", name(event.bad));
    if (event.suppressed > 0) add_number(to, "suppressed", event.suppressed);
    if (rule.kind == RuleKind::stale) {
        add_number(to, "silent_ms", event.value);
        add_number(to, "after_ms", event.limit);
    }
    if (!is_of_values(rule.kind)) return;
    add_text(to, "metric", plan.metrics[index(event.metric)]);
    to.push_back({"value", json_number(event.value), false});
    to.push_back({"limit", json_number(event.limit), false});
    if (event.share > 0) to.push_back({"share", json_number(event.share), false});
}

void add_restart(Fields& to, const Event& event, const Plan& plan) {
    if (event.kind != EventKind::series_restarted) return;
    add_text(to, "metric", plan.metrics[index(event.metric)]);
    to.push_back({"value", json_number(event.value), false});
    to.push_back({"before", json_number(event.limit), false});
    if (event.suppressed > 0) add_number(to, "suppressed", event.suppressed);
}

void add_answer(Fields& to, const Event& event) {
    const bool has_answer =
        event.kind == EventKind::answered || event.kind == EventKind::confirmed ||
        event.kind == EventKind::lock_released || event.kind == EventKind::lock_unconfirmed ||
        event.kind == EventKind::rehearsal_failed;
    if (!has_answer) return;
    if (event.kind != EventKind::rehearsal_failed)
        add_text(to, "class", name(event.answer.answer_class));
    add_number(to, "http", event.answer.http_status);
    if (event.answer.code == no_code) return;
    add_text(to, "code", std::to_string(event.answer.code));
    add_text(to, "why", why(event.answer.code));
}

Fields fields_of(const LogEntry& entry) {
    const Event& event = entry.event;
    Fields out;
    add_ids(out, event, *entry.plan);
    add_cause(out, event, *entry.plan);
    add_restart(out, event, *entry.plan);
    add_answer(out, event);
    add_cancel(out, event, *entry.plan);
    add_stage(out, "read_us", entry.stages.published, entry.stages.read);
    add_stage(out, "decided_us", entry.stages.read, entry.stages.decided);
    add_stage(out, "sent_us", entry.stages.decided, entry.stages.sent);
    add_stage(out, "wire_us", entry.stages.decided, entry.stages.wire);
    add_stage(out, "answered_us", entry.stages.sent, entry.stages.answered);
    add_text(out, "by", event.by.view());
    add_text(out, "reason", event.text.view());
    add_text(out, "detail", entry.detail.view());
    return out;
}

}  // namespace

int priority(const Event& event) {
    switch (event.kind) {
        case EventKind::tripped:
        case EventKind::alarm_raised:
            return 2;
        case EventKind::answered: {
            const AnswerClass klass = event.answer.answer_class;
            const bool done = klass == AnswerClass::confirmed || klass == AnswerClass::nothing_left;
            return done ? 5 : klass == AnswerClass::refused ? 2 : 4;
        }
        case EventKind::attempt_lost:
        case EventKind::rehearsal_failed:
        case EventKind::rehearsal_lost:
        case EventKind::link_down:
        case EventKind::rearm_refused:
        case EventKind::lock_expired:
        case EventKind::lock_unconfirmed:
        case EventKind::restored:
        case EventKind::source_vanished:
        case EventKind::warned:
        case EventKind::would_trip:
            return 4;
        case EventKind::latched:
        case EventKind::fired:
        case EventKind::confirmed:
        case EventKind::rearmed:
        case EventKind::plan_changed:
        case EventKind::lock_released:
        case EventKind::warning_over:
        case EventKind::alarm_cleared:
        case EventKind::series_restarted:
            return 5;
        case EventKind::source_joined:
        case EventKind::source_left:
        case EventKind::link_up:
            return 6;
    }
    return 4;
}

Duration fold_window(EventKind kind) {
    switch (kind) {
        case EventKind::attempt_lost:
        case EventKind::rehearsal_failed:
        case EventKind::rehearsal_lost:
        case EventKind::link_up:
        case EventKind::link_down:
        case EventKind::source_joined:
        case EventKind::source_left:
        case EventKind::source_vanished:
        case EventKind::series_restarted:
        case EventKind::warned:
        case EventKind::warning_over:
        case EventKind::would_trip:
            return 10s;
        case EventKind::tripped:
        case EventKind::latched:
        case EventKind::restored:
        case EventKind::fired:
        case EventKind::answered:
        case EventKind::confirmed:
        case EventKind::lock_unconfirmed:
        case EventKind::rearmed:
        case EventKind::rearm_refused:
        case EventKind::lock_released:
        case EventKind::lock_expired:
        case EventKind::alarm_raised:
        case EventKind::alarm_cleared:
        case EventKind::plan_changed:
            return Duration::zero();
    }
    return Duration::zero();
}

// A rule's further step of warning is another kind than the one before.
LogKey log_key(const Event& event) {
    const auto at = [](auto id, int place) { return std::uint64_t{index(id)} << (16 * place); };
    const auto step = static_cast<std::uint32_t>(event.share * 1000);
    // Of series that restart, each metric is another.
    const std::uint64_t what =
        event.kind == EventKind::series_restarted ? index(event.metric) : index(event.rule);
    return {static_cast<std::uint32_t>(event.kind) | step << 16,
            at(event.link, 0) | at(event.family, 1) | at(event.source, 2) | what << 48};
}

std::string log_line(const LogEntry& entry) {
    std::string out(name(entry.event.kind));
    for (const Field& field : fields_of(entry)) {
        out.append(" ").append(field.key).append("=").append(log_value(field.value));
    }
    return out;
}

std::string json_line(const LogEntry& entry, WallMillis wall) {
    JsonObject out;
    out.add("event", name(entry.event.kind)).add("wall_ms", wall.value);
    for (const Field& field : fields_of(entry)) {
        out.add_raw(field.key, field.is_text ? json_string(field.value) : field.value);
    }
    return out.text();
}

std::string link_name(const Plan& plan, LinkId link) {
    std::size_t first = 0;
    for (const AccountSpec& account : plan.accounts) {
        if (index(link) < first + account.links) {
            return fmt::format("{}#{}", account.name, index(link) - first);
        }
        first += account.links;
    }
    return fmt::format("#{}", index(link));
}

}  // namespace scram
