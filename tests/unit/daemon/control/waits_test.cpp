// Answers that wait for the outcome of a trip or of an arming.
#include "daemon/control/waits.h"

#include <doctest/doctest.h>

#include "tests/unit/daemon/control/operator_conversation.h"

using namespace scram;
using namespace scram::test;

namespace {

const std::string trip_btc = R"({"v":1,"op":"trip","target":"mm-1/BTC-USD","reason":"drill")";
const std::string trip_all = R"({"v":1,"op":"trip","target":"all","reason":"drill")";
const std::string waits_long = R"(,"wait_ms":86400000})";

std::string rearm_btc(TripId trip) {
    return R"({"v":1,"op":"rearm","target":"mm-1/BTC-USD","reason":"calm","trips":[)" +
           std::to_string(static_cast<std::uint64_t>(trip)) + "]";
}

}  // namespace

TEST_CASE("waits: a trip is answered at once, and again when the exchange has accepted all") {
    OperatorConversation talk;
    for (const std::size_t l : {0u, 1u}) talk.link_up(l);
    CHECK(
        talk.say(trip_all + waits_long) ==
        R"({"v":1,"ok":true,"trip":1,"families":2,"accepted":false,"verified":false,"refused":[],"waiting":true})");
    CHECK(talk.still_waits());
    talk.confirm(A);
    CHECK(talk.still_waits());
    talk.confirm(B);
    CHECK(
        talk.awaited() ==
        R"({"v":1,"ok":true,"trip":1,"families":2,"accepted":true,"verified":false,"refused":[]})");
}

TEST_CASE("waits: who may trip and nothing else is told as much") {
    OperatorConversation talk;
    talk.link_up(0);
    CHECK(says(talk.say(trip_btc + waits_long, tripper), R"("waiting":true)"));
    talk.confirm(A);
    CHECK(says(talk.awaited(), R"("accepted":true)"));
}

TEST_CASE("waits: a refusal that only a person can cure is told at once, with what to do") {
    OperatorConversation talk;
    talk.link_up(0);
    talk.say(trip_btc + waits_long);
    talk.answer(A, {AnswerClass::failed, 200, 1});
    CHECK(talk.still_waits());
    talk.run_until([&] { return talk.driver.engine().family(A).cancel == Cancel::in_flight; });
    talk.refuse(A);
    CHECK(talk.awaited() ==
          R"({"v":1,"ok":true,"trip":1,"families":1,"accepted":false,"verified":false,"refused":[{)"
          R"("family":"mm-1/BTC-USD","http":200,"code":"51411","why":")" +
              std::string(why(51411)) +
              R"(","advice":"ask OKX for the privilege of mass cancellation (MMP) for this )"
              R"(account"}]})");
}

TEST_CASE("waits: a time that is over ends it with what is known") {
    OperatorConversation talk;
    talk.say(trip_btc + R"(,"wait_ms":20})");
    CHECK(talk.still_waits());
    REQUIRE(talk.run_until([&] { return talk.outcome.has_value(); }));
    CHECK(
        *talk.outcome ==
        R"({"v":1,"ok":true,"trip":1,"families":1,"accepted":false,"verified":false,"refused":[]})");
    talk.link_up(0);
    talk.outcome.reset();
    talk.confirm(A);
    CHECK(talk.still_waits());  // told once
}

TEST_CASE("waits: without a wish to wait the one answer tells how things stand") {
    OperatorConversation talk;
    const std::string now =
        R"({"v":1,"ok":true,"trip":1,"families":1,"accepted":false,"verified":false,"refused":[]})";
    CHECK(talk.say(trip_btc + "}") == now);
    CHECK(talk.waiting.empty());
    CHECK(
        talk.say(trip_btc + R"(,"wait_ms":0})") ==
        R"({"v":1,"ok":true,"trip":2,"families":1,"accepted":false,"verified":false,"refused":[]})");
    CHECK(talk.waiting.empty());
}

TEST_CASE("waits: a connection that ends takes its wait with it, and other waits go on") {
    OperatorConversation talk;
    talk.link_up(0);
    talk.say(trip_btc + waits_long);
    talk.leave();
    talk.say(trip_btc + waits_long, tripper);
    talk.confirm(A);
    CHECK(says(talk.awaited(), R"("trip":2)"));
    talk.outcome.reset();
    talk.leave();
    talk.link_up(1);
    CHECK(talk.still_waits());
}

TEST_CASE("waits: a reload in between changes nothing for who waits") {
    OperatorConversation talk;
    talk.link_up(0);
    talk.say(trip_btc + waits_long);
    talk.adopt(talk.config.plan);
    CHECK(talk.still_waits());
    talk.confirm(A);
    CHECK(says(talk.awaited(), R"("accepted":true)"));
}

TEST_CASE("waits: each user has so many, and all together; one more is answered at once") {
    OperatorConversation talk;
    for (std::size_t i = 0; i < waits_of_user_max; ++i)
        CHECK(says(talk.say(trip_btc + waits_long), "waiting"));
    CHECK(talk.say(trip_btc + waits_long).find("waiting") == std::string::npos);
    CHECK(says(talk.say(trip_btc + waits_long, tripper), "waiting"));
    talk.leave();
    CHECK(says(talk.say(trip_btc + waits_long), "waiting"));
    talk.leave();
    Waits waits(talk.io, talk.driver.engine());
    std::vector<std::shared_ptr<void>> held;
    for (uid_t uid = 0; held.size() < waits_max; ++uid) {
        REQUIRE(waits.has_room_for(uid));
        held.push_back(waits.add({uid, {A}, settled<is_cancel_settled>, 24h, [] {}}));
    }
    CHECK_FALSE(waits.has_room_for(4000001));
    held.pop_back();
    CHECK(waits.has_room_for(4000001));
}

TEST_CASE("waits: an arming is answered at once, and again when its gates are open") {
    OperatorConversation talk;
    talk.link_up(0);
    talk.say(trip_btc + "}");
    const TripId trip = talk.driver.engine().family(A).trip;
    // Its attempt may still begin something: the gate waits for its answer.
    CHECK(says(talk.say(rearm_btc(trip) + waits_long),
               R"("releasing":["mm-1/BTC-USD"],"not_cancelled":[],"refused":[],"waiting":true})"));
    CHECK(talk.still_waits());
    talk.confirm(A);
    CHECK(talk.awaited() == R"({"v":1,"ok":true,"closed":[]})");
}

TEST_CASE("waits: a gate that another trip closes meanwhile is not told as open") {
    OperatorConversation talk;
    talk.link_up(0);
    talk.say(trip_btc + "}");
    talk.say(rearm_btc(talk.driver.engine().family(A).trip) + waits_long);
    CHECK(talk.still_waits());
    const auto kept = talk.waiting;
    talk.driver.operate([&](Engine& engine, Time now, Step& step) {
        const FamilyId family = A;
        engine.on_trip({&family, 1}, {"uid 1", "again"}, now, step);
    });
    CHECK(talk.awaited() ==
          R"({"v":1,"ok":false,"error":"some gates are not open yet: see closed",)"
          R"("closed":["mm-1/BTC-USD"]})");
}

TEST_CASE("waits: what is armed at once is told at once") {
    OperatorConversation talk;
    talk.link_up(0);
    talk.say(trip_btc + "}");
    talk.confirm(A);
    const std::string told = talk.say(rearm_btc(talk.driver.engine().family(A).trip) + waits_long);
    CHECK(says(told, R"("rearmed":["mm-1/BTC-USD"],"releasing":[])"));
    CHECK(told.find("waiting") == std::string::npos);
}

TEST_CASE("waits: a wait that is no number of milliseconds of a day is refused by name") {
    OperatorConversation talk;
    for (const char* wait : {"-5", "1.5", "\"1\"", "86400001", "true"}) {
        const std::string told = talk.say(trip_btc + R"(,"wait_ms":)" + wait + "}");
        CHECK(says(told, "'wait_ms'"));
        CHECK(says(told, "86400000"));
        CHECK_FALSE(talk.driver.engine().family(A).latched);
    }
}
