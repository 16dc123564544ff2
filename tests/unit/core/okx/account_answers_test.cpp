// What may be believed of the answers to reads, batches and the timer, and what may not.
#include "core/okx/account_answers.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

using namespace scram;

namespace {

using enum AnswerClass;

AnswerReader& reader() {
    static AnswerReader its;
    return its;
}

std::string with(std::string_view rows) {
    return fmt::format(R"({{"code":"0","msg":"","data":[{}]}})", rows);
}

// A row as OKX's documents show it.
std::string row(std::uint64_t id, std::string_view type,
                std::string_view instrument = "BTC-USD-261225-60000-C") {
    return fmt::format(
        R"({{"accFillSz":"0","attachAlgoOrds":[],"cTime":"1724733617998","clOrdId":"","fee":"0",)"
        R"("instId":"{}","instType":"OPTION","linkedAlgoOrd":{{"algoId":""}},"ordId":"{}",)"
        R"("ordType":"{}","px":"0.1","side":"buy","state":"live","sz":"1","tag":"",)"
        R"("tdMode":"cross","uTime":"1724733617998"}})",
        instrument, id, type);
}

std::string rows(std::size_t count, std::uint64_t newest, std::string_view type) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += (i > 0 ? "," : "") + row(newest - i, type);
    return out;
}

constexpr PrivateCall of_mmp{.what = PrivateRequest::mmp_orders, .inst_family = "BTC-USD"};
constexpr PrivateCall of_all{.what = PrivateRequest::all_orders, .inst_family = "BTC-USD"};

Told<OrdersPage> page(std::string_view its_rows, PrivateCall asked = of_all,
                      std::uint64_t after = 0) {
    asked.after = after;
    return reader().orders(200, with(its_rows), asked);
}

bool is_page(std::string_view its_rows, const PrivateCall& asked = of_all,
             std::uint64_t after = 0) {
    const auto told = page(its_rows, asked, after);
    CHECK(told.answer.code == 0);
    CHECK(told.answer.answer_class == (told.facts ? accepted : failed));
    return told.facts.has_value();
}

const std::string account = R"({"acctLv":"4","ip":"192.0.2.1","kycLv":"3","label":"mm-1",)"
                            R"("perm":"read_only,trade","uid":"446000000000000001"})";

std::optional<AccountFacts> account_of(const std::string& body) {
    return reader().account(200, body).facts;
}
// With another value for a name.
std::string changed(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), by);
}

std::optional<MmpFacts> mmp_of(const std::string& its_rows) {
    return reader().mmp(200, with(its_rows), "ETH-USD").facts;
}

std::vector<OrderRef> three() {
    const FixedText<instrument_name_max> name("BTC-USD-261225-60000-C");
    return {{name, 11}, {name, 12}, {name, 13}};
}

std::string done(std::uint64_t id, std::string_view code) {
    return fmt::format(R"({{"clOrdId":"","ordId":"{}","sCode":"{}","sMsg":"","ts":"1"}})", id,
                       code);
}

Told<BatchFacts> batch(std::string_view code, std::string_view its_rows, int status = 200) {
    const auto body =
        fmt::format(R"({{"code":"{}","data":[{}],"inTime":"1","msg":""}})", code, its_rows);
    return reader().batch(status, body, three());
}

std::optional<std::int64_t> trigger_of(std::string_view text, std::string_view tag = "") {
    const auto told = reader().timer(
        200, with(fmt::format(R"({{"triggerTime":{},"tag":"{}","ts":"1587971400"}})", text, tag)),
        "");
    return told.facts ? std::optional(told.facts->trigger.value) : std::nullopt;
}

}  // namespace

TEST_CASE("account answer: permission, mode, addresses and uid") {
    const auto facts = account_of(with(account));
    REQUIRE(facts);
    CHECK(facts->may_trade);
    CHECK(facts->mode == 4);
    CHECK(facts->bound_to_ip);
    CHECK(facts->uid.view() == "446000000000000001");
}

TEST_CASE("account answer: each that is not so is told") {
    const auto without = [](const char* what, const char* by) {
        const auto facts = account_of(with(changed(account, what, by)));
        REQUIRE(facts);
        return *facts;
    };
    for (const char* permission : {"read_only", "withdraw", "", "trade_all", "no,trader", ",,"})
        CHECK_FALSE(without("read_only,trade", permission).may_trade);
    for (const char* permission : {"trade", "trade,withdraw", "read_only,withdraw,trade"})
        CHECK(without("read_only,trade", permission).may_trade);
    CHECK_FALSE(without("192.0.2.1", "").bound_to_ip);
    CHECK(without(R"("acctLv":"4")", R"("acctLv":"1")").mode == 1);
    for (const char* level : {"0", "5", "", "44", "x"})
        CHECK(without(R"(Lv":"4")", (R"(Lv":")" + std::string(level) + "\"").c_str()).mode == 0);
    CHECK(without(R"("acctLv":"4",)", "").mode == 0);
}

TEST_CASE("account answer: what is not whole says nothing") {
    const auto is_none = [](const std::string& body) {
        const auto told = reader().account(200, body);
        CHECK(told.answer.answer_class == failed);
        CHECK_MESSAGE(!told.facts, body);
    };
    for (const char* name : {"ip", "perm", "uid"})
        is_none(with(changed(account, "\"" + std::string(name) + "\"", "\"other\"")));
    is_none(with(changed(account, R"("acctLv":"4")", R"("acctLv":4)")));
    is_none(with(changed(account, R"("ip":"192.0.2.1")", R"("ip":null)")));
    for (const char* uid : {"", "x", "1 2", "-1", "1234567890123456789012345"})
        is_none(with(changed(account, "446000000000000001", uid)));
    is_none(with(""));
    is_none(with(account + "," + account));
    is_none(with("[]"));
    is_none(with("1"));
    is_none(R"({"code":"0","data":)" + account + "}");
    is_none(R"({"code":"0"})");
    is_none("<html></html>");
    is_none("");
}

TEST_CASE("account answer: a refusal is its code's, and only HTTP 200 says anything") {
    const auto refusal = reader().account(401, R"({"msg":"API key doesn't exist","code":"50119"})");
    CHECK(refusal.answer.answer_class == refused);
    CHECK(refusal.answer.code == 50119);
    CHECK(refusal.answer.http_status == 401);
    CHECK(reader().account(200, R"({"code":"50011","data":[]})").answer.answer_class == throttled);
    CHECK(reader().account(429, "").answer.answer_class == throttled);
    CHECK(reader().account(401, "").answer.answer_class == refused);
    CHECK(reader().account(503, with(account)).answer.answer_class == failed);
    CHECK_FALSE(reader().account(503, with(account)).facts);
    // There is no such thing as nothing left of an account.
    CHECK(reader().account(200, R"({"code":"51405","data":[]})").answer.answer_class == failed);
}

TEST_CASE("protection: on, off, frozen, of the family that was asked for") {
    const std::string its = R"({"frozenInterval":"2000","instFamily":"ETH-USD","mmpFrozen":false,)"
                            R"("mmpFrozenUntil":"","qtyLimit":"10","timeInterval":"5000"})";
    CHECK(mmp_of(its)->on);
    CHECK_FALSE(mmp_of(its)->frozen);
    CHECK(mmp_of(changed(its, "false", "true"))->frozen);
    CHECK_FALSE(mmp_of(changed(its, "5000", "0"))->on);
    CHECK_FALSE(mmp_of(changed(its, R"("10")", R"("0.0")"))->on);
    CHECK(mmp_of(changed(its, R"("10")", R"("0.5")"))->on);
    CHECK_FALSE(mmp_of("")->on);  // never set
    CHECK_FALSE(mmp_of(changed(its, "ETH-USD", "BTC-USD")));
    CHECK_FALSE(mmp_of(its + "," + its));
    CHECK_FALSE(mmp_of(changed(its, "false", R"("false")")));
    CHECK_FALSE(mmp_of(changed(its, R"("5000")", "5000")));
    for (const char* name : {"instFamily", "mmpFrozen", "qtyLimit", "timeInterval"})
        CHECK_FALSE(mmp_of(changed(its, "\"" + std::string(name) + "\"", "\"other\"")));
}

TEST_CASE("orders: a page without a row is an empty book") {
    const auto told = page("", of_mmp);
    REQUIRE(told.facts);
    CHECK(told.facts->mmp == 0);
    CHECK(told.facts->others == 0);
    CHECK(told.facts->last == 0);
    CHECK_FALSE(told.facts->full);
}

TEST_CASE("orders: those that a mass-cancel reaches and those that it does not") {
    const auto told =
        page(row(9, "limit") + "," + row(7, "mmp") + "," + row(5, "mmp_and_post_only") + "," +
             row(3, "post_only", "BTC-USD-261225-0.5-P"));
    REQUIRE(told.facts);
    CHECK(told.answer.answer_class == accepted);
    CHECK(told.facts->mmp == 2);
    CHECK(told.facts->others == 2);
    CHECK(told.facts->last == 3);
    CHECK_FALSE(told.facts->full);
    const auto rest = told.facts->to_cancel();
    REQUIRE(rest.size() == 2);
    CHECK(rest[0].ord_id == 9);
    CHECK(rest[0].inst_id.view() == "BTC-USD-261225-60000-C");
    CHECK(rest[1].ord_id == 3);
    CHECK(rest[1].inst_id.view() == "BTC-USD-261225-0.5-P");
}

TEST_CASE("orders: a full page may have a next, and no page has more rows than were asked for") {
    const auto full = page(rows(orders_per_page, 1'000, "limit"));
    REQUIRE(full.facts);
    CHECK(full.facts->full);
    CHECK(full.facts->to_cancel().size() == orders_per_page);
    CHECK(full.facts->last == 1'000 - orders_per_page + 1);
    CHECK_FALSE(page(rows(orders_per_page - 1, 1'000, "mmp")).facts->full);
    CHECK_FALSE(is_page(rows(orders_per_page + 1, 1'000, "mmp")));
}

TEST_CASE("orders: the same page again, or an order twice, is none") {
    CHECK(is_page(row(9, "mmp"), of_mmp, 10));
    CHECK_FALSE(is_page(row(9, "mmp"), of_mmp, 9));
    CHECK_FALSE(is_page(row(9, "mmp"), of_mmp, 8));
    CHECK_FALSE(is_page(row(9, "mmp") + "," + row(9, "mmp")));
    CHECK_FALSE(is_page(row(8, "mmp") + "," + row(9, "mmp")));
    CHECK(is_page("", of_mmp, 10));
}

TEST_CASE("orders: of another family or product, or of a type not asked for, is none") {
    for (const char* other : {"ETH-USD-261225-60000-C", "BTC-USD_UM-261225-60000-C", "BTC-USD-SWAP",
                              "BTC-USD", "", R"(BTC-USD-261225-6\"-C)"}) {
        CHECK_FALSE(is_page(row(9, "mmp", other)));
        CHECK_FALSE(is_page(row(9, "mmp") + "," + row(8, "mmp", other)));
    }
    CHECK_FALSE(is_page(changed(row(9, "mmp"), "OPTION", "SWAP")));
    CHECK_FALSE(is_page(changed(row(9, "mmp"), R"("fee":"0")", R"("instFamily":"ETH-USD")")));
    CHECK(is_page(changed(row(9, "mmp"), R"("fee":"0")", R"("instFamily":"BTC-USD")")));
    CHECK_FALSE(is_page(row(9, "limit"), of_mmp));
    CHECK(is_page(row(9, "limit"), of_all));
}

TEST_CASE("orders: a row that lacks what decides, or has it in another form, is none") {
    for (const char* name : {"ordId", "instId", "ordType"})
        CHECK_FALSE(is_page(changed(row(9, "mmp"), "\"" + std::string(name) + "\"", "\"other\"")));
    for (const char* id : {"9", "null", R"("")", R"("0")", R"("-9")", R"("9x")", R"(" 9")",
                           R"("18446744073709551616")", R"(["9"])"})
        CHECK_FALSE(
            is_page(changed(row(9, "mmp"), R"("ordId":"9")", R"("ordId":)" + std::string(id))));
    CHECK_FALSE(is_page(changed(row(9, "mmp"), R"("ordType":"mmp")", R"("ordType":7)")));
    for (const char* its : {"1", "null", "[]", "{}", R"("text")"}) CHECK_FALSE(is_page(its));
}

TEST_CASE("orders: a body that is no list of orders says nothing, whatever its status") {
    const std::string whole = with(row(9, "mmp"));
    REQUIRE(reader().orders(200, whole, of_mmp).facts);
    for (std::size_t size = 0; size < whole.size(); ++size)
        REQUIRE_FALSE(reader().orders(200, whole.substr(0, size), of_mmp).facts);
    for (const int status : {0, 201, 204, 301, 400, 404, 500, 503})
        CHECK_FALSE(reader().orders(status, with(""), of_mmp).facts);
    for (const char* body :
         {R"({"code":"0","msg":""})", R"({"code":"0","data":{}})", R"({"code":"0","data":null})",
          R"({"data":[]})", R"({"code":"1","data":[]})", R"({"code":"50026","data":[]})",
          R"({"code":"0","data":[],"code":"1"})", R"({"code":"0","data":[],"data":{}})", "[]", "",
          "<html></html>", "\x1f\x8b\x08"})
        CHECK_FALSE(reader().orders(200, body, of_mmp).facts);
}

TEST_CASE("batch: each order has its own code") {
    const auto all = batch("0", done(11, "0") + "," + done(12, "0") + "," + done(13, "0"));
    REQUIRE(all.facts);
    CHECK(all.facts->accepted == 3);
    CHECK(all.answer.answer_class == accepted);
    const auto some = batch("2", done(13, "51400") + "," + done(11, "0") + "," + done(12, "51410"));
    REQUIRE(some.facts);
    CHECK(some.facts->accepted == 1);
    CHECK(some.facts->gone == 2);
    CHECK(some.answer.answer_class == accepted);
    const auto none =
        batch("1", done(11, "51400") + "," + done(12, "50011") + "," + done(13, "51010"));
    REQUIRE(none.facts);
    CHECK(none.facts->gone == 1);
    CHECK(none.facts->refused == 2);
    CHECK(none.answer.answer_class == throttled);
    CHECK(none.answer.code == 50011);
}

TEST_CASE("batch: rows that are not those of what was asked say nothing") {
    const std::string two = done(11, "0") + "," + done(12, "0");
    CHECK_FALSE(batch("0", "").facts);
    CHECK_FALSE(batch("0", two).facts);
    CHECK_FALSE(batch("0", two + "," + done(12, "0")).facts);
    CHECK_FALSE(batch("0", two + "," + done(14, "0")).facts);
    CHECK_FALSE(batch("0", two + "," + done(13, "")).facts);
    CHECK_FALSE(batch("0", two + "," + done(13, "x")).facts);
    CHECK_FALSE(batch("0", two + R"(,{"ordId":"13"})").facts);
    CHECK_FALSE(batch("0", two + R"(,{"ordId":13,"sCode":"0"})").facts);
    CHECK_FALSE(batch("0", two + ",null").facts);
    const std::string all = two + "," + done(13, "0");
    CHECK_FALSE(batch("0", all, 500).facts);
    CHECK_FALSE(batch("50011", all).facts);
    CHECK(batch("50011", "", 429).answer.answer_class == throttled);
    CHECK(batch("1", "").answer.answer_class == failed);
    CHECK(batch("51405", "").answer.answer_class == failed);
}

TEST_CASE("timer: seconds and milliseconds are told apart, and 0 is off") {
    CHECK(trigger_of(R"("1587971460")") == 1587971460000);
    CHECK(trigger_of(R"("1587971460123")") == 1587971460123);
    CHECK(trigger_of(R"("0")") == 0);
    for (const char* other :
         {R"("")", R"("1")", R"("-1587971460")", R"("1587971460.5")", R"("soon")",
          R"("15879714600000000")", R"("99999999999999999999")", "1587971460", "0", "null"})
        CHECK_MESSAGE(!trigger_of(other), other);
}

TEST_CASE("timer: one with another tag is not ours") {
    CHECK_FALSE(trigger_of(R"("1587971460")", "hedge"));
    const auto with_tag = [](const char* tag, std::string_view wanted) {
        const auto body = with(R"({"triggerTime":"0",)" + std::string(tag) + R"("ts":"1"})");
        return reader().timer(200, body, wanted).facts.has_value();
    };
    CHECK(with_tag(R"("tag":"mm",)", "mm"));
    CHECK_FALSE(with_tag(R"("tag":"",)", "mm"));
    CHECK_FALSE(with_tag("", "mm"));
    CHECK(with_tag("", ""));
    CHECK_FALSE(with_tag(R"("tag":null,)", ""));
    CHECK_FALSE(reader().timer(200, with(""), "").facts);
}
