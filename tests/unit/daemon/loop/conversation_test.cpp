// Driver and prepared requests in whole conversations: signal in, bytes at the link, answer in,
// events out, with every party failing once at the moment when it hurts most.
#include "tests/unit/daemon/loop/conversation.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("conversation: a breach leaves as a record that was ready, and its answer is told") {
    Conversation talk;
    talk.publish(B, 26);
    ScriptedLink* const link = talk.in_flight("POST");
    REQUIRE(link != nullptr);  // before the loop turns
    CHECK(talk.is_gate_closed(B));
    CHECK_FALSE(talk.is_gate_closed(A));
    CHECK(is_cancel_of(link->sent.back(), "F1-USD"));
    CHECK(link->sent.back().was_ready);
    CHECK_FALSE(signed_at(link->sent.back()).empty());
    link->answer(cancelled);
    talk.turn();
    CHECK(talk.is_accepted(B));
    CHECK(talk.cancels().size() == 1);
    CHECK(talk.driver.latency().attempts.requests() == 1);
    talk.logs("accepted trip=1 family=mm-1/F1-USD");
}

TEST_CASE("conversation: three families leave on three links, each with its own record") {
    Conversation talk;
    for (const FamilyId family : {C, A, B}) talk.publish(family, 26);
    const auto sent = talk.cancels();
    REQUIRE(sent.size() == 3);
    for (const char* name : {"F0-USD", "F1-USD", "F2-USD"}) {
        CHECK(std::count_if(sent.begin(), sent.end(), [&](const SentRequest& its) {
                  return is_cancel_of(its, name) && its.was_ready;
              }) == 1);
    }
}

TEST_CASE("conversation: a kill and a rehearsal name the host that their link speaks to") {
    Conversation talk({"openapi.okx.com", "www.okx.com"});
    for (const FamilyId family : {A, B, C}) talk.publish(family, 26);
    CHECK(std::ranges::all_of(talk.cancels(), &SentRequest::was_ready));
    for (ScriptedLink* its : talk.links) {
        its->answer(busy);
        talk.publish(A, 27);  // what is tried again before it is sealed again
    }
    REQUIRE(talk.runs_until([&] { return talk.cancels().size() >= 5; }));
    const std::string hosts[] = {"Host: openapi.okx.com\r\n", "Host: www.okx.com\r\n",
                                 "Host: openapi.okx.com\r\n"};
    for (std::size_t l = 0; l < talk.links.size(); ++l) {
        CHECK(talk.driver.sight(id_at<LinkId>(l)).host == hosts[l].substr(6, hosts[l].size() - 8));
        for (const SentRequest& sent : talk.links[l]->sent)
            CHECK(sent.bytes.find(hosts[l]) != std::string::npos);
    }
}

TEST_CASE("conversation: a name whose links are lost costs these, and a kill goes on by others") {
    Conversation talk({"openapi.okx.com", "www.okx.com"});
    talk.links[0]->lose(Taken::nothing, "closed by the peer");
    talk.links[2]->lose(Taken::nothing, "closed by the peer");
    talk.turn();
    const auto& hosts = talk.driver.readiness_input(monotonic_now()).hosts;
    REQUIRE(hosts.size() == 2);
    CHECK(hosts[0].links == 2);
    CHECK(hosts[0].links_up == 0);
    CHECK(hosts[0].silent_since != never);
    CHECK(hosts[1].silent_since == never);
    talk.publish(A, 26);
    REQUIRE(talk.cancels().size() == 1);
    CHECK(talk.cancels()[0].bytes.find("Host: www.okx.com\r\n") != std::string::npos);
    talk.links[0]->come_up();
    talk.turn();
    CHECK(talk.driver.readiness_input(monotonic_now()).hosts[0].silent_since != never);
    talk.tell_time();
    CHECK(talk.driver.readiness_input(monotonic_now()).hosts[0].silent_since == never);
}

TEST_CASE("conversation: what follows before the records are sealed again is sealed as it leaves") {
    Conversation talk;
    talk.publish(A, 26);
    ScriptedLink* const link = talk.in_flight("POST");
    REQUIRE(link != nullptr);
    link->answer(busy);
    talk.publish(B, 26);
    talk.publish(C, 26);
    REQUIRE(talk.cancels().size() == 3);
    talk.turn();
    REQUIRE(talk.runs_until([&] { return talk.cancels().size() == 4; }));
    CHECK(is_cancel_of(link->sent.back(), "F0-USD"));
    CHECK(link->sent.back().was_ready);  // there was time to
}

TEST_CASE("conversation: a link lost before its kill leaves sends nothing; the next link does") {
    Conversation talk;
    talk.links[0]->lose(Taken::nothing, "closed by the peer");
    talk.publish(A, 26);  // the engine does not know yet
    CHECK(talk.cancels().empty());
    CHECK(talk.is_gate_closed(A));
    talk.turn();
    REQUIRE(talk.cancels().size() == 1);
    CHECK(is_cancel_of(talk.cancels()[0], "F0-USD"));
    CHECK(talk.cancels()[0].was_ready);
    CHECK(talk.driver.latency().attempts.requests() == 0);  // nothing left for the lost one
    talk.in_flight("POST")->answer(cancelled);
    talk.turn();
    CHECK(talk.is_accepted(A));
    CHECK(talk.driver.latency().attempts.requests() == 1);
    talk.logs("closed by the peer");
}

TEST_CASE("conversation: what the kernel refuses leaves on the next link at once") {
    Conversation talk;
    talk.links[0]->refuse_next();
    talk.publish(A, 26);
    CHECK(talk.cancels().empty());
    talk.turn();
    REQUIRE(talk.cancels().size() == 1);
    CHECK(is_cancel_of(talk.cancels()[0], "F0-USD"));
}

TEST_CASE("conversation: a link that comes back has records of its new connection") {
    Conversation talk;
    for (ScriptedLink* its : talk.links) its->lose(Taken::nothing, "closed by the peer");
    talk.turn();
    talk.publish(A, 26);  // with no link at all
    CHECK(talk.is_gate_closed(A));
    CHECK(talk.cancels().empty());
    talk.links[1]->come_up();
    talk.tell_time();
    REQUIRE(talk.runs_until([&] { return talk.cancels().size() == 1; }));
    CHECK(is_cancel_of(talk.cancels()[0], "F0-USD"));
    talk.in_flight("POST")->answer(cancelled);
    talk.turn();
    CHECK(talk.is_accepted(A));
    talk.tell_time();  // the rehearsal that the cancel went before
    talk.publish(B, 26);
    REQUIRE(talk.cancels().size() == 2);
    CHECK(talk.cancels()[1].was_ready);
}

TEST_CASE("conversation: a stale signature and a slow signer: what there is leaves, then the new") {
    Conversation talk;
    const std::string before = signed_at([&] {
        talk.publish(B, 26);
        return talk.cancels().at(0);
    }());
    talk.in_flight("POST")->answer(cancelled);
    talk.turn();
    // The exchange's clock turns out to be a minute ahead, and the signer does not answer.
    for (ScriptedLink* its : talk.links) its->lose(Taken::nothing, "closed by the peer");
    talk.turn();
    talk.links[0]->come_up();
    talk.turn();
    talk.tell_time(60s);
    talk.publish(A, 26);
    REQUIRE(talk.cancels().size() == 2);
    CHECK(signed_at(talk.cancels()[1]) <= before);
    const auto asked = talk.signer.hear();
    CHECK_FALSE(asked.empty());
    talk.signer.answer(asked);  // late
    talk.turn();
    talk.in_flight("POST")->answer(too_old);
    talk.tell_time(60s);
    REQUIRE(talk.runs_until([&] { return talk.cancels().size() == 3; }));
    CHECK(signed_at(talk.cancels()[2]) > before);
    talk.in_flight("POST")->answer(cancelled);
    talk.turn();
    CHECK(talk.is_accepted(A));
}

TEST_CASE("conversation: a dead signer is told, and what was signed still leaves") {
    Conversation talk;
    talk.signer.die();
    talk.turn();
    CHECK(talk.driver.readiness_input(monotonic_now()).signer_gone);
    talk.publish(A, 26);
    REQUIRE(talk.cancels().size() == 1);
    CHECK(talk.cancels()[0].was_ready);
    CHECK_FALSE(signed_at(talk.cancels()[0]).empty());
}

TEST_CASE("conversation: a journal without room hinders no kill") {
    Conversation talk;
    const FileSizeLimit limit(0);
    talk.publish(A, 26);
    REQUIRE(talk.cancels().size() == 1);
    talk.in_flight("POST")->answer(cancelled);
    talk.turn();
    CHECK(talk.is_accepted(A));
    CHECK(comes([&] {
        talk.journal->beat(monotonic_now(), talk.driver.engine());
        return !talk.journal->trouble().empty();
    }));
    talk.publish(B, 26);
    CHECK(talk.cancels().size() == 2);
    CHECK(talk.journal->lost() == 0);  // the board has them
}

TEST_CASE("conversation: a reload in the middle mixes up neither families nor locks") {
    Conversation talk;
    talk.publish(A, 26);
    ScriptedLink* const first = talk.in_flight("POST");
    REQUIRE(first != nullptr);
    Plan plan = talk.config.plan;
    plan.rules[0].lock = 500ms;  // sorts before what there was: every request has a new place
    Driver::NextPlan next = talk.driver.prepare(plan);
    talk.driver.adopt(next);
    // The new lock is not signed yet: the family's own cancels as well.
    talk.publish(B, 26);
    REQUIRE(talk.cancels().size() == 2);
    const auto of = [&](std::string_view name) {
        const auto sent = talk.cancels();
        return *std::find_if(sent.begin(), sent.end(),
                             [&](const SentRequest& its) { return is_cancel_of(its, name); });
    };
    CHECK(of("F1-USD").bytes.ends_with(R"("lockInterval":"1000"})"));
    CHECK_FALSE(signed_at(of("F1-USD")).empty());
    first->answer(cancelled);
    talk.turn();
    CHECK(talk.is_accepted(A));
    talk.sign();
    talk.publish(C, 26);
    REQUIRE(talk.cancels().size() == 3);
    CHECK(of("F2-USD").bytes.ends_with(R"("lockInterval":"500"})"));
    CHECK(of("F2-USD").was_ready);
}

TEST_CASE("conversation: a rehearsal takes the way of a kill, and is not counted as one") {
    Conversation talk;
    const auto rehearsals = talk.driver.latency().rehearsals.requests();
    CHECK(rehearsals == 3);
    CHECK(talk.driver.latency().attempts.requests() == 0);
    talk.driver.warm(monotonic_now());
    CHECK(talk.cancels().empty());
}
