#include "daemon/log/line.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "core/model/events.h"
#include "daemon/control/refusals.h"

using namespace scram;

namespace {

std::string operators_guide() {
    std::ostringstream text;
    text << std::ifstream(SCRAM_SOURCE_DIR "/docs/operator.md").rdbuf();
    return text.str();
}

bool is_documented(const std::string& text, std::string_view name) {
    return text.find("`" + std::string(name) + "`") != std::string::npos;
}

}  // namespace

TEST_CASE("log line: a name, then key=value; what could be misread stands in quotes") {
    CHECK(LogLine(LogEvent::starting).add("pid", 7).add("config", "/a").text() ==
          "starting pid=7 config=/a");
    for (const char* odd :
         {"", "two words", "a=b", "say \"no\"", "line\nbreak", "\x1b[2J", "\xff"}) {
        const std::string line = LogLine(LogEvent::journal).add("x", odd).text();
        CAPTURE(line);
        CHECK(line.starts_with("journal x=\""));
        CHECK(line.ends_with("\""));
        CHECK(line.find_first_of("\n\x1b") == line.npos);
    }
}

TEST_CASE("log line: a value is cut before it is put in quotes, so that the line stays whole") {
    const std::string line = LogLine(LogEvent::journal).add("x", std::string(5000, '"')).text();
    CHECK(line.size() < 4096);
    CHECK(line.ends_with("\\\"\""));
}

TEST_CASE("log line: every event that the log can name stands in the operator's guide") {
    const std::string text = operators_guide();
    for (std::size_t i = 0; i < log_event_count; ++i) {
        const auto event = static_cast<LogEvent>(i);
        CAPTURE(name(event));
        CHECK(name(event) != "?");
        CHECK(is_documented(text, name(event)));
    }
    for (auto kind = EventKind::tripped; kind <= EventKind::orders_told;
         kind = static_cast<EventKind>(static_cast<int>(kind) + 1)) {
        CAPTURE(name(kind));
        CHECK(is_documented(text, name(kind)));
    }
}

TEST_CASE("refusals: every kind stands in the operator's guide") {
    const std::string text = operators_guide();
    for (std::size_t i = 0; i < refused_kind_count; ++i) {
        const auto kind = static_cast<RefusedKind>(i);
        CAPTURE(name(kind));
        CHECK(name(kind) != "?");
        CHECK(is_documented(text, name(kind)));
    }
}
