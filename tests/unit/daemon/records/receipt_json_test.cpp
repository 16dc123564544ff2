// Receipts in words, as JSON, and as a person reads them.
#include "daemon/records/receipt_json.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <limits>

#include "daemon/scramctl/receipt_text.h"
#include "tests/unit/daemon/records/is_json.h"

using namespace scram;

namespace {

constexpr Time start = Time{1h};

std::string text_of(const std::string& json, bool signals = false) {
    simdjson::dom::parser parser;
    return receipt_text(parser.parse(json), signals);
}

std::string list_of(const std::string& json) {
    simdjson::dom::parser parser;
    const simdjson::dom::array receipts = parser.parse(json);
    return receipts_text({receipts.begin(), receipts.end()});
}

Plan the_plan() {
    Plan plan;
    plan.accounts = {{"mm-1", {}, 2}};
    plan.families = {{"mm-1/BTC-USD", AccountId{}, "BTC-USD", {}},
                     {"mm-1/ETH-USD", AccountId{}, "ETH-USD", {}}};
    plan.sources = {{"maker-1", {FamilyId{}}}, {"maker-2", {FamilyId{}}}};
    plan.metrics = {"delta", "fills"};
    const auto add = [&](std::string name, RuleKind kind, MetricId metric) {
        RuleSpec rule;
        rule.name = std::move(name);
        rule.kind = kind;
        rule.metric = metric;
        rule.limit = 25;
        rule.within = 2s;
        plan.rules.push_back(rule);
    };
    add("delta", RuleKind::limit, MetricId{0});
    add("fall", RuleKind::drawdown, MetricId{0});
    add("jump", RuleKind::change, MetricId{0});
    add("busy", RuleKind::count, MetricId{1});
    add("apart", RuleKind::divergence, MetricId{0});
    add("silent", RuleKind::stale, none<MetricId>());
    add("gone", RuleKind::gone, none<MetricId>());
    add("bad", RuleKind::bad, none<MetricId>());
    return plan;
}

const auto shared_plan = std::make_shared<const Plan>(the_plan());
const Plan& plan = *shared_plan;

Receipt by_rule(std::size_t rule) {
    Receipt receipt(2, 4);
    receipt.trip = TripId{3};
    receipt.plan = shared_plan;
    receipt.wall = WallMillis{1'700'000'000'123};
    receipt.cause = {.kind = EventKind::tripped,
                     .at = start,
                     .trip = TripId{3},
                     .rule = id_at<RuleId>(rule),
                     .value = 27.1,
                     .limit = 25};
    return receipt;
}

std::string words(std::size_t rule, SourceId source = none<SourceId>(),
                  FamilyId family = none<FamilyId>()) {
    Receipt receipt = by_rule(rule);
    receipt.cause.source = source;
    receipt.cause.family = family;
    receipt.cause.metric = plan.rules[rule].metric;
    receipt.cause.bad = rule == 7 ? BadReason::not_finite : BadReason::none;
    return cause_text(receipt);
}

Receipt by_operator() {
    Receipt receipt(2, 4);
    receipt.trip = TripId{3};
    receipt.plan = shared_plan;
    receipt.cause.kind = EventKind::tripped;
    receipt.cause.at = start;
    receipt.cause.by = FixedText<32>("uid 0 (root)");
    receipt.cause.text = FixedText<160>("drill");
    return receipt;
}

AttemptNote attempt(std::uint64_t id) {
    return {.id = AttemptId{id}, .family = FamilyId{0}, .link = LinkId{1}, .sent = start + 50us};
}

bool has(const std::string& text, std::string_view part) {
    INFO(text);
    const bool found = text.find(part) != std::string::npos;
    CHECK_MESSAGE(found, part);
    return found;
}

}  // namespace

TEST_CASE("receipt in words: each kind of rule says what it saw and its limit") {
    CHECK(words(0, none<SourceId>(), FamilyId{0}) ==
          "rule delta: delta 27.1 of mm-1/BTC-USD, limit 25");
    CHECK(words(0, SourceId{0}) == "rule delta: delta 27.1 by maker-1, limit 25");
    CHECK(words(1) == "rule fall: delta 27.1, down more than 25 from its peak, below 25");
    CHECK(words(2) == "rule jump: delta moved by 27.1, limit 25 in 2000 ms");
    CHECK(words(3) == "rule busy: fills rose by 27.1, limit 25 in 2000 ms");
    CHECK(words(4) == "rule apart: delta differs by 27.1, limit 25");
    CHECK(words(5, SourceId{1}) == "rule silent: maker-2 was silent for 27.1 ms, limit 25 ms");
    CHECK(words(6, SourceId{0}) == "rule gone: maker-1 vanished without detaching");
    CHECK(words(7, SourceId{0}) == "rule bad: bad record of maker-1: not a finite number");
}

TEST_CASE("receipt: each rule that one input breached is told, and how many more there were") {
    Receipt receipt = by_rule(6);
    receipt.cause.source = SourceId{0};
    receipt.also.push_back({.rule = RuleId{0},
                            .family = FamilyId{1},
                            .metric = MetricId{0},
                            .value = 26,
                            .limit = 25});
    CHECK(cause_text(receipt) ==
          "rule gone: maker-1 vanished without detaching; "
          "rule delta: delta 26 of mm-1/ETH-USD, limit 25");
    const std::string json = receipt_json(receipt, nullptr);
    REQUIRE(is_json(json));
    has(json, R"("rule":"gone","also":[{"rule":"delta","family":"mm-1/ETH-USD","metric":"delta",)"
              R"("value":26,"limit":25}])");
    receipt.also_left_out = 3;
    has(cause_text(receipt), "; and 3 more rules");
}

TEST_CASE("receipt in words: an operator, a start and a trip of before it are told apart") {
    Receipt receipt = by_operator();
    CHECK(cause_text(receipt) == "operator uid 0 (root): drill");
    receipt.cause.by = {};
    receipt.cause.text = FixedText<160>("an unclean end");
    CHECK(cause_text(receipt) == "the start of scramd: an unclean end");
    receipt.cause.kind = EventKind::restored;
    CHECK(cause_text(receipt) == "before this start: an unclean end");
    receipt.cause.text = {};
    CHECK(cause_text(receipt) == "a trip before this start");
}

TEST_CASE("receipt as JSON: times are relative to the trip, and what did not happen is left out") {
    Receipt receipt = by_rule(0);
    receipt.cause.published = start - 37us;
    receipt.families.push_back({.family = FamilyId{0}, .how = FamilyNote::How::latched});
    receipt.attempts.push_back(attempt(7));
    const std::string json = receipt_json(receipt, nullptr);
    REQUIRE(is_json(json));
    has(json, R"("published_us":-37.0)");
    has(json, R"("time":"2023-11-14T22:13:20.123Z")");
    has(json, R"("attempt":7,"family":"mm-1/BTC-USD","link":"mm-1#1")");
    has(json, R"("sent_us":50.0)");
    for (const char* absent : {"accepted_us", "rearmed_us", "answered_us", "lost_us", "class",
                               "signals", "decided_us", "last_attempt"})
        CHECK(json.find("\"" + std::string(absent) + "\"") == std::string::npos);
}

TEST_CASE("receipt as JSON: a value that is no number is told in words") {
    Receipt receipt = by_rule(0);
    receipt.cause.value = std::numeric_limits<double>::quiet_NaN();
    CHECK(is_json(receipt_json(receipt, nullptr)));
    has(receipt_json(receipt, nullptr), R"("value":"nan")");
}

TEST_CASE("receipt as JSON: a source's signals are told whatever it wrote, the first read first") {
    FlightRecord good;
    good.read = start - 1ms;
    good.from = SourceId{1};
    good.source = 1;
    good.metric = 1;
    good.version = SCRAM_VERSION;
    good.kind = SCRAM_VALUE;
    good.published_ns = ns_of(start - 2ms);
    good.value = 4.5;
    FlightRecord hostile = good;
    hostile.read = start - 3ms;
    hostile.family = hostile.metric = hostile.source = 65535;
    hostile.published_ns = INT64_MIN;
    hostile.value = -std::numeric_limits<double>::infinity();
    FlightRecord beat = good;
    beat.read = start;
    beat.kind = SCRAM_HEARTBEAT;
    FlightRecord unknown = beat;
    unknown.kind = 99;
    unknown.version = 2;
    const std::string json = receipt_json(by_operator(), [&] {
        static Flight flight;
        flight = {good, beat, hostile, unknown};
        return &flight;
    }());
    REQUIRE(is_json(json));
    has(json,
        R"("signals_left_out":0,"signals":[{"read_us":-3000.0,"published_ns":-9223372036854775808,)"
        R"("source":"maker-2","sequence":0,"as_source":65535,"family":65535,"metric":65535,)"
        R"("value":"-inf"},{"read_us":-1000.0,"published_us":-2000.0,"source":"maker-2",)"
        R"("sequence":0,"family":"mm-1/BTC-USD","metric":"fills","value":4.5},)");
    has(json, R"("kind":"heartbeat")");
    has(json, R"("version":2,"kind":99)");
    const std::string text = text_of(json, true);
    has(text, "signals before it (4)");
    has(text, "as source 65535 65535 65535 = -inf");
}

TEST_CASE("receipt for a person: the verdict comes first, and says what it means") {
    Receipt receipt = by_operator();
    receipt.families.push_back({.family = FamilyId{0}, .how = FamilyNote::How::latched});
    receipt.families.push_back({.family = FamilyId{1}, .how = FamilyNote::How::latched});
    CHECK(text_of(receipt_json(receipt, nullptr))
              .starts_with("trip 3: OPEN: the exchange has accepted NOTHING yet\n"));
    receipt.families[0].accepted = start + 2310us;
    const std::string partial = text_of(receipt_json(receipt, nullptr));
    CHECK(partial.starts_with("trip 3: PARTIAL: NOT every family"));
    has(partial, "mm-1/BTC-USD             accepted +2.31 ms");
    has(partial, "mm-1/ETH-USD             NOT ACCEPTED");
    receipt.families[1].accepted = start + 3s;
    CHECK(text_of(receipt_json(receipt, nullptr)).starts_with("trip 3: ACCEPTED: "));
}

TEST_CASE("receipt for a person: one attempt a line, with its end and why") {
    Receipt receipt = by_operator();
    AttemptNote refused = attempt(1);
    refused.settled = start + 970us;
    refused.answer = {AnswerClass::refused, 401, 50113};
    AttemptNote lost = attempt(2);
    lost.lost = lost.hedge = true;
    lost.settled = start + 1s;
    receipt.attempts.push_back(refused);
    receipt.attempts.push_back(lost);
    receipt.attempts.push_back(attempt(3));
    receipt.attempts[0].wire = start + 48us;
    const std::string text = text_of(receipt_json(receipt, nullptr));
    has(text, "answered  +970.0 us  refused, http 401, code 50113: the signature is invalid");
    has(text, "LOST        +1.00 s  no answer (hedge)");
    has(text, "in flight");
    has(text,
        "50113: the signature is invalid: is the secret the key's own? (on the wire +48.0 us)");
    has(receipt_json(receipt, nullptr), R"("sent_us":50.0,"wire_us":48.0,"answered_us":970.0)");
}

TEST_CASE("receipt for a person: what there was no room for is counted, and the last one told") {
    Receipt receipt = by_operator();
    FamilyNote note{.family = FamilyId{0}, .how = FamilyNote::How::latched};
    note.attempts = 9;
    note.last = attempt(9);
    note.last.settled = start + 200s;
    note.last.answer = {AnswerClass::accepted, 200, 0};
    receipt.families.push_back(note);
    receipt.attempts.push_back(attempt(1));
    receipt.attempts_left_out = 8;
    const std::string text = text_of(receipt_json(receipt, nullptr));
    has(text, "and 8 later ones");
    has(text, "its last:   #9");
    has(text, "answered +3 min 20 s  accepted");
}

TEST_CASE("receipt for a person: other trips that a family belongs to are named") {
    Receipt receipt = by_operator();
    receipt.families.push_back(
        {.family = FamilyId{0}, .how = FamilyNote::How::served, .by = TripId{1}});
    has(text_of(receipt_json(receipt, nullptr)),
        "served by the cancels of trip 1, which were under way");
    has(list_of("[" + receipt_summary_json(receipt) + "]"),
        "operator uid 0 (root): drill (served by trip 1)");
    receipt.families[0].continued_by = TripId{5};
    has(text_of(receipt_json(receipt, nullptr)), "goes on as trip 5");
}

TEST_CASE("receipt for a person: an operator's words cannot move the reader's cursor") {
    Receipt receipt = by_operator();
    receipt.cause.text = FixedText<160>("x\x1b[2J\ntrip 4: ACCEPTED");
    const std::string text = text_of(receipt_json(receipt, nullptr));
    CHECK(text.find('\x1b') == std::string::npos);
    has(text, "x?[2J?trip 4: ACCEPTED");
}

TEST_CASE("receipt in short: its stages are those of the first request and of the last family") {
    Receipt receipt = by_rule(0);
    receipt.decided = start + 1us;
    receipt.attempts.push_back(attempt(1));
    receipt.families.push_back({.family = FamilyId{0}, .accepted = start + 2ms});
    receipt.families.push_back({.family = FamilyId{1}});
    std::string json = receipt_overview_json(receipt);
    has(json, R"("decided_us":1.0,"sent_us":50.0,"families":[{"family":"mm-1/BTC-USD",)");
    has(json, R"("accepted_us":2000.0)");
    has(json, R"("families_left_out":0)");
    receipt.families[1].accepted = start + 3ms;
    receipt.rearmed_by = FixedText<32>("uid 0");
    json = receipt_overview_json(receipt);
    has(json, R"("sent_us":50.0,"accepted_us":3000.0,"rearmed_by":"uid 0",)");
    CHECK(is_json(json));
}

TEST_CASE("receipt in short: of many families the first are told, and how many there are more") {
    Receipt receipt(overview_families_max + 3, 1);
    receipt.plan = shared_plan;
    receipt.cause.at = start;
    for (std::size_t i = 0; i < overview_families_max + 3; ++i)
        receipt.families.push_back({.family = FamilyId{0}});
    const std::string json = receipt_overview_json(receipt);
    has(json, R"("families_left_out":3)");
    std::size_t told = 0;
    for (auto at = json.find("\"how\""); at != json.npos; at = json.find("\"how\"", at + 1)) ++told;
    CHECK(told == overview_families_max);
}

TEST_CASE("receipts for a person: none") {
    CHECK(list_of("[]") == "no trips\n");
}
