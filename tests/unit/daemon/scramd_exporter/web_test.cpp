// What the exporter answers to a browser, and where it listens.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "daemon/scramd_exporter/answer.h"
#include "daemon/scramd_exporter/listening.h"
#include "daemon/scramd_exporter/web_page.h"
#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

Look web_look(std::string_view status, PageLife life = PageLife::moves) {
    Look look;
    look.life = life;
    look.heartbeat_age = 3100ms;
    look.take_status(status);
    return look;
}

bool has_text(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string refused(const char* listen, bool is_public = false) {
    const auto place = listen_place(listen, is_public);
    const auto* why = std::get_if<std::string>(&place);
    return why == nullptr ? "" : *why;
}

}  // namespace

TEST_CASE("web page: names of others are text, in one line") {
    const std::string board = web_board(
        web_look(R"({"ready":false,"summary":"<script>alert(1)</script>","families":[)"
                 R"({"name":"\"><img src=x onerror=y>\n\u2028","state":"armed","gate":"open"}]})"));
    CHECK_FALSE(has_text(board, "<script"));
    CHECK_FALSE(has_text(board, "<img"));
    CHECK(has_text(board, "&lt;script&gt;"));
    CHECK(has_text(board, "&quot;&gt;&lt;img"));
    CHECK(std::none_of(board.begin(), board.end(), [](char c) { return c == '\n' || c == '\r'; }));
}

TEST_CASE("web page: what is wrong stands first and large") {
    const std::string status = golden("daemon/control/golden/status_refused.json");
    const auto title = [](const Look& look) {
        const std::string board = web_board(look);
        const auto begin = board.find("data-title=\"") + 12;
        return board.substr(begin, board.find('"', begin) - begin);
    };
    CHECK(title(web_look(R"({"ready":true})")) == "READY");
    CHECK(title(web_look(status)) == "NOT READY");
    CHECK(title(web_look(status, PageLife::hangs)) == "HANGS");
    CHECK(title(web_look(status, PageLife::gone)) == "GONE");
    CHECK(title(web_look(status, PageLife::ended)) == "NOT RUNNING");
    CHECK(title(Look{}) == "NO STATUS PAGE");
    CHECK(has_text(web_board(web_look(status, PageLife::hangs)), "not moved for 3.1 s"));
    CHECK(has_text(web_board(web_look(status)), "Why it is not ready"));
}

TEST_CASE("web page: a trip's receipt has its stages and what became of each family") {
    const std::string board = web_board(web_look(
        R"({"trips":[{"trip":7,"verdict":"PARTIAL","time":"T","cause":"<b>","drill":true,)"
        R"("sent_us":20.5,"wire_us":18,"accepted_us":1500.4,"verified_us":2500000,)"
        R"("rearmed_by":"uid 0","rearm_reason":"<i>","families_left_out":3,"families":[)"
        R"({"family":"mm-1/<x>","how":"served","served_by":6,"continued_by":8,"accepted":true,)"
        R"("accepted_us":1500.4,"verified":false,"found":2,"rest":1,"attempts":4}]},)"
        R"({"trip":6,"verdict":"VERIFIED","time":"T","cause":"c"}]})"));
    CHECK(has_text(board,
                   "<td>7 (drill)</td><td class=\"alert\">PARTIAL</td><td>T</td>"
                   "<td>&lt;b&gt;</td><td>sent 0.0205 ms, on the wire 0.018 ms, accepted "
                   "1.5 ms, verified 2.5 s; armed by uid 0: &lt;i&gt;</td>"));
    CHECK(has_text(board, "<td>6</td><td>VERIFIED</td><td>T</td><td>c</td><td>-</td>"));
    CHECK(has_text(board,
                   "<td>7</td><td>mm-1/&lt;x&gt;</td><td>served by trip 6, goes on as trip "
                   "8</td><td>1.5 ms</td><td class=\"alert\">-</td><td>4</td><td>2</td>"
                   "<td>1</td><td>-</td>"));
    CHECK(has_text(board, "<td>7</td><td>and 3 more</td>"));
}

TEST_CASE("web page: drills are told with their age and when the next is due") {
    const auto board = [](const char* days, const char* last, const char* reason) {
        return web_board(web_look(fmt::format(
            R"({{{}"accounts":[{{"name":"mm-1"{}}}],"not_ready_reasons":[{{"account":"mm-1",)"
            R"("reason_code":"{}"}}]}})",
            days, last, reason)));
    };
    const char* const eight = "\"drill_max_age_days\":8,";
    const char* const once = ",\"last_drill_wall_ms\":1700000000000";
    CHECK(has_text(board(eight, once, "links"),
                   "<td>mm-1</td><td>2023-11-14T22:13:20.000Z</td>"
                   "<td>2023-11-22T22:13:20.000Z</td>"));
    CHECK(
        has_text(board(eight, once, "drill"), "<td class=\"alert\">2023-11-14T22:13:20.000Z</td>"));
    CHECK(has_text(board(eight, "", "drill"),
                   "<td>mm-1</td><td class=\"alert\">none is known</td>"
                   "<td class=\"alert\">now</td>"));
    CHECK(has_text(board("", once, "links"), "<td>none asked for</td>"));
    CHECK(has_text(board("", ",\"last_drill_wall_ms\":1e300", "links"), "<td>9999-12-31T"));
}

TEST_CASE("answers: only questions, and only what there is") {
    const Look look = web_look(R"({"ready":true})");
    const auto status_of = [&look](const char* method, const char* target) {
        return answer_to({method, target, ""}, [&look]() -> const Look& { return look; }).status;
    };
    for (const char* path :
         {"/", "/metrics", "/healthz", "/page.js", "/page.css", "/events", "/?x=1"})
        CHECK(status_of("GET", path) == 200);
    CHECK(status_of("HEAD", "/metrics") == 200);
    CHECK(status_of("POST", "/") == 405);
    CHECK(status_of("GET", "/trip") == 404);
    CHECK(status_of("GET", "") == 404);
    CHECK(is_local_host("127.0.0.1:9467"));
    CHECK(is_local_host("[::1]:9467"));
    CHECK(is_local_host("localhost"));
    CHECK(is_local_host(""));
    CHECK_FALSE(is_local_host("attacker.example:9467"));
    CHECK_FALSE(is_local_host("localhost.attacker.example"));
}

TEST_CASE("listening: at what others do not reach, unless it is asked for") {
    CHECK(refused("127.0.0.1:9467").empty());
    CHECK(refused("127.3.2.1:0").empty());
    CHECK(refused("[::1]:9467").empty());
    CHECK(refused("unix:/run/x.sock").empty());
    for (const char* listen :
         {"0.0.0.0:9467", "10.0.0.1:9467", "[::]:9467", "[::ffff:10.0.0.1]:1"}) {
        CHECK(has_text(refused(listen), "--public"));
        CHECK(refused(listen, true).empty());
    }
    for (const char* listen :
         {"", "9467", "localhost:9467", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:9467",
          "[127.0.0.1]:9467", "unix:", "unix:relative"})
        CHECK(has_text(refused(listen), "expected ADDRESS:PORT"));
}
