#include "daemon/records/receipt_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "core/model/drill.h"
#include "daemon/common/json.h"
#include "daemon/log/event_text.h"
#include "daemon/log/fields.h"

namespace scram {
namespace {

std::string number_text(double value) {
    return fmt::format("{:.10g}", value);
}

// NaN and infinity, which JSON lacks, are what a receipt may be about.
std::string json_value(double value) {
    return std::isfinite(value) ? json_number(value) : json_string(number_text(value));
}

// ---- The cause, in words ------------------------------------------------------------------------

// One rule that was breached, in words and as JSON.
class BreachTeller {
  public:
    BreachTeller(const Plan& plan, const Breach& breach)
        : plan_(plan), breach_(breach), rule_(plan.rules[index(breach.rule)]) {}

    std::string text() const { return fmt::format("rule {}: {}", rule_.name, what()); }

    void add_to(JsonObject& out) const {
        if (breach_.family != none<FamilyId>())
            out.add("family", plan_.families[index(breach_.family)].name);
        if (breach_.source != none<SourceId>()) out.add("source", source());
        if (breach_.metric != none<MetricId>())
            out.add("metric", plan_.metrics[index(breach_.metric)]);
        out.add_raw("value", json_value(breach_.value)).add_raw("limit", json_value(breach_.limit));
        if (breach_.bad != BadReason::none) out.add("bad", name(breach_.bad));
    }

    std::string json() const {
        JsonObject out;
        out.add("rule", rule_.name);
        add_to(out);
        return out.text();
    }

  private:
    std::string what() const {
        const std::string limit = number_text(breach_.limit);
        switch (rule_.kind) {
            case RuleKind::limit:
                return fmt::format("{}, limit {}", value(), limit);
            case RuleKind::drawdown:
                return fmt::format("{}, down more than {} from its peak, below {}", value(),
                                   number_text(rule_.limit), limit);
            case RuleKind::change:
                return fmt::format("{}, limit {} in {} ms", value(" moved by"), limit, window_ms());
            case RuleKind::count:
                return fmt::format("{}, limit {} in {} ms", value(" rose by"), limit, window_ms());
            case RuleKind::divergence:
                return fmt::format("{}, limit {}", value(" differs by"), limit);
            case RuleKind::stale:
                return fmt::format("{} was silent for {:.1f} ms, limit {} ms", source(),
                                   breach_.value, limit);
            case RuleKind::gone:
                return fmt::format("{} vanished without detaching", source());
            case RuleKind::bad:
                return fmt::format("bad record of {}: {}", source(), name(breach_.bad));
        }
        return "?";
    }

    // "delta 27.1 of mm-1/BTC-USD by maker-1"
    std::string value(std::string_view verb = "") const {
        std::string out =
            breach_.metric == none<MetricId>() ? "value" : plan_.metrics[index(breach_.metric)];
        out += fmt::format("{} {}", verb, number_text(breach_.value));
        if (breach_.family != none<FamilyId>())
            out += fmt::format(" of {}", plan_.families[index(breach_.family)].name);
        if (breach_.source != none<SourceId>()) out += fmt::format(" by {}", source());
        return out;
    }

    std::string_view source() const {
        return breach_.source == none<SourceId>() ? std::string_view("a source")
                                                  : plan_.sources[index(breach_.source)].name;
    }

    std::int64_t window_ms() const {
        return std::chrono::floor<milliseconds>(rule_.within).count();
    }

    const Plan& plan_;
    const Breach& breach_;
    const RuleSpec& rule_;
};

Breach first_breach(const Receipt& receipt) {
    const Event& cause = receipt.cause;
    return {.rule = cause.rule,
            .family = cause.family,
            .source = cause.source,
            .metric = cause.metric,
            .bad = cause.bad,
            .value = cause.value,
            .limit = cause.limit};
}

// ---- JSON ---------------------------------------------------------------------------------------

class ReceiptJson {
  public:
    explicit ReceiptJson(const Receipt& receipt) : receipt_(receipt), plan_(*receipt.plan) {}

    void add_summary(JsonObject& to) const {
        const TripId by = served_by(receipt_);
        to.add("trip", static_cast<std::uint64_t>(receipt_.trip));
        to.add("verdict", name(verdict(receipt_)));
        to.add("wall_ms", receipt_.wall.value).add("time", time_text());
        to.add("cause", cause_text(receipt_));
        if (receipt_.cause.rule != none<RuleId>())
            to.add("rule", plan_.rules[index(receipt_.cause.rule)].name);
        if (!receipt_.also.empty()) to.add_raw("also", also());
        if (!receipt_.cause.by.view().empty()) to.add("by", receipt_.cause.by.view());
        if (is_drill(receipt_.cause.by.view(), receipt_.cause.text.view())) to.add("drill", true);
        if (by != TripId{}) to.add("served_by", static_cast<std::uint64_t>(by));
        to.add("before_start", is_restored(receipt_));
    }

    void add_cause(JsonObject& to) const {
        const Event& cause = receipt_.cause;
        if (cause.rule != none<RuleId>()) {
            const Breach first = first_breach(receipt_);
            BreachTeller(plan_, first).add_to(to);
        }
        if (!cause.text.view().empty()) to.add("reason", cause.text.view());
        to.add("monotonic_ns", ns_of(cause.at));
        add_time(to, "published_us", cause.published);
        add_time(to, "decided_us", receipt_.decided);
    }

    std::string also() const {
        JsonArray out;
        for (const Breach& breach : receipt_.also) out.add_raw(BreachTeller(plan_, breach).json());
        return out.text();
    }

    // Of its first request, and of the last of its families.
    void add_stages(JsonObject& to) const {
        add_time(to, "decided_us", receipt_.decided);
        if (!receipt_.attempts.empty()) {
            add_time(to, "sent_us", receipt_.attempts[0].sent);
            add_time(to, "wire_us", receipt_.attempts[0].wire);
        }
        add_time(to, "accepted_us", last_of(&FamilyNote::accepted));
        add_time(to, "verified_us", last_of(&FamilyNote::verified));
    }

    void add_rearmed(JsonObject& to) const {
        if (!receipt_.rearm_wanted_by.view().empty())
            to.add("rearm_wanted_by", receipt_.rearm_wanted_by.view());
        if (receipt_.rearmed_by.view().empty()) return;
        to.add("rearmed_by", receipt_.rearmed_by.view());
        to.add("rearm_reason", receipt_.rearm_reason.view());
    }

    std::string families(std::size_t count_max = families_max) const {
        JsonArray out;
        for (std::size_t i = 0; i < std::min(receipt_.families.size(), count_max); ++i)
            out.add_raw(family(receipt_.families[i]));
        return out.text();
    }

    std::string attempts() const {
        JsonArray out;
        for (const AttemptNote& note : receipt_.attempts) out.add_raw(attempt(note));
        return out.text();
    }

    std::string reads() const {
        JsonArray out;
        for (const ReadNote& note : receipt_.reads) out.add_raw(read(note));
        return out.text();
    }

    void add_signals(JsonObject& to, const Flight& flight, std::size_t signals_max) const {
        Flight in_order = flight;
        std::sort(
            in_order.begin(), in_order.end(), [](const FlightRecord& a, const FlightRecord& b) {
                return std::tie(a.read, a.from, a.sequence) < std::tie(b.read, b.from, b.sequence);
            });
        const std::size_t left_out = flight.size() - std::min(flight.size(), signals_max);
        JsonArray out;
        for (std::size_t i = left_out; i < in_order.size(); ++i) out.add_raw(signal(in_order[i]));
        to.add("signals_left_out", left_out).add_raw("signals", out.text());
    }

  private:
    std::string time_text() const {
        const auto seconds = static_cast<std::time_t>(receipt_.wall.value / 1000);
        return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds),
                           receipt_.wall.value % 1000);
    }

    // Time{}: not all of them have come so far.
    Time last_of(Time FamilyNote::*stage) const {
        Time last{};
        for (const FamilyNote& note : receipt_.families) {
            if (note.*stage == Time{}) return {};
            last = std::max(last, note.*stage);
        }
        return last;
    }

    const std::string& family_name(FamilyId id) const { return plan_.families[index(id)].name; }

    // Relative to the trip; left out where nothing happened.
    void add_time(JsonObject& to, std::string_view key, Time at) const {
        if (at == Time{}) return;
        const auto us = static_cast<double>((at - receipt_.cause.at).count()) / 1000;
        to.add_raw(key, fmt::format("{:.1f}", us));
    }

    std::string family(const FamilyNote& note) const {
        JsonObject out;
        out.add("family", family_name(note.family)).add("how", name(note.how));
        if (note.by != TripId{}) out.add("served_by", static_cast<std::uint64_t>(note.by));
        if (note.continued_by != TripId{})
            out.add("continued_by", static_cast<std::uint64_t>(note.continued_by));
        out.add("accepted", note.accepted != Time{});
        add_time(out, "accepted_us", note.accepted);
        out.add("verified", note.verified != Time{});
        add_time(out, "verified_us", note.verified);
        if (note.found > 0) out.add("found", note.found);
        if (note.rest_known) out.add("rest", note.rest);
        if (note.rest_cancelled > 0) out.add("rest_cancelled", note.rest_cancelled);
        add_time(out, "rearmed_us", note.rearmed);
        add_time(out, "lock_released_us", note.lock_released);
        add_time(out, "lock_expired_us", note.lock_expired);
        out.add("attempts", note.attempts);
        if (is_left_out(note.last)) out.add_raw("last_attempt", attempt(note.last));
        return out.text();
    }

    bool is_left_out(const AttemptNote& note) const {
        const auto& kept = receipt_.attempts;
        return receipt_.attempts_left_out > 0 && note.id > kept[kept.size() - 1].id;
    }

    std::string attempt(const AttemptNote& note) const {
        JsonObject out;
        out.add("attempt", static_cast<std::uint64_t>(note.id));
        out.add("family", family_name(note.family)).add("link", link_name(plan_, note.link));
        out.add("lock_ms", note.lock.count()).add("hedge", note.hedge);
        out.add("rearmed", note.rearmed).add("late", note.late).add("lost", note.lost);
        add_time(out, "sent_us", note.sent);
        add_time(out, "wire_us", note.wire);
        add_time(out, note.lost ? "lost_us" : "answered_us", note.settled);
        if (note.lost || note.settled == Time{}) return out.text();
        out.add("class", name(note.answer.answer_class));
        add_answer(out, note.answer);
        return out.text();
    }

    std::string read(const ReadNote& note) const {
        JsonObject out;
        out.add("family", family_name(note.family)).add("link", link_name(plan_, note.link));
        add_time(out, "sent_us", note.sent);
        add_time(out, "answered_us", note.settled);
        if (!note.failed) return out.add("orders", note.orders).text();
        out.add("failed", true).add("class", name(note.answer.answer_class));
        add_answer(out, note.answer);
        return out.text();
    }

    // Ids are as the source wrote them: one that the plan does not have is told as its number.
    std::string signal(const FlightRecord& record) const {
        JsonObject out;
        add_time(out, "read_us", record.read);
        const Time published = believable(time_from_ns(record.published_ns), record.read);
        if (published != Time{}) {
            add_time(out, "published_us", published);
        } else {
            out.add("published_ns", record.published_ns);
        }
        out.add("source", plan_.sources[index(record.from)].name).add("sequence", record.sequence);
        if (record.source != index(record.from)) out.add("as_source", record.source);
        if (record.version != SCRAM_VERSION) out.add("version", record.version);
        if (record.kind == SCRAM_HEARTBEAT) return out.add("kind", "heartbeat").text();
        if (scram_is_value(record.kind) == 0) return out.add("kind", record.kind).text();
        if (scram_is_restart(record.kind) != 0) out.add("restart", true);
        add_id(out, "family", record.family, plan_.families);
        add_id(out, "metric", record.metric, plan_.metrics);
        return out.add_raw("value", json_value(record.value)).text();
    }

    static const std::string& name_of(const std::string& item) { return item; }
    static const std::string& name_of(const FamilySpec& item) { return item.name; }
    template <class Items>
    static void add_id(JsonObject& to, std::string_view key, std::size_t id, const Items& items) {
        if (id < items.size()) {
            to.add(key, name_of(items[id]));
        } else {
            to.add(key, id);
        }
    }

    const Receipt& receipt_;
    const Plan& plan_;
};

}  // namespace

std::string cause_text(const Receipt& receipt) {
    const Event& cause = receipt.cause;
    const std::string_view words = cause.text.view();
    if (is_restored(receipt)) {
        return words.empty() ? "a trip before this start"
                             : fmt::format("before this start: {}", words);
    }
    if (cause.rule != none<RuleId>()) {
        std::string out = BreachTeller(*receipt.plan, first_breach(receipt)).text();
        for (const Breach& breach : receipt.also)
            out += "; " + BreachTeller(*receipt.plan, breach).text();
        if (receipt.also_left_out > 0)
            out += fmt::format("; and {} more rules", receipt.also_left_out);
        return out;
    }
    if (cause.by.view().empty()) return fmt::format("the start of scramd: {}", words);
    return fmt::format("operator {}: {}", cause.by.view(), words);
}

std::string receipt_json(const Receipt& receipt, const Flight* flight, std::size_t signals_max) {
    const ReceiptJson writer(receipt);
    JsonObject out;
    writer.add_summary(out);
    writer.add_cause(out);
    writer.add_rearmed(out);
    out.add_raw("families", writer.families()).add_raw("attempts", writer.attempts());
    out.add("attempts_left_out", receipt.attempts_left_out);
    out.add_raw("reads", writer.reads()).add("reads_left_out", receipt.reads_left_out);
    if (flight != nullptr) writer.add_signals(out, *flight, signals_max);
    return out.text();
}

std::string receipt_summary_json(const Receipt& receipt) {
    JsonObject out;
    ReceiptJson(receipt).add_summary(out);
    return out.text();
}

std::string receipt_overview_json(const Receipt& receipt) {
    const ReceiptJson writer(receipt);
    const std::size_t count = receipt.families.size();
    JsonObject out;
    writer.add_summary(out);
    writer.add_stages(out);
    writer.add_rearmed(out);
    out.add_raw("families", writer.families(overview_families_max));
    out.add("families_left_out", count - std::min(count, overview_families_max));
    return out.text();
}

}  // namespace scram
