#include "daemon/common/json.h"

#include <doctest/doctest.h>

#include <limits>

using namespace scram;

TEST_CASE("json: a text keeps its meaning, whatever bytes it has") {
    CHECK(json_string("plain") == R"("plain")");
    CHECK(json_string("say \"no\" \\ yes") == R"("say \"no\" \\ yes")");
    CHECK(json_string("a\nb\tc") == R"("a\u000ab\u0009c")");
    CHECK(json_string(std::string_view("\0", 1)) == R"("\u0000")");
    CHECK(json_string("µ€😀") == "\"µ€😀\"");
}

TEST_CASE("json: bytes that are no UTF-8 are replaced, one by one") {
    CHECK(json_string("\xff") == R"("\ufffd")");
    CHECK(json_string("\xc3") == R"("\ufffd")");
    CHECK(json_string("\xc0\x80") == R"("\ufffd\ufffd")");
    CHECK(json_string("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");
    CHECK(json_string("\xf4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");
}

TEST_CASE("json: what would move a terminal, or turn a text around, is escaped") {
    CHECK(json_string("\x1b[2J\x7f") == R"("\u001b[2J\u007f")");
    CHECK(json_string("\u009b2J\u0085") == R"("\u009b2J\u0085")");
    CHECK(json_string("a\u202eb\u2066c") == R"("a\u202eb\u2066c")");
    CHECK(json_string("\u2028\u2029\u200f\u061c\ufeff") == R"("\u2028\u2029\u200f\u061c\ufeff")");
    CHECK(json_string("\u00a0\u2027\u202f\u2065\u206a") == "\"\u00a0\u2027\u202f\u2065\u206a\"");
}

TEST_CASE("json: what is no number is null") {
    CHECK(json_number(0.1) == "0.1");
    CHECK(json_number(-25) == "-25");
    CHECK(json_number(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(json_number(std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("json: objects and arrays stand as they were built") {
    CHECK(JsonObject().text() == "{}");
    CHECK(JsonArray().text() == "[]");
    CHECK(JsonObject().add("a", 1).add("b", "x").add("c", true).add("d", 0.5).text() ==
          R"({"a":1,"b":"x","c":true,"d":0.5})");
    CHECK(JsonArray().add_raw("1").add_raw("{}").text() == "[1,{}]");
}
