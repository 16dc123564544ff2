#include "daemon/control/answers.h"

#include "daemon/control/protocol.h"
#include "daemon/control/status.h"
#include "daemon/records/receipt_json.h"
#include "net/clock.h"

namespace scram {
namespace {

std::string texts_json(const std::vector<std::string>& texts) {
    JsonArray out;
    for (const std::string& text : texts) out.add_raw(json_string(text));
    return out.text();
}

std::string trips_json(const Receipts& receipts) {
    JsonArray out;
    for (std::size_t i = receipts.size(); i-- > 0;)
        out.add_raw(std::to_string(static_cast<std::uint64_t>(receipts.newest(i).trip)));
    return out.text();
}

std::string refusal_json(const Event& event, const Plan& plan) {
    JsonObject out;
    out.add("family", plan.families[index(event.family)].name);
    out.add("trip", static_cast<std::uint64_t>(event.trip));
    if (event.rule != none<RuleId>()) out.add("rule", plan.rules[index(event.rule)].name);
    if (event.refusal == Refusal::unknown_value) {
        out.add("metric", plan.metrics[index(event.metric)]);
        out.add("source", plan.sources[index(event.source)].name);
    }
    return out.add("why", name(event.refusal)).text();
}

}  // namespace

JsonObject accepted() {
    return JsonObject().add("v", control_version).add("ok", true);
}

std::string refuse(std::string_view why) {
    return JsonObject().add("v", control_version).add("ok", false).add("error", why).text();
}

std::string reloaded_json(const ConfigChanges& changes) {
    return accepted()
        .add_raw("rules_added", texts_json(changes.rules_added))
        .add_raw("rules_changed", texts_json(changes.rules_changed))
        .add_raw("rules_removed", texts_json(changes.rules_removed))
        .add_raw("sections_changed", texts_json(changes.sections))
        .add_raw("changes", texts_json(changes.lines))
        .text();
}

std::string review_json(const Driver& driver, std::span<const FamilyId> families) {
    JsonArray latched;
    const auto holding = driver.engine().rules().all_holding();
    for (const FamilyId family : families) {
        if (driver.engine().family(family).latched)
            latched.add_raw(family_json(driver, family, holding[index(family)], monotonic_now()));
    }
    return JsonObject()
        .add("v", control_version)
        .add("ok", false)
        .add("error",
             "--trip and --reason are required: the trips that you have looked at, and why")
        .add_raw("latched", latched.text())
        .text();
}

std::string receipt_answer(const ReceiptRecorder& book, TripId trip, bool signals) {
    const Receipts& known = book.receipts();
    const bool latest = trip == TripId{} && known.size() > 0;
    const Receipt* found = latest ? &known.newest(0) : known.find(trip);
    JsonObject out;
    out.add("v", control_version).add("ok", found != nullptr);
    out.add("folder", book.writer().folder().native());
    if (found == nullptr) {
        out.add("error", known.size() == 0
                             ? "there was no trip since the start"
                             : "that trip is not among the last ones that scramd keeps");
        return out.add_raw("trips", trips_json(known)).text();
    }
    const auto flight = signals ? book.flight(found->trip) : nullptr;
    return out.add_raw("receipt", receipt_json(*found, flight.get(), signals_answered_max)).text();
}

std::string receipts_answer(const ReceiptRecorder& book) {
    const Receipts& known = book.receipts();
    JsonArray list;
    for (std::size_t i = 0; i < known.size(); ++i)
        list.add_raw(receipt_summary_json(known.newest(i)));
    return accepted()
        .add_raw("receipts", list.text())
        .add("folder", book.writer().folder().native())
        .text();
}

JsonObject rearm_answer(const Engine& engine, const std::vector<Event>& events) {
    JsonArray armed, releasing, refused, not_cancelled;
    bool any_refused = false;
    const Plan& plan = engine.plan();
    for (const Event& event : events) {
        const bool was_held = event.kind == EventKind::rearmed && event.cancel == Cancel::held;
        if (was_held) not_cancelled.add_raw(json_string(plan.families[index(event.family)].name));
        if (event.kind == EventKind::rearmed) {
            const bool open = !engine.family(event.family).latched;
            (open ? armed : releasing)
                .add_raw(json_string(plan.families[index(event.family)].name));
        }
        if (event.kind != EventKind::rearm_refused) continue;
        any_refused = true;
        refused.add_raw(refusal_json(event, plan));
    }
    JsonObject out;
    out.add("v", control_version).add("ok", !any_refused);
    if (any_refused) out.add("error", "some families stay latched: see refused");
    return out.add_raw("rearmed", armed.text())
        .add_raw("releasing", releasing.text())
        .add_raw("not_cancelled", not_cancelled.text())
        .add_raw("refused", refused.text());
}

}  // namespace scram
