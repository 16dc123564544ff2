// When there is nothing more to wait for.
#include "daemon/control/outcome.h"

#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Switch tripped(Cancel cancel) {
    Switch family;
    family.latched = true;
    family.cancel = cancel;
    return family;
}

Switch failed(AnswerClass answer_class) {
    Switch family = tripped(Cancel::due);
    family.failures = 1;
    family.last_answer = {answer_class, 200, 51411};
    return family;
}

}  // namespace

TEST_CASE("outcome: a cancel is settled by its confirmation alone, or if no try will help") {
    CHECK(cancel_outcome(tripped(Cancel::due)) == CancelOutcome::trying);
    CHECK(cancel_outcome(tripped(Cancel::in_flight)) == CancelOutcome::trying);
    CHECK(cancel_outcome(tripped(Cancel::accepted)) == CancelOutcome::accepted);
    CHECK(cancel_outcome(failed(AnswerClass::failed)) == CancelOutcome::trying);
    CHECK(cancel_outcome(failed(AnswerClass::throttled)) == CancelOutcome::trying);
    CHECK(cancel_outcome(failed(AnswerClass::refused)) == CancelOutcome::refused);
    CHECK_FALSE(is_cancel_settled(tripped(Cancel::in_flight)));
    CHECK(is_cancel_settled(failed(AnswerClass::refused)));
}

TEST_CASE("outcome: a refusal of an earlier cancel says nothing of this one") {
    Switch family = failed(AnswerClass::refused);
    family.failures = 0;
    CHECK(cancel_outcome(family) == CancelOutcome::trying);
    family = failed(AnswerClass::refused);
    family.last_answer.http_status = 0;  // none came
    CHECK(cancel_outcome(family) == CancelOutcome::trying);
}

TEST_CASE("outcome: armed again, its cancel is awaited until it is accepted") {
    Switch family = tripped(Cancel::in_flight);
    family.latched = false;
    CHECK(cancel_outcome(family) == CancelOutcome::trying);
    family.cancel = Cancel::idle;
    CHECK(cancel_outcome(family) == CancelOutcome::accepted);
    family = tripped(Cancel::in_flight);  // of the exchange's lock: the cancel was accepted
    family.release = Release::unlocking;
    CHECK(cancel_outcome(family) == CancelOutcome::accepted);
}

TEST_CASE("outcome: a gate is settled unless it waits for the exchange") {
    Switch family = tripped(Cancel::accepted);
    CHECK(is_gate_settled(family));
    family.release = Release::waiting;
    CHECK_FALSE(is_gate_settled(family));
    family.release = Release::unlocking;
    CHECK_FALSE(is_gate_settled(family));
}

TEST_CASE("outcome: all are settled, or some are not") {
    Desk rig(plan_of({.families = 2}));
    const std::vector<FamilyId> both{A, B}, one{A};
    CHECK(all_settled(rig.engine, both, settled<is_cancel_settled>));
    rig.trip(both);
    CHECK_FALSE(all_settled(rig.engine, both, settled<is_cancel_settled>));
    rig.answer(link(0), AnswerClass::accepted);
    CHECK(all_settled(rig.engine, one, settled<is_cancel_settled>));
    CHECK_FALSE(all_settled(rig.engine, both, settled<is_cancel_settled>));
}
