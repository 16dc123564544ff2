// Latency and turns as JSON, and as a person reads them.
#include "daemon/control/latency_json.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include "daemon/scramctl/latency_text.h"
#include "daemon/scramctl/status_text.h"

using namespace scram;

namespace {

constexpr Time start = Time{1h};

Latency some() {
    Latency latency{WallMillis{1'700'000'000'123}, {}, {}};
    Stages stages{.published = start,
                  .read = start + 10us,
                  .decided = start + 10us + 300ns,
                  .sent = start + 20us,
                  .answered = start + 2ms,
                  .wire = {}};
    latency.attempts.record(stages);
    stages.answered = {};
    latency.attempts.record(stages);
    return latency;
}

std::string text_of(const std::string& json, std::string (*text)(simdjson::dom::element)) {
    simdjson::dom::parser parser;
    return text(parser.parse(json));
}

void has(const std::string& text, std::string_view part) {
    INFO(text);
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
}

}  // namespace

TEST_CASE("latency as JSON: each set has its requests, and each stage its times in ns") {
    const std::string json = latency_json(some());
    simdjson::dom::parser parser;
    REQUIRE(parser.parse(json).error() == simdjson::SUCCESS);
    has(json, R"("since_ms":1700000000123,"error_max":0.03125)");
    has(json, R"("attempts":{"requests":2,"unanswered":1,"stages":{)");
    has(json, R"("bucket_bounds_ns":[100,250,500,1000,2500,5000,10000,)");
    has(json, R"("published_to_read":{"count":2,"sum_ns":20000,"p50_ns":10000,"p90_ns":10000,)"
              R"("p99_ns":10000,"p999_ns":10000,"max_ns":10000,"buckets":[0,0,0,0,0,0,2,0,)"
              R"(0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]})");
    has(json, R"("decided_to_wire":{"count":0})");
    has(json, R"("sent_to_answered":{"count":1,)");
    has(json, R"("rehearsals":{"requests":0,"unanswered":0,)");
}

TEST_CASE("latency for a person: one line a stage, and what is missing is said") {
    const std::string text = text_of(latency_json(some()), latency_text);
    has(text, "a percentile at most 3.125 % too high");
    has(text, "attempts: 2, 1 without an answer\n");
    has(text, "published -> read            2  10.0 us");
    has(text, "read -> decided              2   300 ns");
    has(text, "published -> wire            0        -        -");
    has(text, "sent -> answered             1  1.98 ms");
    has(text, "rehearsals: none yet\n");
}

TEST_CASE("latency for a person: durations keep three digits or so, whatever their size") {
    CHECK(duration_text(0) == "0 ns");
    CHECK(duration_text(999) == "999 ns");
    CHECK(duration_text(1000) == "1.0 us");
    CHECK(duration_text(37'000) == "37.0 us");
    CHECK(duration_text(2'310'000) == "2.31 ms");
    CHECK(duration_text(1.2e9) == "1.20 s");
}

TEST_CASE("an iteration as JSON: its length, its work, and when by the wall; null if unmeasured") {
    const LoopIteration turn{
        .took = 412us, .on_cpu = 12us, .at = start, .did = {"breach", "answer"}};
    CHECK(loop_max_json(turn, start + 1s, WallMillis{5000}) ==
          R"({"wall_us":412,"cpu_us":12,"work":"breach, answer","at":4000})");
    CHECK(loop_max_json(LoopIteration{}, start, WallMillis{5000}) == "null");
}

TEST_CASE("status for a person: the longest iteration is told, or that there was none") {
    has(text_of(R"({"loop_max":null})", status_text),
        "longest event-loop iteration: not measured yet\n");
    const std::string text = text_of(R"({"loop_max":{"wall_us":412,"work":"breach","at":0},)"
                                     R"("loop_max_of_minute":{"wall_us":0.9,"work":"","at":0}})",
                                     status_text);
    has(text, "longest event-loop iteration: 412.0 us at ");
    has(text, " (breach); of the last minute: 900 ns at ");
}
