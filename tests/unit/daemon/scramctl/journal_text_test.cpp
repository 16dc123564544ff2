// Records in words.
#include "daemon/scramctl/journal_text.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

JournalRecord record(RecordKind kind, const Texts& texts) {
    JournalRecord out;
    out.sequence = 57;
    out.wall_ms = 1'767'605'400'123;
    out.kind = kind;
    out.code = no_code;
    put_texts(texts, out);
    return out;
}

std::string tail(const JournalRecord& of) {
    return record_line(of).substr(std::string("2026-01-05T09:30:00.123Z #57 ").size());
}

}  // namespace

TEST_CASE("journal print: a trip by a rule") {
    JournalRecord trip =
        record(RecordKind::tripped, {"mm-1/BTC-USD", "btc-delta", "maker-1", "delta", {}});
    trip.trip = 3;
    trip.value = 27.5;
    trip.limit = 25;
    CHECK(record_line(trip) ==
          "2026-01-05T09:30:00.123Z #57 tripped trip=3 rule=btc-delta family=mm-1/BTC-USD "
          "source=maker-1 metric=delta value=27.5 limit=25");
    CHECK(record_json(trip) ==
          R"({"sequence":57,"event":"tripped","wall_ms":1767605400123,"monotonic_ns":0,"trip":3,)"
          R"("rule":"btc-delta","family":"mm-1/BTC-USD","source":"maker-1","metric":"delta",)"
          R"("value":27.5,"limit":25})");
}

TEST_CASE("journal print: a trip by an operator") {
    JournalRecord trip = record(RecordKind::tripped, {{}, {}, "uid 1 (ann)", {}, "bad news"});
    trip.trip = 4;
    CHECK(tail(trip) == "tripped trip=4 by=\"uid 1 (ann)\" reason=\"bad news\"");
}

TEST_CASE("journal print: attempts, answers, states") {
    JournalRecord fired = record(RecordKind::fired, {"mm-1/BTC-USD", {}, {}, {}, {}});
    fired.trip = 3;
    fired.attempt = 9;
    fired.link = 2;
    fired.lock_ms = 5000;
    fired.flags = JournalRecord::is_hedge;
    CHECK(tail(fired) ==
          "fired trip=3 family=mm-1/BTC-USD link=mm-1#2 attempt=9 lock_ms=5000 hedge=true");
    JournalRecord answered = record(RecordKind::answered, {"mm-1/BTC-USD", {}, {}, {}, {}});
    answered.http_status = 502;
    answered.answer_class = static_cast<std::uint8_t>(AnswerClass::failed);
    CHECK(tail(answered) == "answered family=mm-1/BTC-USD class=failed http=502");
    JournalRecord standing = record(RecordKind::standing, {"mm-1/BTC-USD", {}, {}, {}, "why"});
    standing.flags = JournalRecord::is_latched;
    CHECK(tail(standing) ==
          "standing family=mm-1/BTC-USD latched=true unfinished=false confirmed=false reason=why");
    CHECK(tail(record(RecordKind::lost, {})) == "lost records=0");
    CHECK(tail(record(RecordKind::started, {{}, {}, "00ff", {}, "whole"})) ==
          "started boot=00ff journal=whole");
    JournalRecord alarm = record(RecordKind::alarm_raised, {"mm-1", {}, {}, {}, {}});
    alarm.reason = static_cast<std::uint8_t>(Alarm::refused);
    CHECK(tail(alarm) == "alarm_raised account=mm-1 alarm=" + std::string(name(Alarm::refused)));
}

TEST_CASE("journal print: what was refused for a value that is not known names it and its source") {
    JournalRecord refused = record(RecordKind::rearm_refused,
                                   {"mm-1/BTC-USD", "btc-delta", "maker-1", "delta", "calm"});
    refused.trip = 3;
    refused.reason = static_cast<std::uint8_t>(Refusal::unknown_value);
    CHECK(tail(refused) ==
          "rearm_refused trip=3 rule=btc-delta family=mm-1/BTC-USD source=maker-1 "
          "why=unknown_value metric=delta reason=calm");
    refused =
        record(RecordKind::rearm_refused, {"mm-1/BTC-USD", "btc-delta", "uid 1 (ann)", {}, "calm"});
    refused.reason = static_cast<std::uint8_t>(Refusal::rule_holds);
    CHECK(tail(refused) ==
          "rearm_refused rule=btc-delta family=mm-1/BTC-USD why=rule_holds by=\"uid 1 (ann)\" "
          "reason=calm");
}

TEST_CASE("journal print: any bytes are printed as one line and as JSON") {
    JournalRecord odd;
    for (std::size_t i = 0; i < sizeof odd; ++i) {
        reinterpret_cast<unsigned char*>(&odd)[i] = static_cast<unsigned char>(255 - i * 7);
    }
    CHECK(record_line(odd).find('\n') == std::string::npos);
    CHECK(record_json(odd).find('\n') == std::string::npos);
}
