#include <doctest/doctest.h>

#include "tests/exchange/fixture.h"
#include "tests/exchange/state.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

struct CancelAll : Fixture {
    using Fixture::Fixture;

    std::string set(const std::string& timeout, const std::string& tag = "") {
        return ask("POST", "/api/v5/trade/cancel-all-after",
                   R"({"timeOut":")" + timeout + R"(","tag":")" + tag + "\"}");
    }
    void place_tagged(const std::string& tag) {
        Order order = sample::order("limit", "ETH-USD");
        order.tag = tag;
        exchange.place(seat(), order, sample::after(passed_));
    }
    std::size_t resting(std::chrono::milliseconds passed) {
        exchange.settle(sample::after(passed));
        return seat().book.orders().size();
    }
};

TEST_CASE("cancel-all-after: cancels every order of every family, once, at its time") {
    CancelAll fixture;
    for (const char* type : {"mmp", "limit"}) fixture.place(type);
    fixture.place_tagged("hedge");
    CHECK(
        fixture.set("10") ==
        R"({"code":"0","msg":"","data":[{"triggerTime":"1768519683","tag":"","ts":"1768519673"}]})");
    CHECK(fixture.resting(10999ms) == 3);
    CHECK(fixture.resting(11000ms) == 0);
    CHECK(fixture.seat().deadman_fired == 1);
    fixture.place("limit");
    CHECK(fixture.resting(200s) == 1);
}

TEST_CASE("cancel-all-after: another call starts over, and 0 stops") {
    CancelAll fixture;
    fixture.place("limit");
    fixture.set("10");
    fixture.passed_ = 5s;
    fixture.set("10");
    CHECK(fixture.resting(15999ms) == 1);
    CHECK(contains(fixture.set("0"), R"("triggerTime":"0")"));
    CHECK(fixture.resting(200s) == 1);
}

TEST_CASE("cancel-all-after: a tag has a timer of its own, over its own orders") {
    CancelAll fixture;
    fixture.place("mmp");
    fixture.place_tagged("hedge");
    fixture.set("10", "hedge");
    fixture.set("30");
    CHECK(fixture.resting(11s) == 1);
    CHECK(fixture.seat().book.orders().begin()->second.type == "mmp");
    CHECK(fixture.resting(32s) == 0);
}

TEST_CASE("cancel-all-after: an order that arrives after it fired stays") {
    CancelAll fixture;
    fixture.set("10");
    fixture.exchange.send(fixture.seat(), sample::order("limit"), sample::moment, 10999ms);
    fixture.exchange.send(fixture.seat(), sample::order("limit"), sample::moment, 11001ms);
    CHECK(fixture.resting(60s) == 1);  // both and the timer were due by then
}

TEST_CASE("cancel-all-after: cancels one by one where the tester wants it so") {
    Account account = sample::account();
    account.sweep_ms = 1000;
    CancelAll fixture(account);
    for (int i = 0; i < 3; ++i) fixture.place("mmp");
    fixture.set("10");
    CHECK(fixture.resting(11s) == 2);
    CHECK(fixture.resting(12s) == 1);
    CHECK(fixture.resting(13s) == 0);
}

TEST_CASE("cancel-all-after: 10 to 120 s or 0, and a short tag") {
    CancelAll fixture;
    for (const char* wrong : {"9", "121", "-1", "1.5", "x"}) {
        CAPTURE(wrong);
        CHECK(contains(fixture.set(wrong), R"("code":"51000")"));
    }
    const auto raw = [&](const std::string& body) {
        return fixture.ask("POST", "/api/v5/trade/cancel-all-after", body);
    };
    CHECK(contains(raw(R"({"timeOut":10})"), R"("code":"0")"));
    CHECK(contains(raw(R"({"timeOut":9})"), R"("code":"51000")"));
    CHECK(contains(raw(R"({"timeOut":-10})"), R"("code":"51000")"));
    CHECK(contains(fixture.set(""), R"("code":"50014")"));
    CHECK(contains(fixture.set("10", "a_b"), R"("code":"51000")"));
    CHECK(contains(fixture.set("10", "abcdefghijklmnopq"), R"("code":"51000")"));
    CHECK(contains(fixture.set("120", "abcdefghijklmnop"), R"("code":"0")"));
}

TEST_CASE("cancel-all-after: one request a second per tag, twenty tags") {
    CancelAll fixture;
    const auto set = [&](const std::string& tag, std::chrono::milliseconds at) {
        return body_of(fixture.serve(sample::request("POST", "/api/v5/trade/cancel-all-after",
                                                     R"({"timeOut":"60","tag":")" + tag + "\"}"),
                                     at));
    };
    CHECK(contains(set("", 1ms), R"("code":"0")"));
    CHECK(contains(set("", 2ms), "50011"));
    for (char c = 'a'; c < 'a' + 20; ++c) CHECK(contains(set({c}, 3ms), R"("code":"0")"));
    CHECK(contains(set("z", 4ms), "51071"));
    CHECK(contains(set("a", 1003ms), R"("code":"0")"));
}

TEST_CASE("cancel-all-after: its times are in ms where the tester wants it so") {
    Account account = sample::account();
    account.trigger_in_ms = true;
    CHECK(contains(CancelAll(account).set("10"), R"("triggerTime":"1768519683907")"));
}

TEST_CASE("cancel-all-after: the state tells what is left of each timer") {
    CancelAll fixture;
    fixture.set("10");
    fixture.set("20", "hedge");
    CHECK(contains(state_json(fixture.exchange, {}, sample::after(3s)),
                   R"("deadman_left_ms":{"":8000,"hedge":19000},"deadman_fired":0)"));
}

}  // namespace
}  // namespace scram::okxsim
