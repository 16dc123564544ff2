#include "daemon/log/event_text.h"

#include <fmt/format.h>

#include <iterator>

#include "core/rules/shape.h"
#include "daemon/log/told_event.h"

namespace scram {
namespace {

template <class Id, class Specs>
std::string_view name_of(Id id, const Specs& specs) {
    return index(id) < specs.size() ? std::string_view(specs[index(id)].name) : std::string_view{};
}

bool is_breach(EventKind kind) {
    return kind == EventKind::tripped || kind == EventKind::would_trip ||
           kind == EventKind::warned || kind == EventKind::warning_over;
}

bool has_answer(EventKind kind) {
    return kind == EventKind::answered || kind == EventKind::accepted ||
           kind == EventKind::lock_released || kind == EventKind::lock_unconfirmed ||
           kind == EventKind::rehearsal_failed || kind == EventKind::read_failed ||
           kind == EventKind::rest_cancelled || kind == EventKind::dead_man_failed ||
           kind == EventKind::orders_told;
}

ToldEvent::Values values_of(const Event& event, const Plan& plan) {
    if (event.kind == EventKind::series_restarted) return ToldEvent::Values::series;
    if (!is_breach(event.kind) || event.rule == none<RuleId>()) return ToldEvent::Values::none;
    const RuleKind kind = plan.rules[index(event.rule)].kind;
    if (kind == RuleKind::stale) return ToldEvent::Values::silence;
    return is_of_values(kind) ? ToldEvent::Values::metric : ToldEvent::Values::none;
}

// What to do where nothing was cancelled.
std::string note_on(const Event& event, std::string_view family) {
    if (event.kind == EventKind::orders_rest)
        return "a mass-cancel does not reach them: they still rest";
    if (event.kind == EventKind::orders_read && event.value > 0)
        return "they rest after the cancel was accepted: cancelled again";
    if (event.kind == EventKind::dead_man_failed && event.answer.http_status == 0)
        return "no answer";
    if (event.kind == EventKind::dead_man_expired)
        return "not fed in time: OKX cancels all that it sweeps; look at hedges and futures too";
    if (event.kind == EventKind::rearm_wanted)
        return "armed once a second person asks for it: scramctl rearm";
    if (event.cancel != Cancel::held) return {};
    if (event.kind == EventKind::rearmed)
        return "nothing was cancelled: quotes from before may rest";
    if (event.kind != EventKind::restored) return {};
    return fmt::format("nothing was cancelled, quotes may rest; to cancel them: scramctl trip {}",
                       family);
}

std::string_view cancel_of(const Event& event) {
    if (event.kind != EventKind::restored) return {};
    return event.cancel == Cancel::due ? "unfinished" : name(event.cancel);
}

ToldEvent told(const Event& event, const Plan& plan) {
    ToldEvent out;
    out.trip = static_cast<std::uint64_t>(event.trip);
    out.attempt = static_cast<std::uint64_t>(event.attempt);
    out.rule = name_of(event.rule, plan.rules);
    out.family = name_of(event.family, plan.families);
    out.source = name_of(event.source, plan.sources);
    out.account = name_of(event.account, plan.accounts);
    if (index(event.metric) < plan.metrics.size()) out.metric = plan.metrics[index(event.metric)];
    if (event.link != none<LinkId>()) out.link = link_name(plan, event.link);
    out.alarm = event.alarm;
    out.refusal = event.refusal;
    out.lock = event.lock;
    out.mmp = event.mmp;
    const bool is_told = event.kind == EventKind::orders_told && event.text.view().empty();
    if (event.kind == EventKind::orders_read || event.kind == EventKind::orders_rest ||
        event.kind == EventKind::rest_cancelled || is_told)
        out.orders = static_cast<std::uint32_t>(event.value);
    if (event.kind == EventKind::dead_man_set) {
        out.timeout_s = static_cast<int>(event.value);
        out.trigger = WallMillis{static_cast<std::int64_t>(event.limit)};
    }
    out.hedge = event.hedge;
    out.late = event.late;
    out.not_taken = event.not_taken;
    out.values = values_of(event, plan);
    out.value = event.value;
    out.limit = event.limit;
    out.share = event.share;
    if (is_breach(event.kind) && !out.rule.empty()) out.bad = event.bad;
    out.suppressed = event.suppressed;
    const bool alarm_has_one = event.alarm == Alarm::key_refused && event.answer.http_status != 0;
    const bool has_none =
        event.answer.http_status == 0 &&
        (event.kind == EventKind::dead_man_failed || event.kind == EventKind::orders_told);
    if ((has_answer(event.kind) && !has_none && !is_told) || alarm_has_one)
        out.answer = event.answer;
    out.answer_has_class = event.kind != EventKind::rehearsal_failed;
    out.cancel = cancel_of(event);
    out.note = note_on(event, out.family);
    return out;
}

// Microseconds between two stages, if both were passed.
void add_stage(Fields& to, std::string_view key, Time from, Time until) {
    if (from == Time{} || until == Time{}) return;
    to.number(key, fmt::format("{:.1f}", static_cast<double>((until - from).count()) / 1000));
}

Fields fields_of(const LogEntry& entry) {
    const Stages& stages = entry.stages;
    Fields out = fields_of(told(entry.event, *entry.plan));
    add_stage(out, "read_us", stages.published, stages.read);
    add_stage(out, "decided_us", stages.read, stages.decided);
    add_stage(out, "sent_us", stages.decided, stages.sent);
    add_stage(out, "wire_us", stages.decided, stages.wire);
    add_stage(out, "answered_us", stages.sent, stages.answered);
    out.text("by", entry.event.by.view()).text("reason", entry.event.text.view());
    out.text("detail", entry.detail.view());
    return out;
}

// How it is told: with which priority (of an answer, a good one), and whether repeats are counted.
struct Manner {
    EventKind kind;
    int priority;
    bool folds;
};
constexpr Manner manners[] = {
    {EventKind::tripped, 2, false},
    {EventKind::latched, 5, false},
    {EventKind::restored, 4, false},
    {EventKind::fired, 5, false},
    {EventKind::answered, 5, false},
    {EventKind::attempt_lost, 4, true},
    {EventKind::accepted, 5, false},
    {EventKind::orders_read, 5, true},
    {EventKind::read_failed, 4, true},
    {EventKind::verified, 5, false},
    {EventKind::orders_rest, 4, false},
    {EventKind::rest_cancelled, 5, true},
    {EventKind::mmp_told, 5, false},
    {EventKind::lock_unconfirmed, 4, false},
    {EventKind::rearmed, 5, false},
    {EventKind::rearm_refused, 4, false},
    {EventKind::lock_released, 5, false},
    {EventKind::lock_expired, 4, false},
    {EventKind::warned, 4, true},
    {EventKind::warning_over, 5, true},
    {EventKind::would_trip, 4, true},
    {EventKind::alarm_raised, 2, false},
    {EventKind::alarm_cleared, 5, false},
    {EventKind::source_joined, 6, true},
    {EventKind::source_left, 6, true},
    {EventKind::source_vanished, 4, true},
    {EventKind::series_restarted, 5, true},
    {EventKind::link_up, 6, true},
    {EventKind::link_down, 4, true},
    {EventKind::rehearsal_failed, 4, true},
    {EventKind::rehearsal_lost, 4, true},
    {EventKind::plan_changed, 5, false},
    {EventKind::dead_man_set, 5, false},
    {EventKind::dead_man_failed, 4, true},
    {EventKind::dead_man_expired, 2, false},
    {EventKind::dead_man_off, 4, false},
    {EventKind::dead_man_on, 5, false},
    {EventKind::rearm_wanted, 4, false},
    {EventKind::rearm_lapsed, 4, false},
    {EventKind::orders_told, 5, true},
};
constexpr bool is_in_order() {
    for (std::size_t i = 0; i < std::size(manners); ++i) {
        if (manners[i].kind != static_cast<EventKind>(i)) return false;
    }
    return manners[std::size(manners) - 1].kind == EventKind::orders_told;
}
static_assert(is_in_order());

const Manner& manner_of(EventKind kind) {
    return manners[static_cast<std::size_t>(kind)];
}

}  // namespace

int priority(const Event& event) {
    if (event.kind == EventKind::alarm_raised && event.alarm == Alarm::key_unbound) return 4;
    const AnswerClass its = event.answer.answer_class;
    if (event.kind != EventKind::answered || its == AnswerClass::accepted ||
        its == AnswerClass::nothing_left)
        return manner_of(event.kind).priority;
    return its == AnswerClass::refused ? 2 : 4;
}

Duration fold_window(EventKind kind) {
    return manner_of(kind).folds ? 10s : Duration::zero();
}

// A rule's further step of warning is another kind than the one before.
LogKey log_key(const Event& event) {
    const auto at = [](auto id, int place) { return std::uint64_t{index(id)} << (16 * place); };
    const auto step = static_cast<std::uint32_t>(event.share * 1000);
    // Of series that restart, each metric is another; of dead man's switches, each account's.
    const std::uint64_t what = event.kind == EventKind::series_restarted  ? index(event.metric)
                               : event.kind == EventKind::dead_man_failed ? index(event.account)
                                                                          : index(event.rule);
    // Orders that OKX will not cancel are so by whatever link.
    const bool by_link = event.kind != EventKind::rest_cancelled;
    return {
        static_cast<std::uint32_t>(event.kind) | step << 16,
        (by_link ? at(event.link, 0) : 0) | at(event.family, 1) | at(event.source, 2) | what << 48};
}

std::string log_line(const LogEntry& entry) {
    return std::string(name(entry.event.kind)) + fields_of(entry).line();
}

std::string json_line(const LogEntry& entry, WallMillis wall) {
    JsonObject out;
    out.add("event", name(entry.event.kind)).add("wall_ms", wall.value);
    fields_of(entry).add_to(out);
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
