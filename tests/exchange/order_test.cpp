#include <doctest/doctest.h>

#include <map>

#include "tests/exchange/fixture.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

std::string body(const std::map<std::string, std::string>& changes = {}) {
    std::map<std::string, std::string> fields{
        {"instId", "BTC-USD-261225-60000-C"}, {"tdMode", "cross"}, {"side", "buy"},
        {"ordType", "mmp_and_post_only"},     {"px", "0.0001"},    {"sz", "1"}};
    for (const auto& [name, value] : changes) fields[name] = value;
    std::string text;
    for (const auto& [name, value] : fields) {
        if (!value.empty()) text += (text.empty() ? "\"" : ",\"") + name + "\":\"" + value + "\"";
    }
    return "{" + text + "}";
}

struct Orders : Fixture {
    explicit Orders(Account account = sample::account())
        : Fixture(std::move(account), {"BTC-USD", "ETH-USD"}) {}

    std::string place(const std::map<std::string, std::string>& changes = {}) {
        return ask("POST", "/api/v5/trade/order", body(changes));
    }
    std::string amend(const std::string& id, const std::string& price) {
        return ask("POST", "/api/v5/trade/amend-order",
                   R"({"instId":"BTC-USD-261225-60000-C","ordId":")" + id + R"(","newPx":")" +
                       price + "\"}");
    }
    void lock(std::string_view interval) {
        CHECK(code(R"({"instType":"OPTION","instFamily":"BTC-USD","lockInterval":")" +
                   std::string(interval) + "\"}") == "0");
    }
};

TEST_CASE("order: one that is taken rests with its id, its client id and its tag") {
    Orders okx;
    const std::string answer = okx.place({{"clOrdId", "probe1"}, {"tag", "mine"}});
    CHECK(contains(answer, R"("clOrdId":"probe1","ordId":"1","sCode":"0")"));
    REQUIRE(okx.seat().book.orders().size() == 1);
    CHECK(okx.seat().book.orders().at(1).tag == "mine");
    CHECK(okx.seat().book.orders().at(1).price == "0.0001");
}

TEST_CASE("order: what is refused has its code in its row") {
    const std::pair<std::map<std::string, std::string>, std::string> wrong[] = {
        {{{"instId", "XRP-USD-261225-2-C"}}, R"("sCode":"51001")"},
        {{{"tdMode", "isolated"}}, R"("sCode":"51042")"},
        {{{"ordType", "iceberg"}}, R"("sCode":"51000")"},
        {{{"px", "0"}}, R"("code":"51000")"},
        {{{"sz", ""}}, R"("code":"50014")"},
        {{{"tdMode", ""}}, R"("code":"50014")"}};
    for (const auto& [changes, part] : wrong) {
        Orders okx;
        CAPTURE(part);
        CHECK(contains(okx.place(changes), part));
        CHECK(okx.seat().book.orders().empty());
    }
    Account single = sample::account();
    single.mode = 3;
    CHECK(contains(Orders(single).place(), R"("sCode":"51036")"));
}

TEST_CASE("order: a lock refuses new orders and amends, as far as it is told to") {
    Account account = sample::account();
    struct Case {
        std::string scope;
        bool amends;
        std::string mmp, plain, amended;
    };
    const Case cases[] = {{"all", true, "54008", "54008", "54008"},
                          {"mmp", false, "54008", "0", "0"},
                          {"none", false, "0", "0", "0"}};
    for (const Case& wanted : cases) {
        CAPTURE(wanted.scope);
        account.lock_scope = wanted.scope;
        account.lock_amends = wanted.amends;
        Orders okx(account);
        okx.place({{"ordType", "post_only"}});
        okx.lock("10000");
        CHECK(contains(okx.place(), R"("sCode":")" + wanted.mmp));
        CHECK(contains(okx.place({{"ordType", "limit"}}), R"("sCode":")" + wanted.plain));
        CHECK(contains(okx.amend("1", "0.0002"), R"("sCode":")" + wanted.amended));
        CHECK(okx.seat().book.orders().at(1).price ==
              (wanted.amended == "0" ? "0.0002" : "0.0001"));
    }
}

TEST_CASE("order: a lock while one holds starts over, or changes nothing") {
    for (const bool restarts : {true, false}) {
        Account account = sample::account();
        account.lock_restarts = restarts;
        Orders okx(account);
        okx.lock("5000");  // at 1 s
        okx.passed_ = 4s;
        okx.lock("5000");  // at 5 s
        okx.passed_ = 6s;
        CHECK(contains(okx.place(), restarts ? R"("sCode":"54008")" : R"("sCode":"0")"));
        okx.passed_ = 9s;
        CHECK(contains(okx.place(), R"("sCode":"0")"));
    }
}

TEST_CASE("order: lockInterval 0 unlocks, whatever a second lock does") {
    Account account = sample::account();
    account.lock_restarts = false;
    Orders okx(account);
    okx.lock("10000");
    okx.lock("0");
    CHECK(contains(okx.place(), R"("sCode":"0")"));
}

TEST_CASE("order: an amend of what is not there is refused") {
    Orders okx;
    CHECK(contains(okx.amend("7", "0.0002"), R"("sCode":"51400")"));
}

TEST_CASE("mass-cancel: where it does not exist, where nothing rests, where no lock may be had") {
    const std::string unlocked = R"({"instType":"OPTION","instFamily":"BTC-USD"})";
    const std::string locked =
        R"({"instType":"OPTION","instFamily":"BTC-USD","lockInterval":"1000"})";
    Account account = sample::account();
    account.mass_cancel = false;
    CHECK(Orders(account).code(unlocked) == "50038");

    account = sample::account();
    account.empty_code = "51405";
    Orders empty(account);
    CHECK(empty.code(unlocked) == "51405");
    empty.place();
    CHECK(empty.code(unlocked) == "0");

    account = sample::account();
    account.lock_code = "54009";
    Orders refusing(account);
    CHECK(refusing.code(locked) == "54009");
    CHECK(refusing.code(unlocked) == "0");
}

TEST_CASE("instruments: of a family that exists, with their marks") {
    Orders okx;
    const std::string query = "?instType=OPTION&instFamily=ETH-USD";
    for (const std::string path : {"/api/v5/public/instruments", "/api/v5/public/mark-price"}) {
        CHECK(contains(okx.ask("GET", path + query), R"("instId":"ETH-USD-261225-60000-C")"));
        CHECK(okx.asked("GET", path + "?instType=OPTION&instFamily=XRP-USD") == "51000");
        CHECK(okx.asked("GET", path + "?instFamily=ETH-USD") == "51000");
    }
    CHECK(contains(okx.ask("GET", "/api/v5/public/mark-price" + query), R"("markPx":"0.0712")"));
}

TEST_CASE("exchange: fixed windows begin at even seconds of the clock") {
    Exchange okx({.accounts = {sample::account()}, .families = {}}, WindowKind::fixed,
                 sample::moment.mono);
    const auto status = [&](std::chrono::milliseconds passed) {
        return status_of(okx.serve(sample::mass_cancel(sample::btc_body), sample::after(passed)));
    };
    for (int i = 0; i < 5; ++i) CHECK(status(0ms) == "200");  // at 52.907 s
    CHECK(status(1092ms) == "429");
    CHECK(status(1093ms) == "200");
}

}  // namespace
}  // namespace scram::okxsim
