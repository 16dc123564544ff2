// Authenticated calls beside the cancels: signed as they are made, and never waited for.
#include "tests/unit/daemon/loop/conversation.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr std::string_view config_call = "GET /api/v5/account/config ";
constexpr std::string_view orders_call = "GET /api/v5/trade/orders-pending?";

const std::string good_account =
    R"({"code":"0","msg":"","data":[{"acctLv":"4","perm":"read_only,trade","ip":"192.0.2.1",)"
    R"("uid":"7"}]})";
const std::string no_orders = R"({"code":"0","msg":"","data":[]})";

// The link whose call is about to be signed.
LinkId waiting(const Conversation& talk) {
    for (std::size_t l = 0; l < talk.links.size(); ++l) {
        const auto id = id_at<LinkId>(l);
        if (talk.driver.engine().phase(id) == LinkPhase::calling && !talk.links[l]->in_flight())
            return id;
    }
    return none<LinkId>();
}

}  // namespace

TEST_CASE("calls: one is signed as it is made, sent on its link, and its answer is told") {
    Conversation talk({"www.okx.com"}, true);
    talk.sign();
    ScriptedLink* const link = talk.in_flight(config_call);
    REQUIRE(link != nullptr);
    CHECK_FALSE(signed_at(link->sent.back()).empty());
    link->answer(good_account);
    talk.turn();
    CHECK(talk.driver.engine().truth(account).proven != Time{});
    CHECK(talk.driver.latency().attempts.requests() == 0);
}

TEST_CASE("calls: a signer that is silent holds a link for a moment only") {
    Conversation talk({"www.okx.com"}, true);
    const LinkId link = waiting(talk);
    REQUIRE(link != none<LinkId>());
    CHECK(talk.runs_until([&] { return talk.driver.engine().phase(link) == LinkPhase::idle; }));
    CHECK(talk.links[index(link)]->aborts.empty());
}

TEST_CASE("calls: one whose link is lost before it is signed leaves on no other connection") {
    Conversation talk({"www.okx.com"}, true);
    const LinkId id = waiting(talk);
    REQUIRE(id != none<LinkId>());
    ScriptedLink* const link = talk.links[index(id)];
    const std::size_t sent = link->sent.size();
    link->lose(Taken::nothing, "closed by the peer");
    talk.turn();
    link->come_up();
    talk.tell_time();
    talk.sign();
    for (std::size_t i = sent; i < link->sent.size(); ++i)
        CHECK_FALSE(link->sent[i].bytes.starts_with(config_call));
}

TEST_CASE("calls: a trip is read until two reads show no order") {
    Conversation talk({"www.okx.com"}, true);
    const auto serve = [&] {
        talk.sign();
        if (ScriptedLink* link = talk.in_flight(config_call)) link->answer(good_account);
        if (ScriptedLink* link = talk.in_flight("GET /api/v5/account/mmp")) link->answer(no_orders);
        if (ScriptedLink* link = talk.in_flight(orders_call)) link->answer(no_orders);
        if (ScriptedLink* link = talk.in_flight("POST")) link->answer(cancelled);
        talk.turn();
        return talk.driver.engine().family(A).verified;
    };
    talk.publish(A, 26);
    REQUIRE(talk.runs_until(serve));
    CHECK(talk.cancels().size() == 1);
    talk.logs("verified trip=1 family=mm-1/F0-USD");
}
