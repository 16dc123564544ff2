// Frames of scramctl top, word for word, of the statuses that the tests of daemon/control keep.
#include "daemon/scramctl/top_frame.h"

#include <doctest/doctest.h>

#include "daemon/scramctl/reply.h"
#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

Reply kept_status(const std::string& name) {
    return std::move(*Reply::read(golden("daemon/control/golden/" + name + ".json")));
}

TopInput moving(const Reply& status) {
    return {PageLife::moves, "scramd (pid 7) moves", "0.1 s old", status.root(), {}};
}

std::string frame_text(const TopInput& input, ScreenSize size) {
    std::string out;
    const auto lines = top_frame(input, size);
    CHECK(lines.size() <= size.rows);
    for (const ScreenLine& line : lines) out += line.text + "\n";
    return out;
}

std::size_t widest(const std::string& frame) {
    std::size_t width = 0, now = 0;
    for (const char c : frame) {
        now = c == '\n' ? 0 : now + ((static_cast<unsigned char>(c) & 0xc0) != 0x80);
        width = std::max(width, now);
    }
    return width;
}

std::string many_families(int count) {
    std::string list;
    for (int i = 0; i < count; ++i)
        list += (i > 0 ? "," : "") + std::string(R"({"name":"mm-1/F)") + std::to_string(i) +
                R"(-USD","state":"armed","gate":"open","unfinished":false,"nearest":{"rule":)"
                R"("delta","value":)" +
                std::to_string(i) + R"(,"limit":25,"share":)" + std::to_string(i / 25.0) + "}}";
    return R"({"ready":true,"summary":"armed","families":[)" + list +
           R"(],"rules":[)"
           R"({"rule":"delta","value":20,"limit":25,"share":0.8,"holds":false,"shadow":false},)"
           R"({"rule":"pnl","holds":false,"shadow":true}],"sources":[)"
           R"({"name":"maker-1","phase":"attached","expected":true,"signal_ms_ago":200},)"
           R"({"name":"maker-2","phase":"vanished","expected":true,"signal_ms_ago":9000}]})";
}

}  // namespace

TEST_CASE("top: statuses on a screen of 80 x 24 and of 132 x 43") {
    for (const std::string state : {"status_started", "status", "status_refused"}) {
        const Reply status = kept_status(state);
        for (const ScreenSize size : {ScreenSize{80, 24}, ScreenSize{132, 43}}) {
            const std::string name = state + "_top_" + std::to_string(size.columns);
            const std::string text = frame_text(moving(status), size);
            check_golden("daemon/scramctl/golden/" + name + ".txt", text);
            CHECK(widest(text) <= size.columns);
        }
    }
}

TEST_CASE("top: what has no room is counted, and each list keeps some lines") {
    const auto status = Reply::read(many_families(100));
    REQUIRE(status);
    const std::string text = frame_text(moving(*status), {80, 24});
    check_golden("daemon/scramctl/golden/top_crowded.txt", text);
    CHECK(text.find("... and 86 more") != std::string::npos);
    CHECK(text.find("mm-1/F99-USD") < text.find("mm-1/F98-USD"));
    CHECK(text.find("maker-2") < text.find("maker-1"));
}

TEST_CASE("top: one that hangs is told first, and where there is no status, why") {
    const Reply status = kept_status("status");
    TopInput input = moving(status);
    input.life = PageLife::hangs;
    input.life_text = "scramd (pid 7) HANGS: it has not moved for 3.2 s";
    const auto lines = top_frame(input, {80, 24});
    CHECK(lines[0].text == input.life_text);
    CHECK(lines[0].tone == Tone::bad);
    const auto none =
        top_frame({PageLife::gone, "NO STATUS PAGE", {}, {}, "no such file"}, {80, 24});
    REQUIRE(none.size() == 2);
    CHECK(none[1].text == "no such file");
}

TEST_CASE("top: a small screen is not left, however small") {
    const Reply status = kept_status("status");
    for (std::size_t rows = 0; rows < 30; ++rows) {
        for (const std::size_t columns : {0u, 1u, 3u, 10u, 40u}) {
            const std::string text = frame_text(moving(status), {columns, rows});
            CHECK(widest(text) <= columns);
        }
    }
}

TEST_CASE("top: no name moves the terminal") {
    const auto status = Reply::read(
        R"({"ready":false,"not_ready_reasons":[{"reason":"\u001b[2J\u0007x\u202e"}],"families":[)"
        R"({"name":"a\u001b]0;t\u0007","state":"armed\n","gate":"open"}]})");
    REQUIRE(status);
    const std::string text = frame_text(moving(*status), {80, 24});
    for (const char c : {'\x1b', '\x07'}) CHECK(text.find(c) == std::string::npos);
    CHECK(text.find("\u202e") == std::string::npos);
    CHECK(text.find("\n  ?[2J?x?\n") != std::string::npos);
}
