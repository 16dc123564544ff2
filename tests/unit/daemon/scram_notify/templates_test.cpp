// What each kind of target is sent, word for word.
#include "daemon/scram_notify/templates.h"

#include <simdjson.h>

#include "daemon/scram_notify/guard_look.h"
#include "daemon/scram_notify/notice_json.h"
#include "tests/unit/daemon/scram_notify/rig.h"
#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

std::string body_text(TargetKind kind, const Notice& notice) {
    return body_for(kind, notice, "trading-1", "FAKE-ROUTING-KEY") + "\n";
}

Notice resolved() {
    Notice out = sample_notice("record-9-0123456789ab-trip-3");
    out.kind = NoticeKind::resolve;
    out.text = "Trip 3 is over.";
    out.fields.clear();
    return out;
}

}  // namespace

TEST_CASE("templates: a trip and its end as each kind of target is sent them") {
    for (const auto kind : {TargetKind::json, TargetKind::slack, TargetKind::pagerduty})
        check_golden("daemon/scram_notify/golden/" + std::string(name(kind)) + ".jsonl",
                     body_text(kind, sample_notice()) + body_text(kind, resolved()));
}

TEST_CASE("templates: whatever a text holds, the body is JSON and Slack sees no command") {
    std::string hostile;
    for (int byte = 0; byte < 256; ++byte) hostile += static_cast<char>(byte);
    Notice notice = sample_notice();
    notice.text = hostile + "<!channel> <@U1>";
    notice.add("reason", hostile + "<!channel>");
    for (const auto kind : {TargetKind::json, TargetKind::slack, TargetKind::pagerduty}) {
        simdjson::dom::parser parser;
        const std::string body = body_text(kind, notice);
        CHECK(parser.parse(body).error() == simdjson::SUCCESS);
        if (kind == TargetKind::slack) CHECK(body.find("<!channel>") == std::string::npos);
    }
}

TEST_CASE("templates: of PagerDuty, what is only told is an incident of its own") {
    Notice notice = sample_notice();
    notice.kind = NoticeKind::tell;
    CHECK(body_text(TargetKind::pagerduty, notice)
              .find(R"("dedup_key":"scramd/trading-1/record-7-0123456789ab")") !=
          std::string::npos);
    notice.text.assign(5000, 'x');
    CHECK(body_text(TargetKind::pagerduty, notice).find(std::string(1025, 'x')) ==
          std::string::npos);
}

TEST_CASE("templates: a notice comes back from its JSON") {
    simdjson::dom::parser parser;
    const std::string json = notice_json(sample_notice(), "trading-1");
    const auto again = notice_from(parser.parse(json).value());
    REQUIRE(again);
    CHECK(*again == sample_notice());
    CHECK(!notice_from(parser.parse(std::string(R"({"id":"x"})")).value()));
}

TEST_CASE("templates: a status says whether it guards, and why not") {
    CHECK(guard_of_status(R"({"ready":true,"fires":true})").guard == Guard::ready);
    CHECK(guard_of_status(R"({"ready":false,"fires":true})").guard == Guard::late);
    const GuardLook look = guard_of_status(
        R"({"ready":false,"fires":false,"unready_reason":"no link",)"
        R"("not_ready_reasons":[{"reason_code":"links"},{"reason_code":"clock"}]})");
    CHECK(look.guard == Guard::unready);
    CHECK(look.why == "no link");
    CHECK(look.codes == std::vector<std::string>{"links", "clock"});
    CHECK(guard_of_status("{").guard == Guard::missing);
    CHECK(guard_of_status("[]").guard == Guard::missing);
}
