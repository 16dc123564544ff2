// The driver and the dead man's switch: what leaves for the exchange, and what its answers do.
#include "tests/unit/daemon/loop/conversation.h"

using namespace scram;
using namespace scram::test;

namespace {

std::string set_for(int timeout_s, std::string_view tag) {
    const std::int64_t now = wall_now().value / 1000;
    const std::string trigger = std::to_string(timeout_s == 0 ? 0 : now + timeout_s);
    return R"({"code":"0","msg":"","data":[{"triggerTime":")" + trigger + R"(","tag":")" +
           std::string(tag) + R"(","ts":")" + std::to_string(now) + R"("}]})";
}

// The timer that the call in flight sets; "": none is.
std::string asked(Conversation& talk) {
    talk.sign();
    const ScriptedLink* const link = talk.in_flight("POST /api/v5/trade/cancel-all-after");
    if (link == nullptr) return {};
    const std::string& bytes = link->sent.back().bytes;
    return bytes.substr(bytes.find("\r\n\r\n") + 4);
}

void answer(Conversation& talk, int timeout_s) {
    talk.in_flight("POST /api/v5/trade/cancel-all-after")->answer(set_for(timeout_s, "mm1"));
    talk.turn();
}

const DeadManTimer& timer(const Conversation& talk) {
    return talk.driver.engine().dead_man(AccountId{0});
}

}  // namespace

TEST_CASE("dead man's switch: it is signed and sent with its tag once a breach would fire") {
    Conversation talk({"www.okx.com"}, false, DeadMan{30, "mm1"});
    CHECK(asked(talk).empty());
    talk.driver.tell_readiness(monotonic_now());
    CHECK(asked(talk) == R"({"timeOut":"30","tag":"mm1"})");
    answer(talk, 30);
    CHECK(timer(talk).timeout_s == 30);
    talk.logs("dead_man_set account=mm-1 timeout_s=30 trigger_ms=");
}

TEST_CASE("dead man's switch: it is not fed where a breach would not fire") {
    Conversation talk({"www.okx.com"}, false, DeadMan{30, "mm1"});
    for (ScriptedLink* its : talk.links) its->lose(Taken::nothing, "closed by the peer");
    talk.turn();
    talk.driver.tell_readiness(monotonic_now());
    CHECK_FALSE(timer(talk).ready);
    CHECK(asked(talk).empty());
}

TEST_CASE("dead man's switch: an answer for another tag is none") {
    Conversation talk({"www.okx.com"}, false, DeadMan{30, "mm1"});
    talk.driver.tell_readiness(monotonic_now());
    REQUIRE_FALSE(asked(talk).empty());
    talk.in_flight("POST")->answer(set_for(30, "hedge"));
    talk.turn();
    CHECK(timer(talk).timeout_s == 0);
    talk.logs("dead_man_failed account=mm-1 class=failed http=200 code=0");
}

TEST_CASE("dead man's switch: a planned stop has ended once the exchange has said so") {
    Conversation talk({"www.okx.com"}, false, DeadMan{30, "mm1", DeadMan::OnStop::disarm});
    talk.driver.tell_readiness(monotonic_now());
    REQUIRE_FALSE(asked(talk).empty());
    talk.driver.begin_stop();
    answer(talk, 30);
    CHECK_FALSE(talk.driver.has_ended());
    REQUIRE(talk.runs_until([&] { return !asked(talk).empty(); }));
    CHECK(asked(talk) == R"({"timeOut":"0","tag":"mm1"})");
    answer(talk, 0);
    CHECK(talk.driver.has_ended());
    talk.logs(R"(timeout_s=0 reason="planned stop")");
}

TEST_CASE("dead man's switch: a stop without one waits for nothing") {
    Conversation talk;
    talk.driver.begin_stop();
    CHECK(talk.driver.has_ended());
}
