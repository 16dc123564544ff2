// Reports of drills: what they say, and that nothing written by others becomes part of the page.
#include <doctest/doctest.h>

#include "daemon/scramctl/drill_report.h"
#include "daemon/scramctl/reply.h"
#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr std::string_view two_rest =
    R"([{"family":"mm-1/BTC-USD","orders":2,"more":false,"wall_ms":1772366400001}])";

DrillFacts facts_of(const std::string& receipt, std::string_view before = two_rest) {
    DrillFacts facts;
    facts.name = "drill-20260301T120000Z-mm-1_BTC-USD";
    facts.wall_ms = 1'772'366'400'000;
    facts.target = "mm-1/BTC-USD";
    facts.reason = "weekly <b>drill</b>";
    facts.by = "uid 1000 (ann)";
    facts.host = "box";
    facts.version = "0.1.0";
    facts.config = "/etc/scramd/scramd.toml";
    facts.config_sha256 = "abcd";
    facts.trip = 3;
    facts.receipt = receipt;
    facts.journal = R"({"record":7,"hash":"00ff"})";
    facts.rearm = "armed";
    facts.orders_before = before;
    return facts;
}

std::string receipt_with(std::string_view verdict) {
    return R"({"trip":3,"verdict":")" + std::string(verdict) +
           R"(","families":[{"family":"mm-1/BTC-USD","how":"latched","accepted":true,)"
           R"("accepted_us":1500.5,"verified":true,"verified_us":40250.0,"rest":0,)"
           R"("rearmed_us":90000.0,"attempts":1}],"attempts":[{"attempt":17,)"
           R"("family":"mm-1/BTC-USD","link":"mm-1#0","lost":false,"sent_us":20.0,)"
           R"("answered_us":1500.0,"class":"accepted","http":200,"code":"0"}],)"
           R"("reads":[{"family":"mm-1/BTC-USD","link":"mm-1#1","sent_us":1600.0,)"
           R"("answered_us":20000.0,"orders":2},{"family":"mm-1/BTC-USD","link":"mm-1#2",)"
           R"("sent_us":21000.0,"answered_us":40000.0,"orders":0}]})";
}

Reply report_of(const DrillFacts& facts) {
    auto report = Reply::read(drill_json(facts));
    REQUIRE(report);
    return std::move(*report);
}

std::string verdict_of(const std::string& receipt) {
    return printing::field(report_of(facts_of(receipt)).root(), "verdict");
}

}  // namespace

TEST_CASE("drill report: as JSON, text and page, word for word") {
    const auto report = report_of(facts_of(receipt_with("VERIFIED")));
    check_golden("daemon/scramctl/golden/drill.json", report.text());
    check_golden("daemon/scramctl/golden/drill.txt", drill_text(report.root()));
    check_golden("daemon/scramctl/golden/drill.html", drill_html(report.root()));
}

TEST_CASE("drill report: its verdict is the receipt's, and without one none is confirmed") {
    CHECK(verdict_of(receipt_with("VERIFIED")) == "VERIFIED");
    CHECK(verdict_of(receipt_with("ACCEPTED")) == "ACCEPTED");
    for (const char* open : {"PARTIAL", "OPEN", "HELD", "SOMETHING"})
        CHECK(verdict_of(receipt_with(open)) == "NOT CONFIRMED");
    CHECK(verdict_of("null") == "NOT CONFIRMED");
}

TEST_CASE("drill report: orders before and after in plain words, or why they are unknown") {
    const auto text_of = [](const std::string& receipt, std::string_view before) {
        return drill_text(report_of(facts_of(receipt, before)).root());
    };
    const auto says = [](const std::string& text, std::string_view label, std::string_view value) {
        const std::size_t at = text.find(label);
        REQUIRE(at != text.npos);
        const std::string line = text.substr(at, text.find('\n', at) - at);
        CHECK_MESSAGE(line.ends_with("  " + std::string(value)), line);
    };
    std::string text = text_of(receipt_with("VERIFIED"), two_rest);
    says(text, "MMP orders before", "2");
    says(text, "MMP orders after", "0");
    text = text_of("null", R"([{"family":"a/A","orders":20,"more":true,"wall_ms":1},)"
                           R"({"family":"a/B","error":"the exchange did not tell","http":401,)"
                           R"("code":"50113","wall_ms":1},{"family":"a/C","orders":3,"more":false,)"
                           R"("wall_ms":1}])");
    says(
        text, "MMP orders before",
        "at least 23; of 1 of 3 families unknown: the exchange did not tell, http 401, code 50113");
    says(text, "MMP orders after", "-");
    text = text_of(R"({"verdict":"OPEN","families":[{"family":"a/A"}],"reads":[]})",
                   R"([{"family":"a/A","error":"a trip came before"}])");
    says(text, "MMP orders before", "unknown: a trip came before");
    says(text, "MMP orders after", "unknown: no read told it");
}

TEST_CASE("drill report: a refusal has a report as well") {
    DrillFacts facts = facts_of("null");
    facts.trip.reset();
    facts.error = "no right to trip";
    facts.journal = "null";
    const auto report = report_of(facts);
    CHECK(drill_text(report.root()).find("no right to trip") != std::string::npos);
    CHECK(drill_html(report.root()).find("FAILED") != std::string::npos);
}

TEST_CASE("drill report: the page has no script, nothing from elsewhere, and text stays text") {
    DrillFacts facts = facts_of(receipt_with("VERIFIED"));
    facts.reason = "<script src=x>&\"'";
    const std::string page = drill_html(report_of(facts).root());
    CHECK(page.find("<script") == std::string::npos);
    CHECK(page.find("&lt;script src=x&gt;&amp;&quot;&#39;") != std::string::npos);
    for (const char* other : {"http:", "https:", "src=\"", "href", "url(", "@import"})
        CHECK(page.find(other) == std::string::npos);
}
