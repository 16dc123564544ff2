#include "daemon/scram_now/report.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

enum class State : std::uint8_t { due, in_flight, accepted, verified };

NowResult result(State state, std::optional<Answer> answer, std::uint32_t requests = 1) {
    NowKill::Outcome outcome;
    outcome.accepted = state >= State::accepted;
    outcome.verified = state == State::verified;
    outcome.in_flight = state == State::in_flight ? 1 : 0;
    outcome.answer = answer;
    outcome.requests = requests;
    return {"mm-1/BTC-USD", outcome, 1234567us, {}};
}

}  // namespace

TEST_CASE("now report: an accepted family in one line") {
    CHECK(result_text(result(State::accepted, Answer{AnswerClass::accepted, 200, 0})) ==
          "mm-1/BTC-USD accepted: http 200, code 0; 1.235 s, 1 request");
}

TEST_CASE("now report: a verified family says what bears it out") {
    CHECK(result_text(result(State::verified, Answer{AnswerClass::accepted, 200, 0}, 2)) ==
          "mm-1/BTC-USD verified: the exchange's book shows no MMP order of it; 1.235 s, 2 "
          "requests");
}

TEST_CASE("now report: who is not accepted has the last answer's class, code and meaning") {
    CHECK(result_text(result(State::due, Answer{AnswerClass::refused, 401, 50110}, 3)) ==
          "mm-1/BTC-USD NOT ACCEPTED: refused, http 401, code 50110: this host's address is not in "
          "the key's list; 1.235 s, 3 requests");
}

TEST_CASE("now report: what was not answered, not waited for, not sent, not to be sent") {
    CHECK(result_text(result(State::due, {})).find(": no answer;") != std::string::npos);
    CHECK(result_text(result(State::in_flight, {})).find("not waited for") != std::string::npos);
    CHECK(result_text(result(State::due, {}, 0)).find(": nothing was sent;") != std::string::npos);
    NowResult broken = result(State::due, {}, 0);
    broken.cause = "credentials x cannot be opened";
    CHECK(result_text(broken).find(": credentials x cannot be opened;") != std::string::npos);
}

TEST_CASE("now report: an answer without a code") {
    CHECK(text(Answer{AnswerClass::failed, 520, no_code}) == "http 520, without a code");
}

TEST_CASE("now report: one object a line for programs") {
    CHECK(
        result_json(result(State::accepted, Answer{AnswerClass::accepted, 200, 0})) ==
        R"({"family":"mm-1/BTC-USD","accepted":true,"verified":false,"class":"accepted","http":200,"code":"0",)"
        R"("why":"","requests":1,"after_ms":1234})");
    CHECK(
        result_json(result(State::due, {}, 2)) ==
        R"({"family":"mm-1/BTC-USD","accepted":false,"verified":false,"class":"","http":0,"code":"",)"
        R"("why":"no answer","requests":2,"after_ms":1234})");
}
