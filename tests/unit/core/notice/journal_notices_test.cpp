// What the journal's records are told as: one notice a trip, and when it is over.
#include "core/notice/from_journal.h"

#include <doctest/doctest.h>

#include "core/journal/journal.h"

using namespace scram;

namespace {

// Records as scramd's board would number and hash them.
class Telling {
  public:
    JournalRecord add(RecordKind kind, const Texts& texts, std::uint64_t trip = 0) {
        JournalRecord record;
        record.kind = kind;
        record.trip = trip;
        put_texts(texts, record);
        return add(record);
    }
    JournalRecord add(JournalRecord record) {
        record.sequence = ++sequence_;
        record.wall_ms = 1'700'000'000'000 + static_cast<std::int64_t>(sequence_);
        record.hash = hash_ = hasher_(hash_, record);
        notices.take(record, now, out);
        return record;
    }
    void trip(std::uint64_t number, const std::vector<std::string>& families,
              std::string_view reason = "news") {
        add(RecordKind::tripped, {{}, {}, "uid 1 (ann)", {}, reason}, number);
        for (const std::string& family : families)
            add(RecordKind::latched, {family, {}, {}, {}, {}}, number);
    }
    void settle() {
        now += notice_gathers_for;
        notices.settle(now, out);
    }
    std::string field(const Notice& notice, std::string_view key) const {
        for (const auto& [name, value] : notice.fields) {
            if (name == key) return value;
        }
        return {};
    }

    Time now = time_from_ns(1'000'000'000);
    Notices out;
    JournalNotices notices;

  private:
    Hasher hasher_;
    Hash hash_{};
    std::uint64_t sequence_ = 0;
};

std::vector<std::string> many_families(std::size_t count) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back("mm-1/F" + std::to_string(i) + "-USD");
    return out;
}

}  // namespace

TEST_CASE("notice: a trip by a rule is one notice, which names the rule, the value and the limit") {
    Telling told;
    JournalRecord record;
    record.kind = RecordKind::tripped;
    record.trip = 3;
    record.value = 26.5;
    record.limit = 25;
    put_texts({"mm-1/BTC-USD", "delta", "maker-1", "delta", {}}, record);
    told.add(record);
    told.add(RecordKind::latched, {"mm-1/BTC-USD", {}, {}, {}, {}}, 3);
    told.add(RecordKind::latched, {"mm-1/ETH-USD", {}, {}, {}, {}}, 3);
    told.add(RecordKind::fired, {"mm-1/BTC-USD", {}, {}, {}, {}}, 3);
    CHECK(told.out.empty());
    told.settle();
    REQUIRE(told.out.size() == 1);
    const Notice& notice = told.out[0];
    CHECK(notice.key == "trip-3");
    CHECK(notice.kind == NoticeKind::raise);
    CHECK(notice.severity == Severity::critical);
    CHECK(notice.text ==
          "Trip 3 latched 2 families, mm-1/BTC-USD and mm-1/ETH-USD (rule delta of mm-1/BTC-USD: "
          "delta is 26.5, the limit 25).");
    CHECK(told.field(notice, "account") == "mm-1");
    CHECK(told.field(notice, "rule") == "delta");
    CHECK(told.field(notice, "source") == "maker-1");
    CHECK(notice.wall_ms == 1'700'000'000'001);
}

TEST_CASE("notice: a trip of a hundred families is one notice that names twelve") {
    Telling told;
    told.trip(1, many_families(100));
    told.settle();
    REQUIRE(told.out.size() == 1);
    CHECK(told.field(told.out[0], "families").ends_with("mm-1/F11-USD and 88 more"));
    CHECK(told.out[0].text.starts_with("Trip 1 latched 100 families, mm-1/F0-USD, "));
    CHECK(told.out[0].text.ends_with("(operator uid 1 (ann): news)."));
}

TEST_CASE("notice: a trip is over once each of its families is verified") {
    Telling told;
    told.trip(1, {"mm-1/A-USD", "mm-1/B-USD"});
    told.add(RecordKind::verified, {"mm-1/A-USD", {}, {}, {}, {}}, 1);
    REQUIRE(told.out.size() == 1);
    told.add(RecordKind::verified, {"mm-1/B-USD", {}, {}, {}, {}}, 1);
    REQUIRE(told.out.size() == 2);
    CHECK(told.out[1].kind == NoticeKind::resolve);
    CHECK(told.out[1].key == "trip-1");
    CHECK(told.out[1].severity == Severity::critical);
    CHECK(told.out[1].text ==
          "Trip 1 is over: of 2 families 2 verified (OKX's list shows none of their orders), 0 "
          "armed before that.");
    CHECK(told.notices.trips().empty());
}

TEST_CASE("notice: a family that is armed before it is verified ends its trip as well") {
    Telling told;
    told.trip(1, {"mm-1/A-USD", "mm-1/B-USD"});
    told.add(RecordKind::verified, {"mm-1/A-USD", {}, {}, {}, {}}, 1);
    told.add(RecordKind::rearmed, {"mm-1/A-USD", {}, "uid 2 (bob)", {}, "calm"}, 1);
    told.add(RecordKind::rearmed, {"mm-1/B-USD", {}, "uid 2 (bob)", {}, "calm"}, 1);
    told.settle();
    REQUIRE(told.out.size() == 3);
    CHECK(told.out[1].text == "Operator uid 2 (bob) armed mm-1/A-USD and mm-1/B-USD: calm.");
    CHECK(told.out[1].severity == Severity::info);
    CHECK(told.out[2].kind == NoticeKind::resolve);
    CHECK(told.out[2].text.find("1 verified") != std::string::npos);
    CHECK(told.out[2].text.find("1 armed before that") != std::string::npos);
}

TEST_CASE("notice: a trip of what is latched already is told, and nothing has to end") {
    Telling told;
    told.trip(1, {"mm-1/A-USD"});
    told.trip(2, {});
    told.settle();
    CHECK(told.out.size() == 1);
    told.now += 3s;
    told.settle();
    REQUIRE(told.out.size() == 2);
    CHECK(told.out[1].kind == NoticeKind::tell);
    CHECK(told.out[1].key == "breach");
    CHECK(told.out[1].severity == Severity::info);
    CHECK(told.out[1].text.starts_with("Trip 2 latched no further family"));
}

TEST_CASE("notice: families whose records come late raise their trip all the same") {
    Telling told;
    told.trip(1, {});
    told.now += 3s;
    told.settle();
    REQUIRE(told.out.size() == 1);
    CHECK(told.out[0].key == "breach");
    told.add(RecordKind::latched, {"mm-1/A-USD", {}, {}, {}, {}}, 1);
    told.add(RecordKind::latched, {"mm-1/B-USD", {}, {}, {}, {}}, 1);
    told.settle();
    REQUIRE(told.out.size() == 2);
    CHECK(told.out[1].key == "trip-1");
    CHECK(told.out[1].severity == Severity::critical);
    CHECK(told.out[1].text.starts_with("Trip 1 latched 2 families"));
    CHECK(told.out[1].id != told.out[0].id);
}

TEST_CASE("notice: a drill is called one, and is a warning") {
    Telling told;
    told.trip(1, {"mm-1/A-USD"}, "drill: monthly");
    told.settle();
    REQUIRE(told.out.size() == 1);
    CHECK(told.out[0].severity == Severity::warning);
    CHECK(told.out[0].text.starts_with("Drill: trip 1 latched 1 family, mm-1/A-USD"));
    CHECK(told.field(told.out[0], "drill") == "true");
}

TEST_CASE("notice: an alarm is raised and resolved under one key, a refusal with its answer") {
    Telling told;
    JournalRecord answered;
    answered.kind = RecordKind::answered;
    answered.answer_class = static_cast<std::uint8_t>(AnswerClass::refused);
    answered.http_status = 401;
    answered.code = 50113;
    told.add(answered);
    JournalRecord alarm;
    alarm.kind = RecordKind::alarm_raised;
    alarm.reason = static_cast<std::uint8_t>(Alarm::refused);
    put_texts({"mm-1", {}, {}, {}, {}}, alarm);
    told.add(alarm);
    alarm.kind = RecordKind::alarm_cleared;
    told.add(alarm);
    REQUIRE(told.out.size() == 2);
    CHECK(told.out[0].key == "alarm-mm-1-refused");
    CHECK(told.out[0].kind == NoticeKind::raise);
    CHECK(told.field(told.out[0], "answer") == "HTTP 401, code 50113");
    CHECK(!told.field(told.out[0], "what_to_do").empty());
    CHECK(told.out[1].key == told.out[0].key);
    CHECK(told.out[1].kind == NoticeKind::resolve);
}

TEST_CASE("notice: each alarm has a meaning of its own and says what to do") {
    std::vector<std::string_view> seen;
    for (std::size_t a = 1; a < alarm_count; ++a) {
        JournalRecord record;
        record.kind = RecordKind::alarm_raised;
        record.reason = static_cast<std::uint8_t>(a);
        put_texts({"mm-1", {}, {}, {}, {}}, record);
        Telling told;
        told.add(record);
        REQUIRE(told.out.size() == 1);
        CHECK(told.out[0].text.find("later version") == std::string::npos);
    }
}

TEST_CASE("notice: an alarm of a later version is told all the same") {
    JournalRecord record;
    record.kind = RecordKind::alarm_raised;
    record.reason = 200;
    put_texts({"mm-1", {}, {}, {}, {}}, record);
    Telling told;
    told.add(record);
    REQUIRE(told.out.size() == 1);
    CHECK(told.out[0].text == "Account mm-1: an alarm of a later version.");
}

TEST_CASE("notice: what stands behind the last safe record is told again by a restart, alike") {
    Telling told;
    told.add(RecordKind::started, {{}, {}, "boot", {}, "whole"});
    const auto safe = told.notices.safe();
    CHECK(safe.sequence == 1);
    std::vector<JournalRecord> behind;
    behind.push_back(told.add(RecordKind::tripped, {{}, {}, "uid 1 (ann)", {}, "news"}, 1));
    behind.push_back(told.add(RecordKind::latched, {"mm-1/A-USD", {}, {}, {}, {}}, 1));
    CHECK(told.notices.safe() == safe);
    CHECK(told.notices.read().sequence == 3);
    JournalNotices restarted(told.notices.safe(), told.notices.trips());
    Notices again;
    for (const JournalRecord& record : behind) restarted.take(record, told.now, again);
    told.settle();
    restarted.settle(told.now, again);
    REQUIRE(again.size() == 1);
    CHECK(again[0] == told.out.back());
    CHECK(told.notices.safe().sequence == 3);
}

TEST_CASE("notice: a trip that was told before a restart is over after it") {
    Telling told;
    told.trip(1, {"mm-1/A-USD"});
    told.settle();
    JournalNotices restarted(told.notices.safe(), told.notices.trips());
    JournalRecord record;
    record.kind = RecordKind::verified;
    record.sequence = 3;
    put_texts({"mm-1/A-USD", {}, {}, {}, {}}, record);
    Notices out;
    restarted.take(record, told.now, out);
    REQUIRE(out.size() == 1);
    CHECK(out[0].kind == NoticeKind::resolve);
}

TEST_CASE("notice: trips that never end are not followed without bound") {
    Telling told;
    for (std::uint64_t trip = 1; trip <= 2 * trips_followed_max; ++trip)
        told.trip(trip, {"mm-1/F" + std::to_string(trip) + "-USD"});
    told.settle();
    CHECK(told.out.size() == 2 * trips_followed_max);
    CHECK(told.notices.trips().size() == trips_followed_max);
    CHECK(told.notices.trips().back().trip == 2 * trips_followed_max);
}

TEST_CASE("notice: no id comes twice") {
    Telling told;
    told.trip(1, {"mm-1/A-USD"});
    told.trip(2, {"mm-1/B-USD"});
    told.add(RecordKind::rearmed, {"mm-1/A-USD", {}, "uid 2 (bob)", {}, "calm"}, 1);
    told.add(RecordKind::rearmed, {"mm-1/B-USD", {}, "uid 2 (bob)", {}, "calm"}, 2);
    told.add(RecordKind::stopped, {});
    std::set<std::string> ids;
    for (const Notice& notice : told.out) CHECK(ids.insert(notice.id).second);
    CHECK(ids.size() == 6);
}
