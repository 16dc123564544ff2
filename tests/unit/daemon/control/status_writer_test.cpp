#include "daemon/control/status_writer.h"

#include <doctest/doctest.h>

#include "net/clock.h"
#include "tests/unit/daemon/control/operator_conversation.h"
#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

struct PageTalk : OperatorConversation {
    explicit PageTalk(std::size_t text_max = 64 * 1024)
        : writer(io, std::make_unique<StatusPageFile>(path, text_max), config, driver, logger,
                 refusals) {}
    ~PageTalk() { writer.stop(); }

    StatusPage page() const {
        auto read = read_status_page(path);
        const auto* why = std::get_if<std::string>(&read);
        REQUIRE_MESSAGE(why == nullptr, (why != nullptr ? *why : ""));
        return std::get<StatusPage>(std::move(read));
    }
    std::string text() const { return page().content.text; }

    const std::string path = status_page_path(config.paths.control);
    StatusWriter writer;
};

}  // namespace

TEST_CASE("status writer: the page has what the status says, again and again") {
    PageTalk talk;
    talk.writer.start();
    REQUIRE(talk.run_until([&] { return !talk.text().empty(); }));
    const auto as_told = [&] {
        return readable(talk.say(R"({"v":1,"op":"status"})"), talk.folder.root.native());
    };
    const auto as_written = [&] { return readable(talk.text(), talk.folder.root.native()); };
    CHECK(as_written() == as_told());
    talk.say(R"({"v":1,"op":"trip","target":"all","reason":"drill"})");
    CHECK(talk.run_until([&] { return as_written() == as_told(); }));
    CHECK(talk.text().find("operator") != std::string::npos);
    CHECK(talk.run_until([&] {
        talk.writer.beat(monotonic_now());  // as the loop does after each turn
        return talk.page().life == PageLife::moves;
    }));
    talk.writer.stop();
    CHECK(talk.page().life == PageLife::ended);
}

TEST_CASE("status writer: in a turn that had a breach nothing is written") {
    PageTalk talk;
    talk.writer.start();
    LoopTimer& turns = talk.driver.turns();
    for (int i = 0; i < 100; ++i) {
        turns.begin(monotonic_now());
        turns.did(breach_work, monotonic_now());
        talk.io.restart();
        talk.io.run_one_for(1ms);
        turns.end(monotonic_now(), [] { return Duration{}; });
    }
    CHECK(talk.text().empty());
    CHECK(talk.run_until([&] { return !talk.text().empty(); }));
}

TEST_CASE("status writer: a reload while a text is made starts it over") {
    PageTalk talk;
    talk.writer.start();
    for (int i = 0; i < 3; ++i) {
        talk.io.restart();
        talk.io.run_one_for(10ms);
    }
    Plan plan = talk.config.plan;
    plan.rules[0].name = "another";
    talk.adopt(plan);
    REQUIRE(talk.run_until([&] { return !talk.text().empty(); }));
    CHECK(talk.text().find("\"rule\":\"another\"") != std::string::npos);
    CHECK(talk.text().find("\"rule\":\"delta\"") == std::string::npos);
}

TEST_CASE("status writer: a status that has no room is told, and nothing breaks") {
    PageTalk talk(64);
    talk.writer.start();
    REQUIRE(talk.run_until([&] { return talk.page().content.buffer.wanted > 0; }));
    CHECK(talk.text().empty());
    CHECK(talk.page().content.buffer.wanted > 64);
}

TEST_CASE("status writer: the room that a plan gets is more than its status takes") {
    PageTalk talk;
    talk.writer.start();
    REQUIRE(talk.run_until([&] { return !talk.text().empty(); }));
    CHECK(talk.text().size() * 2 < status_text_max(talk.config.plan));
}
