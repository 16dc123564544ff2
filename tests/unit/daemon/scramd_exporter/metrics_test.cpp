// /metrics, word for word, of the statuses that the tests of daemon/control keep; and what may
// stand in it.
#include "daemon/scramd_exporter/metrics.h"

#include <doctest/doctest.h>

#include <regex>
#include <sstream>

#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

Look moving_look(std::string_view status) {
    Look look;
    look.life = PageLife::moves;
    look.pid = 7;
    look.started_wall_ms = 1'700'000'000'123;
    look.heartbeat_wall_ms = 1'700'000'100'000;
    look.heartbeat_age = 40ms;
    look.status_age = 150ms;
    look.take_status(status);
    return look;
}

Look kept_look(const std::string& name) {
    return moving_look(golden("daemon/control/golden/" + name + ".json"));
}

std::string prometheus_text(const Look& look) {
    return metrics_text(look, ExpositionFormat::prometheus);
}

bool has_series(const std::string& text, const std::string& series) {
    return text.find("\n" + series) != std::string::npos;
}

const std::set<std::string> histogram_suffixes = {"_bucket", "_sum", "_count"};

// What OpenMetrics 1.0 demands, as far as it goes line by line.
void check_openmetrics(const std::string& text) {
    const std::regex sample(
        R"re(([a-z_]+)(\{[a-z0-9_]+="([^"\\\n]|\\[n"\\])*"(,[a-z0-9_]+="([^"\\\n]|\\[n"\\])*")*\})? -?[0-9.e+-]+)re");
    std::istringstream lines(text);
    std::string line, family, type, unit;
    std::set<std::string> families, series;
    bool ended = false;
    while (std::getline(lines, line)) {
        CAPTURE(line);
        REQUIRE(!ended);
        if (line == "# EOF") {
            ended = true;
            continue;
        }
        std::istringstream words(line);
        std::string hash, kind, name;
        words >> hash >> kind >> name;
        if (hash == "#") {
            if (kind == "HELP") CHECK(families.insert(family = name).second);
            CHECK(name == family);
            if (kind == "TYPE") words >> type;
            if (kind == "UNIT") {
                words >> unit;
                CHECK(name.ends_with("_" + unit));
            }
            CHECK((type != "counter" || !name.ends_with("_total")));
            continue;
        }
        std::smatch match;
        REQUIRE(std::regex_match(line, match, sample));
        CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
        const std::string suffix = match[1].str().substr(family.size());
        const std::string wanted = type == "counter" ? "_total" : type == "info" ? "_info" : "";
        const bool is_part = type == "summary"     ? suffix == "_count"
                             : type == "histogram" ? histogram_suffixes.contains(suffix)
                                                   : false;
        CHECK((is_part || (type != "histogram" && suffix == wanted)));
    }
    CHECK(ended);
}

}  // namespace

TEST_CASE("metrics: of kept statuses, word for word") {
    for (const std::string name : {"status_started", "status", "status_refused"}) {
        const Look look = kept_look(name);
        check_golden("daemon/scramd_exporter/golden/" + name + ".prom", prometheus_text(look));
        check_openmetrics(metrics_text(look, ExpositionFormat::openmetrics));
    }
}

TEST_CASE("metrics: what is not known is absent") {
    const std::string text = prometheus_text(moving_look(
        R"({"ready":true,"fires":true,"clock":{"synced":false,"ahead_ms":0},"loop_max":null,)"
        R"("values":[{"family":"F","sums":{"delta":null,"pnl":2},"ages_ms":{"delta":null}}],)"
        R"("sources":[{"name":"m","phase":"absent","expected":true}],"trips":[]})"));
    CHECK(has_series(text, "scramd_ready 1\n"));
    CHECK(has_series(text, "scramd_clock_synced 0\n"));
    CHECK(has_series(text, "scramd_value{family=\"F\",metric=\"pnl\"} 2\n"));
    CHECK(has_series(text, "scramd_source_attached{source=\"m\"} 0\n"));
    for (const char* name :
         {"clock_offset", "loop_max", "value_age", "trips", "latency", "journal"})
        CHECK_FALSE(has_series(text, std::string("scramd_") + name));
    CHECK(text.find("metric=\"delta\"") == std::string::npos);
    CHECK(text.find("signal_age") == std::string::npos);
}

TEST_CASE("metrics: a histogram's buckets each hold those before them, and the last has all") {
    const auto latency = [](std::string_view stage) {
        return prometheus_text(moving_look(
            R"({"latency":{"bucket_bounds_ns":[100,2500,1000000000],"attempts":{"stages":{"a":)" +
            std::string(stage) + "}}}}"));
    };
    CHECK(latency(R"({"count":6,"sum_ns":5000000100,"buckets":[1,0,3,2],"p50_ns":2000})")
              .ends_with(R"(# TYPE scramd_request_stage_seconds histogram
scramd_request_stage_seconds_bucket{kind="attempts",stage="a",le="1e-07"} 1
scramd_request_stage_seconds_bucket{kind="attempts",stage="a",le="2.5e-06"} 1
scramd_request_stage_seconds_bucket{kind="attempts",stage="a",le="1"} 4
scramd_request_stage_seconds_bucket{kind="attempts",stage="a",le="+Inf"} 6
scramd_request_stage_seconds_sum{kind="attempts",stage="a"} 5.0000001
scramd_request_stage_seconds_count{kind="attempts",stage="a"} 6
)"));
    CHECK(latency(R"({"count":0})")
              .ends_with("_bucket{kind=\"attempts\",stage=\"a\",le=\"+Inf\"} 0\n"
                         "scramd_request_stage_seconds_sum{kind=\"attempts\",stage=\"a\"} 0\n"
                         "scramd_request_stage_seconds_count{kind=\"attempts\",stage=\"a\"} 0\n"));
    for (const char* other : {R"({"count":1})", R"({"count":1,"buckets":[1]})",
                              R"({"count":1,"buckets":[1,"x",0,0]})", "{}", "7"})
        CHECK_FALSE(has_series(latency(other), "scramd_request_stage_seconds"));
}

TEST_CASE("metrics: when an account's last drill was is told where that is known") {
    const std::string text = prometheus_text(moving_look(
        R"({"accounts":[{"name":"mm-1","last_drill_wall_ms":1700000000500},{"name":"mm-2"}]})"));
    CHECK(has_series(text, "scramd_last_drill_timestamp_seconds{account=\"mm-1\"} 1700000000.5\n"));
    CHECK_FALSE(has_series(text, "scramd_last_drill_timestamp_seconds{account=\"mm-2\""));
}

TEST_CASE("metrics: of a scramd that does not move only that is told") {
    for (const PageLife life : {PageLife::hangs, PageLife::gone, PageLife::ended}) {
        Look look = kept_look("status");
        look.life = life;
        const std::string text = prometheus_text(look);
        CHECK(has_series(text, "scramd_up 0\n"));
        CHECK(has_series(text, "scramd_fires 0\n"));
        CHECK(has_series(text, "scramd_heartbeat_age_seconds 0.04\n"));
        CHECK_FALSE(has_series(text, "scramd_family_state"));
    }
    Look none;
    none.trouble = "no such file";
    const std::string text = prometheus_text(none);
    CHECK(has_series(text, "scramd_up 0\n"));
    CHECK(has_series(text, "scramd_page_state{state=\"missing\"} 1\n"));
    CHECK_FALSE(has_series(text, "scramd_ready"));
}

TEST_CASE("metrics: a status of another shape is no reason to fall") {
    for (const char* status :
         {"[]", "{}", "{\"accounts\":3,\"families\":[1,\"x\",null,{}]}", "nonsense",
          "{\"values\":[{\"sums\":[1]}],\"latency\":{\"attempts\":{\"stages\":1}}}"}) {
        const Look look = moving_look(status);
        check_openmetrics(metrics_text(look, ExpositionFormat::openmetrics));
    }
}

TEST_CASE("exposition: labels are escaped, and no series stands there twice") {
    Exposition out(ExpositionFormat::openmetrics);
    out.begin(MetricKind::counter, "scramd_x", "", "Help.");
    out.add(1, {{"name", "a\"b\\c\nd"}, {"empty", ""}});
    out.add(2, {{"name", "a\"b\\c\nd"}});
    out.begin(MetricKind::gauge, "scramd_none", "", "Nothing.");
    out.add(std::nullopt);
    CHECK(std::move(out).text() ==
          "# HELP scramd_x Help.\n# TYPE scramd_x counter\n"
          "scramd_x_total{name=\"a\\\"b\\\\c\\nd\"} 1\n# EOF\n");
}
