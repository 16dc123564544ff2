// OKX's code table as its documents give it, with the class that each code must have. It is written
// out here a second time on purpose: a slip in one of the two shows.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/okx/answer.h"

using namespace scram;

namespace {

using enum AnswerClass;

struct Row {
    AnswerClass expected;
    std::vector<std::uint32_t> codes;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> all = {
        {nothing_left, {51405}},
        {failed, {1, 2, 50001, 50013, 50026, 51400, 51403, 51404, 51406, 51410, 51412, 51413}},
        {ambiguous, {50004, 51054, 51149}},
        {throttled, {50011, 50040, 50042, 50061}},
        {AnswerClass::clock, {50102, 50107, 50112}},
        {refused,
         {50000, 50002, 50005, 50006, 50007, 50008, 50009, 50010, 50012, 50014, 50015, 50016,
          50017, 50018, 50019, 50020, 50021, 50022, 50023, 50024, 50025, 50027, 50028, 50029,
          50030, 50032, 50033, 50035, 50038, 50041, 50046, 50051, 50052, 50053, 50059, 50060,
          50062, 50067, 50100, 50101, 50103, 50104, 50105, 50106, 50108, 50109, 50110, 50111,
          50113, 50114, 50115, 50118, 50119, 50120, 50121, 51000, 51010, 51024, 51411, 54009}},
    };
    return all;
}

std::string body_with(std::uint32_t code) {
    return R"({"code":")" + std::to_string(code) + R"(","msg":"any text","data":[]})";
}

}  // namespace

TEST_CASE("answer: every code of the documents has its class") {
    AnswerReader reader;
    for (const Row& row : rows()) {
        for (const std::uint32_t code : row.codes) {
            CAPTURE(code);
            const Answer answer = reader.mass_cancel(200, body_with(code));
            CHECK(answer.code == code);
            CHECK(answer.answer_class == row.expected);
            CHECK(why(code) != "");
        }
    }
}

TEST_CASE("answer: the table holds the documents' codes and no other") {
    std::size_t count = 0;
    for (const Row& row : rows()) count += row.codes.size();
    CHECK(code_table().size() == count);
}

TEST_CASE("answer: the class comes from the code, whatever the status") {
    AnswerReader reader;
    for (const CodeRule& rule : code_table()) {
        if (rule.answer_class == nothing_left) continue;  // 200 only
        for (const int status : {200, 400, 401, 403, 405, 410, 429, 500, 503}) {
            CAPTURE(rule.code);
            CHECK(reader.mass_cancel(status, body_with(rule.code)).answer_class ==
                  rule.answer_class);
        }
    }
}

TEST_CASE("answer: a code that is not in the table is tried again") {
    AnswerReader reader;
    for (const std::uint32_t code : {3U, 404U, 49999U, 50003U, 51401U, 54008U, 60009U, 99999U}) {
        CAPTURE(code);
        CHECK(reader.mass_cancel(200, body_with(code)).answer_class == failed);
        CHECK(why(code) == "");
    }
}

TEST_CASE("answer: every class has a name of its own") {
    std::vector<std::string_view> names;
    for (const AnswerClass each :
         {accepted, nothing_left, failed, ambiguous, throttled, AnswerClass::clock, refused})
        names.push_back(name(each));
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}
