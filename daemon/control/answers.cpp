#include "daemon/control/answers.h"

#include "daemon/control/protocol.h"
#include "daemon/control/status.h"
#include "daemon/control/status_accounts.h"
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

JsonObject ok_answer() {
    return JsonObject().add("v", control_version).add("ok", true);
}

std::string refuse(std::string_view why) {
    return JsonObject().add("v", control_version).add("ok", false).add("error", why).text();
}

std::string reloaded_json(const ConfigChanges& changes) {
    return ok_answer()
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
    return ok_answer()
        .add_raw("receipts", list.text())
        .add("folder", book.writer().folder().native())
        .text();
}

std::string dead_men_answer(const Engine& engine) {
    JsonArray list;
    for (std::size_t a = 0; a < engine.plan().accounts.size(); ++a) {
        const AccountSpec& account = engine.plan().accounts[a];
        const auto id = id_at<AccountId>(a);
        if (!has_dead_man(engine, id)) continue;
        list.add_raw(JsonObject()
                         .add("account", account.name)
                         .add_raw("dead_man", dead_man_json(engine, id, monotonic_now()))
                         .text());
    }
    return ok_answer().add_raw("dead_men", list.text()).text();
}

namespace {

// What waits for a second person.
std::string wanted_json(const Engine& engine, const Event& event) {
    const RearmWish& wish = engine.rearm_wish(event.family);
    const auto left = std::chrono::ceil<milliseconds>(wish.until - event.at);
    return JsonObject()
        .add("family", engine.plan().families[index(event.family)].name)
        .add("trip", static_cast<std::uint64_t>(wish.trip))
        .add("within_ms", left.count())
        .text();
}

}  // namespace

JsonObject rearm_answer(const Engine& engine, const std::vector<Event>& events) {
    JsonArray armed, releasing, refused, not_cancelled, wanted;
    bool any_refused = false, any_wanted = false;
    const Plan& plan = engine.plan();
    for (const Event& event : events) {
        const bool was_held = event.kind == EventKind::rearmed && event.cancel == Cancel::held;
        if (was_held) not_cancelled.add_raw(json_string(plan.families[index(event.family)].name));
        if (event.kind == EventKind::rearmed) {
            const bool open = !engine.family(event.family).latched;
            (open ? armed : releasing)
                .add_raw(json_string(plan.families[index(event.family)].name));
        }
        if (event.kind == EventKind::rearm_wanted) {
            any_wanted = true;
            wanted.add_raw(wanted_json(engine, event));
        }
        if (event.kind != EventKind::rearm_refused) continue;
        any_refused = true;
        refused.add_raw(refusal_json(event, plan));
    }
    JsonObject out;
    out.add("v", control_version).add("ok", !any_refused && !any_wanted);
    if (any_refused) out.add("error", "some families stay latched: see refused");
    if (any_wanted && !any_refused) out.add("error", "not armed yet: a second person must ask too");
    if (any_wanted) out.add_raw("awaits_second", wanted.text());
    return out.add_raw("rearmed", armed.text())
        .add_raw("releasing", releasing.text())
        .add_raw("not_cancelled", not_cancelled.text())
        .add_raw("refused", refused.text());
}

}  // namespace scram
