#include "core/okx/answer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace scram;

namespace {

using enum AnswerClass;

Answer read(int http_status, std::string_view body) {
    static AnswerReader reader;
    return reader.mass_cancel(http_status, body);
}

AnswerClass class_at_200(std::string_view body) {
    return read(200, body).answer_class;
}

std::optional<std::int64_t> time_at(int http_status, std::string_view body) {
    static AnswerReader reader;
    const auto ts = reader.time(http_status, body);
    return ts ? std::optional(ts->value) : std::nullopt;
}

bool ends_the_trying(AnswerClass answer_class) {
    return answer_class == accepted || answer_class == nothing_left;
}

constexpr std::string_view success = R"({"code":"0","msg":"","data":[{"result":true}]})";

}  // namespace

TEST_CASE("answer: the documented success is a confirmation") {
    const Answer answer = read(200, success);
    CHECK(answer.answer_class == accepted);
    CHECK(answer.code == 0);
    CHECK(answer.http_status == 200);
}

TEST_CASE("answer: the bodies that were seen on the wire") {
    const auto check = [](int status, std::string_view body, AnswerClass expected,
                          std::uint32_t code) {
        CAPTURE(body);
        const Answer answer = read(status, body);
        CHECK(answer.answer_class == expected);
        CHECK(answer.code == code);
        CHECK(answer.http_status == status);
    };
    check(401, R"({"msg":"API key doesn't exist","code":"50119"})", refused, 50119);
    check(401, R"({"msg":"Timestamp request expired","code":"50102"})", AnswerClass::clock, 50102);
    check(401, R"({"code":"50102","data":[],"msg":"Timestamp request expired"})",
          AnswerClass::clock, 50102);
    check(401, R"({"msg":"APIKey does not match current environment.","code":"50101"})", refused,
          50101);
    check(401, R"({"msg":"Invalid Sign","code":"50113"})", refused, 50113);
    check(429, R"({"msg":"Too Many Requests","code":"50011"})", throttled, 50011);
    check(429, R"({"msg":"Requests too frequent.","code":50011})", throttled, 50011);
    // Of 51412 there are two texts, of which one says that it cannot be: the code alone counts.
    check(200, R"({"code":"51412","data":[],"msg":"Cancellation timed out, please try again."})",
          failed, 51412);
    check(200,
          R"({"code":"51412","data":[],"msg":"The order has been triggered and can't be )"
          R"(canceled."})",
          failed, 51412);
    check(400, R"({"code":"51406","data":[],"msg":"Canceling the order failed"})", failed, 51406);
    check(500,
          R"({"code":500,"data":{},"detailMsg":"","error_code":"500","error_message":)"
          R"("Internal Server Error","msg":"Internal Server Error"})",
          failed, 500);
    check(403, "<!DOCTYPE html><html><title>Access denied | error 1020</title></html>", failed,
          no_code);
    check(525, "<html><body>525: SSL handshake failed</body></html>", failed, no_code);
    check(404, R"({"msg":"Not Found"})", failed, no_code);
}

TEST_CASE("answer: what the edge says without a code is classed by its status") {
    CHECK(read(401, "").answer_class == refused);
    CHECK(read(429, "<html>slow down</html>").answer_class == throttled);
    for (const int status : {200, 204, 301, 400, 403, 404, 500, 502, 503, 504, 520, 0, -1})
        CHECK(read(status, "").answer_class == failed);
}

TEST_CASE("answer: code 0 confirms only with one result that is true") {
    for (const std::string_view data :
         {"", R"(,"data":[])", R"(,"data":[{}])", R"(,"data":{})", R"(,"data":null)",
          R"(,"data":true)", R"(,"data":"true")", R"(,"data":[true])", R"(,"data":{"result":true})",
          R"(,"data":[{"result":false}])", R"(,"data":[{"result":"true"}])",
          R"(,"data":[{"result":1}])", R"(,"data":[{"result":null}])",
          R"(,"data":[{"Result":true}])", R"(,"data":[[{"result":true}]])",
          R"(,"data":[{"x":{"result":true}}])", R"(,"result":true)"}) {
        const std::string body = R"({"code":"0","msg":"")" + std::string(data) + "}";
        CAPTURE(body);
        CHECK(class_at_200(body) == failed);
    }
}

TEST_CASE("answer: several items confirm nothing, whatever they are") {
    for (const std::string_view more :
         {R"({"result":true})", R"({"result":false})", "{}", "null", "5", "true", "[]", R"("x")"}) {
        const std::string text(more);
        CAPTURE(text);
        CHECK(class_at_200(R"({"code":"0","data":[{"result":true},)" + text + "]}") == failed);
        CHECK(class_at_200(R"({"code":"0","data":[)" + text + R"(,{"result":true}]})") == failed);
    }
}

TEST_CASE("answer: no order of keys and no white space matters") {
    for (const std::string_view body :
         {R"({"data":[{"result":true}],"msg":"","code":"0"})",
          R"({"msg":"","data":[{"result":true}],"code":"0"})",
          R"({"code":"0","data":[{"result":true}]})",
          R"({"code":"0","data":[{"x":[1,{"result":false}],"result":true,"y":{}}],"inTime":"1"})",
          "\r\n { \"code\" : \"0\" ,\t\"data\" : [ { \"result\" : true } ] } \n"}) {
        CAPTURE(body);
        CHECK(class_at_200(body) == accepted);
    }
}

TEST_CASE("answer: a code may be a number") {
    CHECK(class_at_200(R"({"code":0,"data":[{"result":true}]})") == accepted);
    CHECK(read(200, R"({"code":50011})").code == 50011);
    CHECK(read(401, R"({"code":50102})").answer_class == AnswerClass::clock);
}

TEST_CASE("answer: a sub-code stands behind its code") {
    const Answer answer = read(200, R"({"code":"51010_1000","data":[]})");
    CHECK(answer.code == 51010);
    CHECK(answer.answer_class == refused);
}

TEST_CASE("answer: what is no code at all confirms nothing") {
    for (const std::string_view code : {R"("")",
                                        R"("zero")",
                                        R"("0x0")",
                                        R"(" 0")",
                                        R"("0 ")",
                                        R"("-0")",
                                        R"("+0")",
                                        "0.0",
                                        "0e0",
                                        "null",
                                        "true",
                                        "false",
                                        "[]",
                                        "{}",
                                        R"(["0"])",
                                        R"({"0":"0"})",
                                        "18446744073709551616",
                                        "4294967295",
                                        R"("4294967295")",
                                        R"("4294967296")",
                                        "-1"}) {
        const std::string text(code);
        CAPTURE(text);
        const Answer answer =
            read(200, R"({"code":)" + text + R"(,"data":[{"result":true}],"msg":""})");
        CHECK(answer.code == no_code);
        CHECK(answer.answer_class == failed);
    }
}

TEST_CASE("answer: an item's sCode, where it is not 0, is the result") {
    const Answer answer = read(200, R"({"code":"0","data":[{"result":true,"sCode":"51412"}]})");
    CHECK(answer.code == 51412);
    CHECK(answer.answer_class == failed);
    CHECK(class_at_200(R"({"code":"0","data":[{"result":true,"sCode":"0"}]})") == accepted);
    CHECK(class_at_200(R"({"code":"1","data":[{"sCode":"51405"}]})") == nothing_left);
    CHECK(class_at_200(R"({"code":"1","data":[{"sCode":"51410"}]})") == failed);
}

TEST_CASE("answer: of several items none ends the trying by its sCode") {
    CHECK(class_at_200(R"({"code":"1","data":[{"sCode":"51405"},{"sCode":"51412"}]})") == failed);
}

TEST_CASE("answer: a status other than 200 never ends the trying") {
    for (const int status : {0, 100, 201, 202, 400, 401, 429, 500, 503}) {
        CHECK(read(status, success).answer_class == failed);
        CHECK(read(status, R"({"code":"51405","data":[]})").answer_class == failed);
    }
}

TEST_CASE("answer: of a key that comes twice, the last counts") {
    CHECK(class_at_200(R"({"code":"1","code":"0","data":[{"result":true}]})") == accepted);
    CHECK(class_at_200(R"({"code":"0","code":"50001","data":[{"result":true}]})") == failed);
    CHECK(class_at_200(R"({"code":"0","data":[{"result":true,"result":false}]})") == failed);
    CHECK(class_at_200(R"({"code":"0","data":[{"result":true}],"data":[]})") == failed);
    CHECK(class_at_200(R"({"code":"0","data":[{"result":true}],"data":{}})") == failed);
    CHECK(class_at_200(R"({"code":"1","data":[{"sCode":"51405"}],"data":[{}]})") == failed);
}

TEST_CASE("answer: no beginning of an answer ends the trying") {
    for (const std::string_view whole :
         {success, std::string_view(R"({"code":"0","data":[{"result":true}],"msg":""})"),
          std::string_view(R"({"data":[{"result":true}],"x":{},"code":"0"})"),
          std::string_view(R"({"code":"51405","msg":"no orders","data":[{}],"x":{"y":1}})"),
          std::string_view(R"({"data":[{"sCode":"51405","x":{}}],"code":"1"})")}) {
        CHECK(ends_the_trying(class_at_200(whole)));
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(whole.substr(0, size));
            CHECK_FALSE(ends_the_trying(class_at_200(whole.substr(0, size))));
        }
    }
}

TEST_CASE("answer: what follows a whole answer makes it no answer") {
    for (const std::string_view behind : {"x", "}", "{}", ",", "\"}", " null}", "\x01}"}) {
        const std::string body = std::string(success) + std::string(behind);
        CAPTURE(body);
        CHECK(class_at_200(body) == failed);
    }
}

TEST_CASE("answer: bytes that are no JSON say nothing") {
    for (const std::string_view body :
         {"", " ", "{", "}", "[]", "null", "0", "\"0\"", "{}", "[{\"code\":\"0\"}]", "\xff\xfe",
          "{\"code\":\"0\"", "\xef\xbb\xbf", "OK", "{\"code\"}", "{\"code\":}", "{:}", "{,}"}) {
        CAPTURE(body);
        const Answer answer = read(200, body);
        CHECK(answer.answer_class == failed);
    }
}

TEST_CASE("answer: a body of 64 KiB is read, one byte more is not") {
    const auto padded_to = [](std::size_t size) {
        std::string body = R"({"code":"0","data":[{"result":true}],"msg":")";
        body.append(size - body.size() - 2, 'x').append("\"}");
        return body;
    };
    CHECK(class_at_200(padded_to(answer_body_max)) == accepted);
    CHECK(class_at_200(padded_to(answer_body_max + 1)) == failed);
    CHECK(class_at_200(std::string(answer_body_max, '[')) == failed);
    CHECK(class_at_200(std::string(answer_body_max, '{')) == failed);
    CHECK(class_at_200(std::string(answer_body_max, '"')) == failed);
    CHECK(class_at_200(success) == accepted);  // and the reader is none the worse for it
}

TEST_CASE("answer: one answer leaves nothing behind for the next") {
    CHECK(class_at_200(success) == accepted);
    CHECK(class_at_200(R"({"code":"0"})") == failed);
    CHECK(class_at_200(R"({"data":[{"result":true}]})") == failed);
    CHECK(class_at_200(success.substr(0, 20)) == failed);
}

TEST_CASE("time: the documented answer") {
    const std::string_view body = R"({"code":"0","msg":"","data":[{"ts":"1597026383085"}]})";
    CHECK(time_at(200, body) == 1597026383085);
    CHECK(time_at(200, R"({"data":[{"ts":"1597026383085"}],"code":"0"})") == 1597026383085);
}

TEST_CASE("time: nothing else tells the time") {
    const std::string_view good = R"({"code":"0","msg":"","data":[{"ts":"1597026383085"}]})";
    for (const int status : {0, 201, 301, 401, 429, 500}) CHECK_FALSE(time_at(status, good));
    for (const std::string_view ts :
         {R"("")", R"("x")", R"("0")", R"("-1597026383085")", R"("1597026383085 ")",
          R"(" 1597026383085")", R"("1597026383.085")", R"("99999999999999999999")", "null", "[]",
          "{}", "true", R"("253402300800000")"}) {
        const std::string body = R"({"data":[{"ts":)" + std::string(ts) + "}]}";
        CAPTURE(body);
        CHECK_FALSE(time_at(200, body));
    }
    for (const std::string_view body :
         {"", "{}", "[]", "null", R"({"data":[]})", R"({"data":[{}]})", R"({"data":{}})",
          R"({"data":[[]]})", R"({"ts":"1597026383085"})", "<html></html>", "\xff",
          R"({"code":"0","data":[{"ts":"159702638)"}) {
        CAPTURE(body);
        CHECK_FALSE(time_at(200, body));
    }
}

TEST_CASE("time: a time that nanoseconds in 64 bits cannot hold is refused") {
    // The clock counts in nanoseconds: they end in 2262.
    CHECK_FALSE(time_at(200, R"({"data":[{"ts":"9300000000000"}]})"));
    CHECK_FALSE(time_at(200, R"({"data":[{"ts":"253402300799999"}]})"));
}

TEST_CASE("answer: the list of option families, or nothing") {
    using Names = std::vector<std::string>;
    AnswerReader reader;
    const auto families = [&](int status, std::string_view body) {
        return reader.option_families(status, body);
    };
    CHECK(families(200,
                   R"({"code":"0","msg":"","data":[{"instType":"OPTION","instFamily":"BTC-USD",)"
                   R"("tickBand":[{"minPx":"0"}]},{"instFamily":"BTC-USD_UM"}]})") ==
          Names{"BTC-USD", "BTC-USD_UM"});
    CHECK(families(200, R"({"code":"0","data":[]})") == Names{});
    for (const char* bad :
         {"", "<html>", R"({"code":"0"})", R"({"code":"50011","data":[{"instFamily":"BTC-USD"}]})",
          R"({"data":[{"instFamily":"BTC-USD"}]})",
          R"({"code":"0","data":{"instFamily":"BTC-USD"}})",
          R"({"code":"0","data":[{"instFamily":"BTC-USD"},{"uly":"ETH-USD"}]})",
          R"({"code":"0","data":[{"instFamily":7}]})", R"({"code":"0","data":[{"instFamily":""}]})",
          R"({"code":"0","data":[{"instFamily":"BTC-USD"})"}) {
        CAPTURE(bad);
        CHECK_FALSE(families(200, bad));
    }
    CHECK_FALSE(families(503, R"({"code":"0","data":[{"instFamily":"BTC-USD"}]})"));
    std::string many = R"({"code":"0","data":[{"instFamily":"A-B"})";
    for (std::size_t i = 1; i < option_families_max; ++i) many += R"(,{"instFamily":"A-B"})";
    CHECK(families(200, many + "]}")->size() == option_families_max);
    CHECK_FALSE(families(200, many + R"(,{"instFamily":"A-B"}]})"));
    const std::string longest(family_name_max, 'A');
    CHECK(families(200, R"({"code":"0","data":[{"instFamily":")" + longest + R"("}]})"));
    CHECK_FALSE(families(200, R"({"code":"0","data":[{"instFamily":")" + longest + R"(A"}]})"));
}
