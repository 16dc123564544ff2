// What operators are told, word for word: each answer stands in a file below golden/.
#include "daemon/control/commands.h"

#include <doctest/doctest.h>

#include "net/clock.h"
#include "tests/unit/daemon/control/operator_conversation.h"
#include "tests/unit/golden.h"

using namespace scram;
using namespace scram::test;

namespace {

const std::string status = R"({"v":1,"op":"status"})";

std::string trip(std::string_view target, std::string_view reason = "drill") {
    return R"({"v":1,"op":"trip","target":")" + std::string(target) + R"(","reason":")" +
           std::string(reason) + "\"}";
}

std::string rearm(std::string_view target, std::string_view more) {
    return R"({"v":1,"op":"rearm","target":")" + std::string(target) + "\"" + std::string(more) +
           "}";
}

struct Talk : OperatorConversation {
    using OperatorConversation::OperatorConversation;

    void check(std::string_view name, std::string_view line, const Peer& who = operator_) {
        check_told(name, say(line, who));
    }
    void check_told(std::string_view name, const std::string& answer) {
        CHECK(answer.find('\n') == answer.npos);
        check_golden("daemon/control/golden/" + std::string(name) + ".json",
                     readable(answer, folder.root.native()));
    }
    void publish(FamilyId family, double value) {
        scram_signal signal{};
        signal.sequence = ++sequence_;
        signal.published_ns = ns_of(monotonic_now());
        signal.value = value;
        signal.family = static_cast<std::uint16_t>(family);
        signal.version = SCRAM_VERSION;
        signal.kind = SCRAM_VALUE;
        driver.signal(maker, signal, monotonic_now());
    }

  private:
    std::uint64_t sequence_ = 0;
};

}  // namespace

TEST_CASE("commands: the status of a scramd that has just started, and of one that is ready") {
    Talk talk;
    talk.check("status_started", status);
    for (std::size_t l = 0; l < talk.driver.engine().link_count(); ++l) talk.link_up(l);
    talk.publish(A, 24);
    talk.publish(B, -3);
    talk.check("status", status);
}

TEST_CASE("commands: the status of a breach, and of a cancel that is refused") {
    Talk talk;
    talk.link_up(0);
    talk.publish(A, 27.5);
    talk.refuse(A);
    talk.check("status_refused", status);
}

TEST_CASE("commands: trips are answered with how things stand") {
    Talk talk;
    for (const std::size_t l : {0u, 1u}) talk.link_up(l);
    talk.check("trip", trip("mm-1/BTC-USD"));
    CHECK(talk.granted);
    talk.check("trip_without_reason", trip("all", ""));
    talk.check("receipt_without_reason", R"({"v":1,"op":"receipt"})");
}

TEST_CASE("commands: arming shows what is latched, is refused, and done") {
    Talk talk;
    talk.check("review_of_nothing", rearm("all", ""));
    talk.link_up(0);
    talk.publish(A, 27.5);
    talk.confirm(A);
    talk.say(trip("mm-1/ETH-USD"));
    talk.confirm(B);
    talk.check("review", rearm("all", ""));
    talk.check("rearm_without_reason", rearm("all", R"(,"trips":[1])"));
    talk.check("rearm_refused", rearm("all", R"(,"trips":[1],"reason":"calm")"));
    talk.check("rearmed", rearm("all", R"(,"trips":[2],"reason":"calm")"));
    talk.check("rearm_forced", rearm("all", R"(,"trips":[1,2],"reason":"calm","force":true)"));
    talk.check("rearm_of_nothing", rearm("all", R"(,"trips":[1,2],"reason":"calm")"));
}

TEST_CASE("commands: an arming whose gate waits for the exchange") {
    Talk talk;
    talk.link_up(0);
    talk.say(trip("mm-1/BTC-USD"));
    const std::string line = rearm("all", R"(,"trips":[1],"reason":"calm","wait_ms":86400000)");
    talk.check("rearm_waiting", line);
    talk.confirm(A);
    talk.check_told("gates_open", talk.awaited());
}

TEST_CASE("commands: how many orders rest, as the exchange says, and why that is not known") {
    const std::string all = R"({"v":1,"op":"orders","target":"all","wait_ms":60000})";
    Talk talk;
    for (const std::size_t l : {0u, 1u, 2u}) talk.link_up(l);
    talk.check("orders_waiting", all);
    OrdersPage page;
    page.mmp = orders_per_page;
    page.full = true;
    talk.tell_orders(A, {{AnswerClass::accepted, 200, 0}, page});
    CHECK(talk.still_waits());
    talk.tell_orders(B, {{AnswerClass::refused, 401, 50113}, {}});
    talk.check_told("orders", talk.awaited());
    talk.say(all);
    talk.say(trip("all"), tripper);
    CHECK(talk.waiting.size() == 2);
    talk.check("orders_latched", R"({"v":1,"op":"orders","target":"mm-1/ETH-USD"})");
    talk.check("orders_unknown_target", R"({"v":1,"op":"orders","target":"mm-9"})");
    talk.check("orders_no_right", all, tripper);
}

TEST_CASE("commands: a trip tells who looks at once that there is nothing to wait for") {
    Talk talk;
    for (const std::size_t l : {0u, 1u}) talk.link_up(l);
    talk.say(R"({"v":1,"op":"orders","target":"all","wait_ms":60000})");
    talk.driver.operate([](Engine& engine, Time now, Step& step) {
        const FamilyId families[] = {A, B};
        engine.on_trip(families, {"uid 1", "news"}, now, step);
    });
    talk.check_told("orders_tripped", talk.awaited());
}

TEST_CASE("commands: who looks without end is told that it is too often") {
    Talk talk;
    std::string last;
    for (int i = 0; i < 61; ++i) last = talk.say(R"({"v":1,"op":"orders","target":"all"})");
    CHECK(says(last, "asks too often"));
}

TEST_CASE("commands: receipts, and what there is where one is not kept") {
    Talk talk;
    talk.check("receipts_none", R"({"v":1,"op":"receipts"})");
    talk.check("receipt_none", R"({"v":1,"op":"receipt"})");
    talk.link_up(0);
    talk.publish(A, 12);
    talk.publish(A, 27.5);
    talk.refuse(A);
    talk.say(trip("mm-1/ETH-USD", "say \\\"no\\\""));
    talk.check("receipts", R"({"v":1,"op":"receipts"})");
    talk.check("receipt", R"({"v":1,"op":"receipt","trip":1})");
    talk.check("receipt_with_signals", R"({"v":1,"op":"receipt","trip":1,"signals":true})");
    talk.check("receipt_of_operator", R"({"v":1,"op":"receipt"})");
    talk.check("receipt_unknown", R"({"v":1,"op":"receipt","trip":99})");
}

TEST_CASE("commands: latency, watching, and a reload that is taken or not") {
    Talk talk;
    talk.check("latency", R"({"v":1,"op":"latency"})");
    talk.check("watch", R"({"v":1,"op":"watch"})");
    CHECK(talk.watches);
    talk.check("reload_unchanged", R"({"v":1,"op":"reload"})");
    talk.changes = {{"new"}, {"delta"}, {"old"}, {"log"}, {"rule delta: beyond: 25 -> 30"}};
    talk.check("reload", R"({"v":1,"op":"reload"})");
    talk.reload_fault = "/test.toml:3: unknown key \"prt\"";
    talk.check("reload_refused", R"({"v":1,"op":"reload"})");
}

TEST_CASE("commands: the dead man's switch is shown, switched off and on") {
    const std::string show = R"({"v":1,"op":"dead_man"})";
    const auto turn = [](std::string_view op, std::string_view more) {
        return R"({"v":1,"op":"dead_man_)" + std::string(op) + R"(","target":"mm-1")" +
               std::string(more) + "}";
    };
    const std::string off = turn("off", R"(,"reason":"hedging by hand")");
    Talk talk("", R"(, dead_man = { tag = "mm1" })");
    talk.check("dead_man", show);
    talk.check("dead_man_off", off);
    CHECK(talk.driver.engine().dead_man(AccountId{0}).switched_off);
    talk.check("dead_man_on", turn("on", R"(,"reason":"back")"));
    CHECK_FALSE(talk.driver.engine().dead_man(AccountId{0}).switched_off);
    talk.check("dead_man_without_reason", turn("off", ""));
    talk.check("dead_man_no_right", off, tripper);
    CHECK_FALSE(talk.driver.engine().dead_man(AccountId{0}).switched_off);

    Talk without;
    without.check("dead_man_none", show);
    without.check("dead_man_none_to_switch", off);
    without.check("dead_man_unknown", R"({"v":1,"op":"dead_man_off","target":"mm-9"})");
}

TEST_CASE("commands: what is refused, each in its own words") {
    Talk talk;
    const std::pair<const char*, std::string> lines[] = {
        {"no_json", "status"},
        {"no_object", R"(["status"])"},
        {"unknown_key", R"({"v":1,"op":"trip","target":"all","dry_run":true})"},
        {"wrong_type", R"({"v":1,"op":"rearm","target":"all","force":"yes"})"},
        {"wait_too_long", R"({"v":1,"op":"trip","target":"all","wait_ms":86400001})"},
        {"unknown_op", R"({"v":1,"op":"fire"})"},
        {"other_version", R"({"v":2,"op":"status"})"},
        {"unknown_target", trip("mm-9")},
        {"unknown_target_to_arm", rearm("mm-9", R"(,"trips":[1],"reason":"x")")},
    };
    for (const auto& [name, line] : lines) talk.check("refused_" + std::string(name), line);
    CHECK(says(talk.refusals.json(monotonic_now()), R"("request":7)"));
}

TEST_CASE("commands: who has no right is told which, and nothing happens") {
    Talk talk;
    talk.check("no_right_to_read", status, tripper);
    talk.check("no_right_to_trip", trip("all"), stranger);
    talk.check("no_right_to_rearm", rearm("all", R"(,"trips":[1],"reason":"x")"), tripper);
    talk.check("no_right_to_reload", R"({"v":1,"op":"reload"})", tripper);
    CHECK_FALSE(talk.granted);
    CHECK_FALSE(talk.driver.engine().family(A).latched);
    CHECK(says(talk.refusals.json(monotonic_now()), R"("read":1,"trip":1,"rearm":1,"admin":1)"));
    CHECK_FALSE(talk.handler().holds_a_right(stranger));
    CHECK(talk.handler().holds_a_right(tripper));
    CHECK_FALSE(talk.handler().may_watch(tripper));
}

TEST_CASE("commands: who asks too often is told so, but a trip that closes a gate is taken") {
    Talk talk;
    std::string last;
    for (int i = 0; i < 100; ++i) last = talk.say(trip("mm-1/BTC-USD"), tripper);
    talk.check_told("rate_limit", last);
    CHECK(says(talk.say(trip("mm-1/ETH-USD"), tripper), R"("ok":true)"));
    CHECK(says(talk.say(trip("mm-1/BTC-USD")), R"("ok":true)"));  // another user
}

TEST_CASE("commands: the last words to who is turned away") {
    Talk talk;
    const std::pair<const char*, Rejection> cases[] = {
        {"connection_limit", Rejection::connection_limit},
        {"idle_timeout", Rejection::idle_timeout},
        {"slow_reader", Rejection::slow_reader},
        {"long_line", Rejection::long_line},
        {"revoked", Rejection::revoked}};
    for (const auto& [name, why] : cases)
        talk.check_told("turned_away_" + std::string(name),
                        talk.handler().on_turned_away(tripper, why));
}
