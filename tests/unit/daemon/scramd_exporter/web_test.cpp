// What the exporter answers to a browser, and where it listens.
#include <doctest/doctest.h>

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
