#include "daemon/control/outcome.h"

#include <algorithm>

#include "daemon/common/advice.h"
#include "daemon/control/answers.h"
#include "daemon/control/protocol.h"
#include "daemon/log/fields.h"

namespace scram {
namespace {

// By an answer to an attempt of this very cancel.
bool is_refused(const Switch& family) {
    return family.failures > 0 && family.last_answer.http_status != 0 &&
           family.last_answer.answer_class == AnswerClass::refused;
}

std::string refused_json(const std::string& family, const Answer& answer) {
    JsonObject out;
    out.add("family", family);
    add_answer(out, answer);
    return out.add("advice", what_to_do(answer.code)).text();
}

}  // namespace

CancelOutcome cancel_outcome(const Switch& family) {
    if (!is_unfinished(family))
        return family.verified ? CancelOutcome::verified : CancelOutcome::accepted;
    return is_refused(family) ? CancelOutcome::refused : CancelOutcome::trying;
}

bool is_cancel_settled(const Switch& family) {
    return cancel_outcome(family) != CancelOutcome::trying;
}

// What a person arms meanwhile is not read any more.
bool is_cancel_verified(const Switch& family) {
    const CancelOutcome outcome = cancel_outcome(family);
    const bool is_read = family.latched && family.release == Release::none;
    return outcome == CancelOutcome::accepted ? !is_read : outcome != CancelOutcome::trying;
}

bool is_gate_settled(const Switch& family) {
    return family.release == Release::none;
}

bool is_look_over(const Engine& engine, FamilyId id) {
    return !is_under_way(engine.look(id));
}

bool all_settled(const Engine& engine, std::span<const FamilyId> families, Settled is_settled) {
    return std::all_of(families.begin(), families.end(),
                       [&](FamilyId id) { return is_settled(engine, id); });
}

std::string trip_json(const Engine& engine, TripId trip, std::span<const FamilyId> families,
                      bool waiting) {
    JsonArray refused;
    bool accepted = true, verified = true;
    for (const FamilyId id : families) {
        const Switch& family = engine.family(id);
        const CancelOutcome outcome = cancel_outcome(family);
        verified = verified && outcome == CancelOutcome::verified;
        accepted =
            accepted && (outcome == CancelOutcome::accepted || outcome == CancelOutcome::verified);
        if (outcome == CancelOutcome::refused)
            refused.add_raw(
                refused_json(engine.plan().families[index(id)].name, family.last_answer));
    }
    JsonObject out = ok_answer();
    out.add("trip", static_cast<std::uint64_t>(trip)).add("families", families.size());
    out.add("accepted", accepted).add("verified", verified).add_raw("refused", refused.text());
    if (waiting) out.add("waiting", true);
    return out.text();
}

namespace {

std::string look_json(const std::string& family, const OrdersLook& look, Time now,
                      WallMillis wall) {
    JsonObject out;
    out.add("family", family);
    if (look.state == LookState::told) {
        out.add("orders", look.orders).add("more", look.more);
    } else {
        out.add("error", name(look.state));
        if (look.state == LookState::not_told) add_answer(out, look.answer);
    }
    if (!is_under_way(look)) out.add("wall_ms", wall.value - (now - look.at) / 1ms);
    return out.text();
}

}  // namespace

std::string orders_json(const Engine& engine, std::span<const FamilyId> families, Time now,
                        WallMillis wall, bool waiting) {
    JsonArray list;
    for (const FamilyId id : families)
        list.add_raw(look_json(engine.plan().families[index(id)].name, engine.look(id), now, wall));
    JsonObject out = ok_answer();
    out.add_raw("orders", list.text());
    if (waiting) out.add("waiting", true);
    return out.text();
}

std::string gates_json(const Engine& engine, std::span<const FamilyId> families) {
    JsonArray closed;
    bool all_open = true;
    for (const FamilyId id : families) {
        if (!engine.family(id).latched) continue;
        all_open = false;
        closed.add_raw(json_string(engine.plan().families[index(id)].name));
    }
    JsonObject out;
    out.add("v", control_version).add("ok", all_open);
    if (!all_open) out.add("error", "some gates are not open yet: see closed");
    return out.add_raw("closed", closed.text()).text();
}

}  // namespace scram
