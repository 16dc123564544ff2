// The signed requests and their signer over a line whose other end the test holds, or a real
// signer.
#include "daemon/loop/signed_requests.h"

#include <doctest/doctest.h>

#include <optional>

#include "net/clock.h"
#include "tests/unit/daemon/loop/scripted_signer.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr FamilyId btc{0}, eth{1};
constexpr AccountId first{0};

struct Bench {
    explicit Bench(std::vector<std::string> hosts = {"www.okx.com"}) {
        config.plan = signer_plan();
        config.exchange.hosts = std::move(hosts);
        signer.emplace(config.plan);
        client.emplace(signer->line());
        signed_requests.emplace(config, *client);
    }

    std::vector<SignRequest> hear() const { return signer->hear(); }
    void answer(const std::vector<SignRequest>& asked) { signer->answer(asked); }
    std::size_t answer_all() { return signer->answer_all(); }
    static std::string_view header(const SignedRequest& request, std::string_view name) {
        const std::string_view bytes = request.bytes();
        const std::size_t begin = bytes.find(name) + name.size() + 2;
        return bytes.substr(begin, bytes.find("\r\n", begin) - begin);
    }
    void sign_all(WallMillis now) {
        signed_requests->ask_next(signed_requests->size(), now);
        answer_all();
        signed_requests->take_answers();
    }

    bool adopt(WallMillis now) {
        SignedRequests::Requests next = signed_requests->prepare(config.plan);
        return signed_requests->adopt(next, now);
    }

    Config config;
    std::optional<ScriptedSigner> signer;
    std::optional<SignerClient> client;
    std::optional<SignedRequests> signed_requests;
};

// What was signed before has the place that it has now.
void check_places(const SignedRequests& requests) {
    for (std::size_t a = 0; a < requests.accounts(); ++a) {
        const auto& of_account = requests.of(id_at<AccountId>(a));
        for (std::size_t place = 0; place < of_account.size(); ++place) {
            CHECK(requests[of_account[place]].account == id_at<AccountId>(a));
            CHECK(requests[of_account[place]].place == place);
        }
    }
}

constexpr WallMillis later(WallMillis t, milliseconds by) {
    return {t.value + by.count()};
}

}  // namespace

TEST_CASE("signed requests: asks in turn, and takes the answers when they come") {
    Bench bench;
    SignedRequests& signed_requests = *bench.signed_requests;
    REQUIRE(signed_requests.size() == 6);  // each family with its lock, and to unlock
    bench.sign_all(later(v2_time, -1s));
    signed_requests.ask_next(4, v2_time);
    CHECK(signed_requests.take_answers().empty());
    CHECK(signed_requests.oldest(first, v2_time) == 1s);
    CHECK(bench.answer_all() == 4);
    const auto renewed = signed_requests.take_answers();
    CHECK(std::vector(renewed.begin(), renewed.end()) == std::vector<std::size_t>{0, 1, 2, 3});
    CHECK(signed_requests.oldest(first, v2_time) == 0ms);
    const SignedRequest& picked = signed_requests.pick(eth, 10'000ms, v2_time);
    CHECK(bench.header(picked, "OK-ACCESS-SIGN") == v2_signature);
    CHECK(bench.header(picked, "OK-ACCESS-TIMESTAMP") == "2026-01-15T23:27:52.907Z");
    signed_requests.ask_next(4, v2_time);
    const auto asked = bench.hear();
    REQUIRE(asked.size() == 4);
    CHECK(asked[0].at == 4);
    CHECK(asked[2].at == 0);
}

TEST_CASE("signed requests: of each there are bytes for every name, with one signature") {
    Bench bench({"openapi.okx.com", "www.okx.com"});
    bench.sign_all(v2_time);
    const SignedRequest& picked = bench.signed_requests->pick(eth, 10'000ms, v2_time);
    std::string first_bytes(picked.bytes(0));
    const std::string other_bytes(picked.bytes(1));
    CHECK(first_bytes.find(v2_signature) != std::string::npos);
    const std::string host = "Host: openapi.okx.com\r\n";
    const std::size_t at = first_bytes.find(host);
    REQUIRE(at != std::string::npos);
    first_bytes.replace(at, host.size(), "Host: www.okx.com\r\n");
    CHECK(first_bytes == other_bytes);
}

TEST_CASE("signed requests: after a pause all are asked for at once, and then in turn again") {
    Bench bench;
    SignedRequests& signed_requests = *bench.signed_requests;
    signed_requests.ask_next(1, v2_time);  // none is signed yet
    CHECK(bench.answer_all() == 6);
    signed_requests.take_answers();
    const WallMillis after = later(v2_time, 15'001ms);
    for (const std::size_t expected : {std::size_t{6}, std::size_t{2}}) {
        signed_requests.ask_next(2, after);
        CHECK(bench.answer_all() == expected);
        signed_requests.take_answers();
    }
    bench.signed_requests->pick(btc, 0ms, after);
    CHECK(bench.hear().empty());
}

TEST_CASE("signed requests: an answer that is older than what is there is dropped") {
    Bench bench;
    SignedRequests& signed_requests = *bench.signed_requests;
    signed_requests.ask_next(6, v2_time);
    const auto early = bench.hear();
    signed_requests.ask_next(6, later(v2_time, -60s));  // the exchange's clock stepped back
    bench.answer(bench.hear());
    signed_requests.take_answers();
    const std::string bytes(signed_requests[0].bytes());
    const std::uint64_t revision = signed_requests[0].revision;
    bench.answer(early);
    CHECK(signed_requests.take_answers().empty());
    CHECK(signed_requests[0].bytes() == bytes);
    CHECK(signed_requests[0].revision == revision);
}

TEST_CASE("signed requests: what a young request is picked for, nobody is asked for") {
    Bench bench;
    bench.sign_all(v2_time);
    for (const milliseconds age : {0ms, 14'999ms, 15'000ms, -15'000ms})
        bench.signed_requests->pick(btc, 0ms, later(v2_time, age));
    CHECK(bench.hear().empty());
}

TEST_CASE("signed requests: an old one is asked for again; unanswered, what was signed is picked") {
    Bench bench;
    bench.sign_all(v2_time);
    const SignedRequest& picked = bench.signed_requests->pick(btc, 0ms, v2_time);
    const std::string bytes(picked.bytes());
    CHECK(&bench.signed_requests->pick(btc, 0ms, later(v2_time, 15'001ms)) == &picked);
    CHECK(picked.bytes() == bytes);
    const auto asked = bench.hear();
    REQUIRE(asked.size() == 1);
    CHECK(&(*bench.signed_requests)[asked[0].at] == &picked);
    bench.answer(asked);  // late, but taken
    REQUIRE(bench.signed_requests->take_answers().size() == 1);
    CHECK(picked.bytes() != bytes);
}

TEST_CASE("signed requests: a signer that let somebody wait is not waited for until it answers") {
    Bench bench;
    bench.sign_all(v2_time);
    const auto waited = [&](WallMillis now) {
        const Time began = monotonic_now();
        bench.signed_requests->pick(eth, 0ms, now);
        return monotonic_now() - began;
    };
    const WallMillis old = later(v2_time, 20s);
    CHECK(waited(old) >= 10ms);
    Duration shortest = 1h;  // of a thousand, since others want this core too
    for (int i = 0; i < 1000; ++i) shortest = std::min(shortest, waited(old));
    CHECK(shortest < 1ms);
    while (!bench.hear().empty()) continue;
    bench.sign_all(old);
    CHECK(waited(later(old, 20s)) >= 10ms);
}

TEST_CASE("signed requests: a signer that is there is waited for") {
    SignerClient client(started());
    Config config;
    config.plan = signer_plan();
    SignedRequests signed_requests(config, client);
    signed_requests.resign(first, v2_time);
    if (signed_requests.oldest(first, v2_time) > 0ms)
        signed_requests.resign(first, v2_time);  // a busy machine
    while (signed_requests.oldest(first, v2_time) > 0ms) signed_requests.take_answers();
    CHECK(signed_requests.pick(eth, 10'000ms, v2_time).bytes().find(v2_signature) !=
          std::string_view::npos);
    CHECK(signed_requests.oldest(AccountId{1}, v2_time) > 1h);
}

TEST_CASE(
    "signed requests: a reload keeps what is signed, and asks for what is new without waiting") {
    Bench bench;
    bench.sign_all(v2_time);
    const std::string bytes(bench.signed_requests->pick(eth, 10'000ms, v2_time).bytes());
    RuleSpec rule;
    rule.lock = 500ms;
    bench.config.plan.rules.push_back(rule);
    CHECK(bench.adopt(v2_time));
    REQUIRE(bench.signed_requests->size() == 9);
    check_places(*bench.signed_requests);
    CHECK(bench.signed_requests->oldest(first, WallMillis{v2_time.value + 7}) == 7ms);
    const auto asked = bench.hear();
    CHECK(asked.size() == 3);
    for (const SignRequest& request : asked) CHECK(request.lock_ms == 500);
    CHECK(bench.signed_requests->pick(eth, 10'000ms, v2_time).bytes() == bytes);
    // Its own is not signed yet: another lock cancels as well.
    CHECK(bench.signed_requests->pick(eth, 500ms, v2_time).bytes() == bytes);
    CHECK(bench.answer_all() >= 1);
    while (!bench.signed_requests->take_answers().empty()) continue;
    CHECK(bench.signed_requests->pick(eth, 500ms, v2_time)
              .bytes()
              .ends_with(R"("lockInterval":"500"})"));
}

TEST_CASE("signed requests: a reload without other locks changes nothing") {
    Bench bench;
    bench.signed_requests->ask_next(6, v2_time);
    const auto asked = bench.hear();
    CHECK_FALSE(bench.adopt(v2_time));
    CHECK(bench.hear().empty());
    bench.answer(asked);
    CHECK(bench.signed_requests->take_answers().size() == 6);
}

TEST_CASE("signed requests: answers about requests from before a reload are dropped") {
    Bench bench;
    bench.signed_requests->ask_next(6, v2_time);
    const auto asked = bench.hear();
    RuleSpec rule;
    rule.lock = 500ms;
    bench.config.plan.rules.push_back(rule);
    CHECK(bench.adopt(WallMillis{}));
    bench.answer(asked);
    CHECK(bench.signed_requests->take_answers().empty());
    CHECK(bench.signed_requests->oldest(first, v2_time) > 1h);
}

TEST_CASE("signed requests: an answer to what was never asked is dropped") {
    Bench bench;
    bench.sign_all(v2_time);
    bench.signed_requests->ask_next(1, v2_time);
    auto asked = bench.hear();
    const std::uint64_t last = asked.at(0).number;
    for (const std::uint64_t number : {std::uint64_t{0}, last + 1, ~std::uint64_t{0}}) {
        asked[0].number = number;
        bench.answer(asked);
        CHECK(bench.signed_requests->take_answers().empty());
    }
    asked[0].number = last;
    asked[0].at = 6;
    bench.answer(asked);
    CHECK(bench.signed_requests->take_answers().empty());
}

TEST_CASE("signer client: refusals are counted, with the last one's reason") {
    Bench bench;
    std::vector<SignRequest> asked(3, v2_request());
    asked[1].lock_ms = -1;
    bench.client->ask(asked);
    bench.answer_all();
    CHECK(bench.client->take(monotonic_now()).size() == 2);
    CHECK(bench.client->refused() == 1);
    CHECK(bench.client->last_refusal() == SignVerdict::wrong_lock);
}

TEST_CASE("signer client: a new signer and the end of all are noticed; asking goes on in peace") {
    Bench bench;
    const SignerHello hello{4711, true, true, {}};
    REQUIRE(send(bench.signer->far(), &hello, sizeof hello, 0) == sizeof hello);
    CHECK(bench.client->take(monotonic_now()).empty());
    CHECK(bench.client->restarts() == 1);
    CHECK(bench.client->hello().pid == 4711);
    CHECK_FALSE(bench.client->gone());
    bench.signer->die();
    CHECK(bench.client->take(monotonic_now()).empty());
    CHECK(bench.client->gone());
    bench.signed_requests->ask_next(1, v2_time);
    bench.signed_requests->resign(first, v2_time);
    CHECK(bench.signed_requests->take_answers().empty());
}

TEST_CASE("signer client: a line that is full does not hold up who asks") {
    Bench bench;
    for (int i = 0; i < 10'000; ++i) bench.signed_requests->ask_next(6, v2_time);
    std::size_t asked = 0;
    for (auto some = bench.hear(); !some.empty(); some = bench.hear()) asked += some.size();
    CHECK(asked > 0);
    CHECK(asked < 60'000);
    bench.sign_all(v2_time);
    CHECK(bench.signed_requests->oldest(first, v2_time) == 0ms);
}
