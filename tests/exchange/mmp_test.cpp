#include <doctest/doctest.h>

#include "tests/exchange/fixture.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

const std::string mmp_path = "/api/v5/account/mmp-config";
const std::string reset_path = "/api/v5/account/mmp-reset";

std::string config(const std::string& interval, const std::string& frozen,
                   const std::string& quantity = "3", const std::string& family = "BTC-USD") {
    return R"({"instFamily":")" + family + R"(","timeInterval":")" + interval +
           R"(","frozenInterval":")" + frozen + R"(","qtyLimit":")" + quantity + R"("})";
}

// Of which no request is limited.
struct Mmp : Fixture {
    using Fixture::Fixture;
    std::string set(const std::string& body) {
        seat().windows.clear();
        return asked("POST", mmp_path, body);
    }
    std::string shown(const std::string& query = "?instFamily=BTC-USD") {
        return ask("GET", mmp_path + query);
    }
    void fill(OrderId id, double size) { seat().book.fill(id, size, sample::after(passed_).mono); }
};

TEST_CASE("mmp: what was never set is not listed, what was is echoed and listed") {
    Mmp fixture;
    CHECK(contains(fixture.shown(), R"("data":[])"));
    CHECK(fixture.ask("POST", mmp_path, config("5000", "2000", "10")) ==
          R"({"code":"0","msg":"","data":[{"frozenInterval":"2000","instFamily":"BTC-USD",)"
          R"("qtyLimit":"10","timeInterval":"5000"}]})");
    const std::string row = R"({"frozenInterval":"2000","instFamily":"BTC-USD","mmpFrozen":false,)"
                            R"("mmpFrozenUntil":"","qtyLimit":"10","timeInterval":"5000"})";
    CHECK(contains(fixture.shown(), row));
    CHECK(contains(fixture.shown(""), row));
    CHECK(contains(fixture.shown("?instFamily=ETH-USD"), R"("data":[])"));
}

TEST_CASE("mmp: parameters are strings of what OKX takes") {
    Mmp fixture(sample::account(), {"BTC-USD"});
    CHECK(fixture.set(config("x", "0")) == "51000");
    CHECK(fixture.set(config("-1", "0")) == "51000");
    CHECK(fixture.set(config("5000", "")) == "50014");
    CHECK(fixture.set(config("5000", "0", "0")) == "51000");
    CHECK(fixture.set(config("5000", "0", "3", "ETH-USD")) == "51000");
    CHECK(fixture.set(R"({"instFamily":"BTC-USD","timeInterval":5000})") == "51000");
    CHECK(fixture.set("[") == "50002");
    CHECK(fixture.set("") == "50000");
    CHECK(contains(fixture.shown("?instFamily=ETH-USD"), "51000"));
    CHECK(fixture.asked("POST", reset_path, R"({"instType":"SWAP","instFamily":"BTC-USD"})") ==
          "51000");
}

TEST_CASE("mmp: fills within the interval freeze the family until it is reset") {
    Mmp fixture;
    CHECK(fixture.set(config("5000", "0")) == "0");
    for (const char* type : {"mmp", "mmp", "mmp", "limit"}) fixture.place(type);
    fixture.fill(1, 2);
    fixture.fill(4, 1);  // no MMP order
    CHECK(fixture.seat().book.orders().size() == 3);
    fixture.fill(2, 1);
    CHECK(fixture.seat().book.orders().size() == 1);
    CHECK(fixture.place("mmp") == "51034");
    CHECK(fixture.place("limit") == "0");
    CHECK(contains(fixture.shown(), R"("mmpFrozen":true,"mmpFrozenUntil":"")"));
    CHECK(fixture.asked("POST", reset_path, R"({"instFamily":"BTC-USD"})") == "0");
    CHECK(fixture.place("mmp") == "0");
    CHECK(contains(fixture.shown(), R"("mmpFrozen":false)"));
}

TEST_CASE("mmp: a freezing with an end ends by itself; off, nothing freezes") {
    Mmp fixture;
    CHECK(fixture.set(config("5000", "3000", "1")) == "0");
    fixture.place("mmp");
    fixture.fill(1, 1);
    CHECK(fixture.place("mmp") == "51034");
    CHECK(contains(fixture.shown(), R"("mmpFrozen":true,"mmpFrozenUntil":"2000")"));
    fixture.passed_ += 2s;
    CHECK(fixture.place("mmp") == "0");
    CHECK(fixture.set(config("0", "3000", "1")) == "0");
    fixture.fill(2, 1);
    CHECK(fixture.place("mmp") == "0");
}

TEST_CASE("mmp: an order on its way is refused where its family is frozen by then") {
    Mmp fixture;
    fixture.exchange.send(fixture.seat(), sample::order("mmp"), sample::after(0s), 500ms);
    fixture.seat().book.freeze("BTC-USD", sample::moment.mono, 0s);
    fixture.exchange.settle(sample::after(1s));
    CHECK(fixture.seat().book.orders().empty());
}

TEST_CASE("mmp: mode, privilege and permission have their codes") {
    Account account = sample::account();
    account.mmp = false;
    CHECK(Mmp(account).set(config("0", "0")) == "50030");
    CHECK(Mmp(account).asked("POST", reset_path, R"({"instFamily":"BTC-USD"})") == "59509");
    account.mode = 2;
    CHECK(Mmp(account).set(config("0", "0")) == "51010");
    account.perm = "read_only";
    CHECK(Mmp(account).set(config("0", "0")) == "50120");
    CHECK(Mmp(account).asked("GET", mmp_path) == "0");
}

TEST_CASE("mmp: setting takes two requests in 10 s, a wrong method is 405") {
    Fixture fixture;
    for (const char* wanted : {"\"0\"", "\"0\"", "50011"}) {
        CHECK(contains(fixture.ask("POST", mmp_path, config("0", "0")), wanted));
    }
    CHECK(fixture.asked("PUT", mmp_path) == "50115");
}

}  // namespace
}  // namespace scram::okxsim
