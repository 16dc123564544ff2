// Records in words.
#include "daemon/scramctl/journal_text.h"

#include <doctest/doctest.h>

#include <memory>

#include "daemon/log/event_text.h"
#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

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
          "standing family=mm-1/BTC-USD latched=true unfinished=false accepted=false reason=why");
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

TEST_CASE("journal print: what an event says, the log and the journal say in the same words") {
    Plan plan = plan_of({.families = 2});
    add_limit(plan, 25);
    const Engine engine(plan);
    const auto all = std::make_shared<const Plan>(plan);
    Event by_rule, by_operator, fired, answered, refused, unknown, alarm, released;
    by_rule.rule = RuleId{0};
    by_rule.source = maker;
    by_rule.metric = delta;
    by_rule.value = 27.5;
    by_rule.limit = 25;
    by_operator.by = FixedText<32>("uid 1 (ann)");
    by_operator.text = FixedText<160>("say \"no\"");
    fired.kind = EventKind::fired;
    fired.lock = 5000ms;
    fired.hedge = true;
    answered.kind = EventKind::answered;
    answered.late = true;
    answered.answer = {AnswerClass::refused, 200, 51411};
    refused.kind = unknown.kind = EventKind::rearm_refused;
    refused.refusal = Refusal::other_trip;
    refused.by = by_operator.by;
    refused.text = by_operator.text;
    unknown.refusal = Refusal::unknown_value;
    unknown.rule = RuleId{0};
    unknown.source = maker;
    unknown.metric = delta;
    alarm.kind = EventKind::alarm_raised;
    alarm.alarm = Alarm::refused;
    alarm.account = account;
    Event switched = by_operator;
    switched.kind = EventKind::dead_man_off;
    switched.account = account;
    released.kind = EventKind::lock_released;
    released.answer = {AnswerClass::accepted, 200, 0};
    for (Event* event : {&fired, &answered}) event->link = link(2);
    for (Event* event : {&by_rule, &fired, &answered, &refused, &unknown, &released})
        event->family = B;
    for (Event event :
         {by_rule, by_operator, fired, answered, refused, unknown, alarm, released, switched}) {
        event.trip = TripId{3};
        event.attempt = event.link == none<LinkId>() ? AttemptId{} : AttemptId{9};
        LogEntry entry;
        entry.event = event;
        entry.plan = all;
        auto record = record_of(event, engine, WallMillis{1'767'605'400'123});
        REQUIRE(record);
        record->sequence = 57;
        CHECK(tail(*record) == log_line(entry));
    }
}

TEST_CASE("journal print: any bytes are printed as one line and as JSON") {
    JournalRecord odd;
    for (std::size_t i = 0; i < sizeof odd; ++i) {
        reinterpret_cast<unsigned char*>(&odd)[i] = static_cast<unsigned char>(255 - i * 7);
    }
    CHECK(record_line(odd).find('\n') == std::string::npos);
    CHECK(record_json(odd).find('\n') == std::string::npos);
}
