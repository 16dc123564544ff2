#include <doctest/doctest.h>

#include "tests/exchange/admin_account.h"
#include "tests/exchange/fixture.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

const std::string config_path = "/api/v5/account/config";

std::string config(Fixture& fixture) {
    return fixture.ask("GET", config_path);
}

std::string code(Fixture& fixture) {
    return fixture.asked("GET", config_path);
}

std::string change(Fixture& fixture, const std::string& settings) {
    return change_account(fixture.seat(), settings, sample::after(fixture.passed_)).body;
}

TEST_CASE("config: tells mode, permission, addresses and a numeric uid, all as strings") {
    Fixture fixture;
    const std::string text = config(fixture);
    for (const char* part :
         {R"("acctLv":"4")", R"("perm":"read_only,trade")", R"("ip":"")", R"("kycLv":"2")",
          R"("uid":"446000000000000001")", R"("mainUid":"446000000000000001")", R"("label":"mm-1")",
          R"("posMode":"net_mode")", R"("autoLoan":false)"}) {
        CAPTURE(part);
        CHECK(contains(text, part));
    }
}

TEST_CASE("config: what the tester changes is told at once") {
    Fixture fixture;
    CHECK(change(fixture, R"({"account":"mm-1","mode":3,"perm":"read_only","uid":"7",)"
                          R"("ip":"127.0.0.1,192.0.2.1","kyc":"0"})") == "{}");
    const std::string text = config(fixture);
    for (const char* part : {R"("acctLv":"3")", R"("perm":"read_only")", R"("uid":"7")",
                             R"("ip":"127.0.0.1,192.0.2.1")", R"("kycLv":"0")"}) {
        CAPTURE(part);
        CHECK(contains(text, part));
    }
    CHECK(fixture.code(sample::btc_body) == "50120");
}

TEST_CASE("config: a setting that does not exist or is of another type is named") {
    Fixture fixture;
    for (const char* wrong : {R"({"nonsense":1})", R"({"perm":1})", R"({"mode":"4"})",
                              R"({"mmp":0})", R"({"key_unused_ms":"1"})", R"({"secret":"s"})"}) {
        CAPTURE(wrong);
        CHECK(contains(change(fixture, wrong), "no such setting"));
    }
}

TEST_CASE("config: an address that is not listed is refused and told back") {
    Fixture fixture;
    change(fixture, R"({"ip":"192.0.2.1"})");
    Request request = sample::request("GET", config_path);
    request.peer = "192.0.2.9";
    CHECK(fixture.ask(request) ==
          R"({"msg":"Your IP 192.0.2.9 is not included in your API key's IP whitelist.",)"
          R"("code":"50110"})");
    request.peer = "192.0.2.1";
    CHECK(contains(fixture.ask(request), R"("code":"0")"));
}

TEST_CASE("config: on the site of another region nobody has this key") {
    Fixture fixture;
    change(fixture, R"({"region":"eea"})");
    CHECK(code(fixture) == "50119");
}

TEST_CASE("config: five requests in 2 s, not counted against mass-cancel") {
    Fixture fixture;
    const auto ask = [&] {
        return body_of(fixture.serve(sample::request("GET", config_path), 1ms));
    };
    for (int i = 0; i < 5; ++i) CHECK(contains(ask(), R"("code":"0")"));
    CHECK(contains(ask(), R"("code":"50011")"));
    CHECK(contains(body_of(fixture.serve(sample::mass_cancel(sample::btc_body), 2ms)), "true"));
    CHECK(fixture.seat().calls.at("config").at("50011") == 1);
}

// A day of the exchange in these tests is a second.
struct Aging : Fixture {
    Aging() { change(*this, R"({"key_lifetime_ms":14000})"); }
    void pass(std::chrono::milliseconds time) { passed_ += time - 1s; }  // asking takes 1 s
};

TEST_CASE("keys: an unbound key that may trade dies 14 days after its last authenticated call") {
    Aging fixture;
    CHECK(code(fixture) == "0");
    fixture.pass(13'999ms);
    CHECK(code(fixture) == "0");
    fixture.pass(14s);
    CHECK(code(fixture) == "50119");
    CHECK(code(fixture) == "50119");  // asking does not bring it back
}

TEST_CASE("keys: neither a public call nor one that is not authentic keeps a key alive") {
    Aging fixture;
    Request forged = sample::request("GET", config_path);
    sample::set(forged, "ok-access-sign", "AAAA");
    CHECK(code(fixture) == "0");
    fixture.pass(12s);
    CHECK(fixture.asked("GET", "/api/v5/public/time") == "0");
    CHECK(contains(fixture.ask(forged), "50113"));
    CHECK(code(fixture) == "50119");
}

TEST_CASE("keys: a bound key, a demo key and one that may only read do not age") {
    for (const char* unaging : {R"({"ip":"127.0.0.1"})", R"({"perm":"read_only"})"}) {
        Aging fixture;
        change(fixture, unaging);
        fixture.pass(20s);
        CHECK(code(fixture) == "0");
    }
    Account demo = sample::account();
    CHECK(demo.ages());
    demo.demo = true;
    CHECK_FALSE(demo.ages());
}

TEST_CASE("keys: the tester sets how long a key has been unused") {
    Fixture fixture;
    change(fixture, R"({"key_unused_ms":1209600000})");
    CHECK(code(fixture) == "50119");
    change(fixture, R"({"key_unused_ms":0})");
    CHECK(code(fixture) == "0");
}

}  // namespace
}  // namespace scram::okxsim
