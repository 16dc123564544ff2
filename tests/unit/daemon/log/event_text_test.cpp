#include "daemon/log/event_text.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

Plan plan() {
    Plan plan;
    plan.accounts = {{"mm-1", {}, 2}, {"mm-2", {}, 1}};
    plan.families = {{"mm-1/BTC-USD", AccountId{}, "BTC-USD", {}}};
    plan.sources = {{"maker-1", {FamilyId{}}}};
    plan.metrics = {"delta"};
    RuleSpec rule;
    rule.name = "btc delta";  // config allows no space; a line must hold all the same
    rule.metric = MetricId{};
    plan.rules = {rule};
    rule.name = "silent";
    rule.kind = RuleKind::stale;
    rule.metric = none<MetricId>();
    plan.rules.push_back(rule);
    return plan;
}

struct Line {
    std::shared_ptr<Plan> the_plan = std::make_shared<Plan>(plan());
    LogEntry entry;
    Line() { entry.plan = the_plan; }
};

}  // namespace

TEST_CASE("event text: a trip by a rule names the rule, the value and the limit") {
    Line told;
    Event& event = told.entry.event;
    event.kind = EventKind::tripped;
    event.trip = TripId{3};
    event.rule = RuleId{0};
    event.family = FamilyId{};
    event.source = SourceId{};
    event.metric = MetricId{};
    event.value = 27.5;
    event.limit = 25;
    CHECK(log_line(told.entry) ==
          "tripped trip=3 rule=\"btc delta\" family=mm-1/BTC-USD source=maker-1 metric=delta "
          "value=27.5 "
          "limit=25");
    CHECK(json_line(told.entry, WallMillis{1}) ==
          R"({"event":"tripped","wall_ms":1,"trip":3,"rule":"btc delta","family":"mm-1/BTC-USD",)"
          R"("source":"maker-1","metric":"delta","value":27.5,"limit":25})");
    CHECK(priority(event) == 2);
}

TEST_CASE("event text: a trip by silence tells how long it was") {
    Line told;
    told.entry.event.kind = EventKind::tripped;
    told.entry.event.trip = TripId{1};
    told.entry.event.rule = RuleId{1};
    told.entry.event.source = SourceId{};
    told.entry.event.value = 2000.5;
    told.entry.event.limit = 2000;
    CHECK(log_line(told.entry) ==
          "tripped trip=1 rule=silent source=maker-1 silent_ms=2000.5 after_ms=2000");
}

TEST_CASE("event text: an operator's words stay in one field, whatever they are") {
    Line told;
    told.entry.event.kind = EventKind::tripped;
    told.entry.event.trip = TripId{1};
    told.entry.event.by = FixedText<32>("uid 1000 (desk)");
    told.entry.event.text = FixedText<160>("fat finger\n<0>forged \"line\"");
    CHECK(log_line(told.entry) ==
          R"x(tripped trip=1 by="uid 1000 (desk)" reason="fat finger\u000a<0>forged \"line\"")x");
}

TEST_CASE("event text: an answer tells its class, its code, why, and its stages") {
    Line told;
    Event& event = told.entry.event;
    event.kind = EventKind::answered;
    event.family = FamilyId{};
    event.link = LinkId{1};
    event.attempt = AttemptId{7};
    event.answer = {AnswerClass::refused, 401, 50113};
    told.entry.stages = {Time{1ms},        Time{1ms + 20us}, Time{1ms + 21us},
                         Time{1ms + 30us}, Time{2ms},        Time{1ms + 25us}};
    CHECK(log_line(told.entry) ==
          "answered family=mm-1/BTC-USD link=mm-1#1 attempt=7 class=refused http=401 code=50113 "
          "why=\"the signature is invalid: is the secret the key's own?\" read_us=20.0 "
          "decided_us=1.0 "
          "sent_us=9.0 wire_us=4.0 answered_us=970.0");
    CHECK(priority(event) == 2);
    told.entry.stages.published = Time{};  // a retry, which no signal caused
    CHECK(log_line(told.entry).find("read_us") == std::string::npos);
}

TEST_CASE("event text: a link is named by its account and its number there") {
    CHECK(link_name(plan(), LinkId{0}) == "mm-1#0");
    CHECK(link_name(plan(), LinkId{1}) == "mm-1#1");
    CHECK(link_name(plan(), LinkId{2}) == "mm-2#0");
}
