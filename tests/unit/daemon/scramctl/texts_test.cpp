// What scramctl prints, word for word. Its inputs are scramd's answers, as the tests of
// daemon/control keep them; what it makes of them stands below golden/.
#include <doctest/doctest.h>

#include <functional>

#include "daemon/scramctl/latency_text.h"
#include "daemon/scramctl/outcome_text.h"
#include "daemon/scramctl/receipt_text.h"
#include "daemon/scramctl/reply.h"
#include "daemon/scramctl/status_text.h"
#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

namespace dom = simdjson::dom;

Reply answer_of(const std::string& json) {
    auto answer = Reply::read(json);
    REQUIRE(answer);
    return std::move(*answer);
}

// What this text makes of that answer.
void check(std::string_view name, std::string_view answer,
           const std::function<std::string(dom::element)>& text) {
    const std::string file = "daemon/control/golden/" + std::string(answer) + ".json";
    check_golden("daemon/scramctl/golden/" + std::string(name) + ".txt",
                 text(answer_of(golden(file)).root()));
}

std::string receipt(dom::element answer) {
    return receipt_text(answer["receipt"], false);
}
std::string receipt_and_signals(dom::element answer) {
    return receipt_text(answer["receipt"], true);
}
std::string receipts(dom::element answer) {
    return receipts_text(printing::list(answer, "receipts"));
}
std::string waited_trip(dom::element answer) {
    return trip_text(answer, true);
}

std::string text_of(const std::string& json, std::string (*text)(dom::element)) {
    return text(answer_of(json).root());
}

}  // namespace

TEST_CASE("texts: a status on one screen, in full, and for who watches") {
    for (const std::string state : {"status_started", "status", "status_refused"}) {
        check(state + "_overview", state, overview_text);
        check(state + "_details", state, status_text);
        check(state + "_watch", state, state_text);
        check(state + "_ready", state, ready_text);
    }
}

TEST_CASE("texts: what arming shows and does") {
    for (const std::string name : {"review_of_nothing", "review"}) check(name, name, review_text);
    for (const std::string name :
         {"rearm_refused", "rearmed", "rearm_forced", "rearm_of_nothing", "rearm_waiting"})
        check(name, name, rearmed_text);
    check("gates_open", "gates_open", gates_text);
    CHECK(text_of(R"({"ok":false,"closed":["mm-1/BTC-USD"]})", gates_text) ==
          "not seen yet that their gates are open: scramctl status\n");
}

TEST_CASE("texts: receipts") {
    check("receipts_none", "receipts_none", receipts);
    check("receipts", "receipts", receipts);
    check("receipt", "receipt", receipt);
    check("receipt_with_signals", "receipt_with_signals", receipt_and_signals);
    check("receipt_of_operator", "receipt_of_operator", receipt);
}

TEST_CASE("texts: latency and reloads") {
    check("latency", "latency", latency_text);
    check("reload", "reload", reloaded_text);
    check("reload_unchanged", "reload_unchanged", reloaded_text);
}

TEST_CASE("texts: a trip whose outcome is awaited, came, or was not asked for") {
    const std::string head = R"({"ok":true,"trip":3,"families":2,"accepted":)";
    CHECK(text_of(head + R"(true,"verified":true,"refused":[]})", waited_trip) ==
          "trip 3: 2 families, cancels verified: the exchange's book shows no MMP order\n");
    CHECK(
        text_of(head + R"(true,"verified":false,"refused":[]})", waited_trip) ==
        "trip 3: 2 families, cancels accepted by the exchange, NOT verified: its book is not read "
        "to an end\n");
    CHECK(text_of(head + R"(false,"refused":[]})", waited_trip) ==
          "trip 3: 2 families, cancels NOT accepted yet; scramd goes on trying: scramctl watch\n");
    CHECK(trip_text(answer_of(head + R"(false,"refused":[]})").root(), false) ==
          "trip 3: 2 families, cancels under way; their outcome was not asked for\n");
    CHECK(text_of(head + R"(false,"refused":[{"family":"mm-1/BTC-USD","http":200,"code":"51411",)"
                         R"("why":"no MMP","advice":"ask OKX"},{"family":"mm-1/ETH-USD",)"
                         R"("http":401,"advice":"look it up"}]})",
                  waited_trip) ==
          "trip 3: 2 families, cancels REFUSED by the exchange\n"
          "mm-1/BTC-USD: REFUSED: code 51411 (no MMP), http 200\n"
          "  ask OKX\n"
          "mm-1/ETH-USD: REFUSED: code - (not explained), http 401\n"
          "  look it up\n"
          "scramd goes on trying, but until this is corrected their quotes may rest: cancel them "
          "at OKX by hand\n");
}

TEST_CASE("texts: ready for a program") {
    CHECK(text_of(R"({"ready":true,"unready_reason":"","not_ready_reasons":[]})", ready_json) ==
          R"({"ready":true,"reason":"","not_ready_reasons":[]})");
    CHECK(text_of(R"({"ready":false,"unready_reason":"no \"link\"","not_ready_reasons":[{"a":1}]})",
                  ready_json) ==
          R"({"ready":false,"reason":"no \"link\"","not_ready_reasons":[{"a":1}]})");
}

TEST_CASE("texts: an event of a watch in one line; a line that is none is shown as it is") {
    CHECK(
        event_text(R"x({"event":"fired","wall_ms":1767605400123,"trip":1,"family":"mm-1/BTC-USD",)x"
                   R"x("by":"uid 1 (ann)","reason":"say \"no\"","hedge":true})x") ==
        R"x(09:30:00.123Z fired trip=1 family=mm-1/BTC-USD by="uid 1 (ann)" )x"
        R"x(reason="say \"no\"" hedge=true)x");
    CHECK(event_text("<html>") == "<html>");
}

TEST_CASE("texts: nothing of another's words commands a terminal") {
    CHECK(text_of(R"({"trip":1,"families":"\u001b[31m2\u202e"})", waited_trip) ==
          "trip 1: ?[31m2? families, cancels NOT accepted yet; scramd goes on trying: scramctl "
          "watch\n");
}

TEST_CASE("answers: one JSON object, read once; what is none is no answer") {
    CHECK(answer_of(R"({"ok":true})").ok());
    const Reply refusal = answer_of(R"({"ok":false,"error":"why"})");
    CHECK_FALSE(refusal.ok());
    CHECK(refusal.error() == "why");
    for (const char* text : {"", "<html>", "[1]", "{\"ok\":true", "1"})
        CHECK_MESSAGE(!Reply::read(text), text);
}
