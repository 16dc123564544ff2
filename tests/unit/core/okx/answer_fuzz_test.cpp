// Hostile answers, by the hundred thousand. Another parser, which reads the whole text and knows
// nothing of ours, says what may count as a confirmation.
#include <doctest/doctest.h>
#include <simdjson.h>

#include <charconv>
#include <random>
#include <string>
#include <vector>

#include "core/okx/answer.h"

using namespace scram;

namespace {

namespace json = simdjson::dom;

const std::vector<std::string>& valid_bodies() {
    static const std::vector<std::string> bodies = {
        R"({"code":"0","msg":"","data":[{"result":true}]})",
        R"({"data":[{"result":true,"ts":"1597026383085"}],"code":0,"msg":"a \"text\" \u00e9"})",
        R"({"code":"0","msg":"","data":[{"result":false}]})",
        R"({"code":"51405","msg":"nothing","data":[]})",
        R"({"msg":"API key doesn't exist","code":"50119"})",
        R"({"code":500,"data":{},"detailMsg":"","error_code":"500","msg":"Internal"})",
        R"({"code":"1","msg":"","data":[{"sCode":"51412","sMsg":"later","x":[1,[2,{}],null]}]})",
        R"({"code":"0","msg":"","data":[{"ts":"1597026383085"}]})",
    };
    return bodies;
}

// Reads the whole text before it believes a word; of a key that comes twice, the last counts.
class Judge {
  public:
    bool is_json(std::string_view body) {
        return parser_.parse(body.data(), body.size()).get_object().get(root_) == simdjson::SUCCESS;
    }
    bool confirms(std::string_view body) {
        json::array data;
        json::object item;
        bool result = false;
        return is_json(body) && code() == 0 &&
               last(root_, "data").get_array().get(data) == simdjson::SUCCESS && data.size() == 1 &&
               data.at(0).get_object().get(item) == simdjson::SUCCESS &&
               last(item, "result").get_bool().get(result) == simdjson::SUCCESS && result;
    }

  private:
    static simdjson::simdjson_result<json::element> last(json::object object,
                                                         std::string_view key) {
        simdjson::simdjson_result<json::element> found(simdjson::NO_SUCH_FIELD);
        for (const auto& field : object) {
            if (field.key == key) found = simdjson::simdjson_result(json::element(field.value));
        }
        return found;
    }
    std::uint64_t code() {
        std::string_view text;
        std::uint64_t number = no_code;
        if (last(root_, "code").get_string().get(text) == simdjson::SUCCESS)
            std::from_chars(text.data(), text.data() + text.size(), number);
        else if (last(root_, "code").get_uint64().get(number) != simdjson::SUCCESS)
            return no_code;
        return number;
    }

    json::parser parser_;
    json::object root_;
};

class Fuzz {
  public:
    explicit Fuzz(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return random_() % n; }
    char byte() { return static_cast<char>(random_()); }
    // A byte that JSON is made of: more likely to get past a parser's first look.
    char json_byte() {
        constexpr std::string_view bytes = "{}[]:,\"\\truefalsn0123456789-.e codesultdata_ ";
        return bytes[below(bytes.size())];
    }
    std::string random_body() {
        std::string body(below(200), ' ');
        const bool json = below(2) == 0;
        for (char& c : body) c = json ? json_byte() : byte();
        return body;
    }
    std::string spoiled_body() {
        std::string body = valid_bodies()[below(valid_bodies().size())];
        for (std::size_t i = below(4) + 1; i > 0 && !body.empty(); --i) spoil(body);
        return body;
    }

  private:
    void spoil(std::string& body) {
        const std::size_t at = below(body.size());
        switch (below(5)) {
            case 0:
                body[at] = static_cast<char>(body[at] ^ (1 << below(8)));
                break;
            case 1:
                body[at] = json_byte();
                break;
            case 2:
                body.insert(at, 1, json_byte());
                break;
            case 3:
                body.erase(at, below(3) + 1);
                break;
            case 4: {
                const std::size_t from = below(body.size());
                body.insert(at, body.substr(from, below(12)));
                break;
            }
        }
    }

    std::mt19937_64 random_;
};

// What went wrong with one body; empty if nothing.
std::string complaint(AnswerReader& reader, Judge& judge, const std::string& body) {
    // A copy of exactly the body's size, so that the sanitizer sees a read beyond it.
    const std::vector<char> exact(body.begin(), body.end());
    const std::string_view view(exact.data(), exact.size());
    const Answer answer = reader.mass_cancel(200, view);
    const auto ts = reader.time(200, view);
    if (answer.answer_class == AnswerClass::accepted && !judge.confirms(body))
        return "accepted: " + body;
    if (answer.answer_class == AnswerClass::nothing_left && !judge.is_json(body))
        return "nothing left: " + body;
    if (ts && ts->value <= 0) return "time: " + body;
    return {};
}

}  // namespace

TEST_CASE("answer: random bytes never confirm, and never crash") {
    AnswerReader reader;
    Judge judge;
    Fuzz fuzz(20260115);
    for (int i = 0; i < 50'000; ++i) {
        const std::string wrong = complaint(reader, judge, fuzz.random_body());
        REQUIRE_MESSAGE(wrong.empty(), wrong);
    }
}

TEST_CASE("answer: a spoiled answer confirms only if it still says so") {
    AnswerReader reader;
    Judge judge;
    Fuzz fuzz(20201208);
    int accepted = 0;
    for (int i = 0; i < 100'000; ++i) {
        const std::string body = fuzz.spoiled_body();
        const std::string wrong = complaint(reader, judge, body);
        REQUIRE_MESSAGE(wrong.empty(), wrong);
        accepted += judge.confirms(body) ? 1 : 0;
    }
    CHECK(accepted > 1000);  // enough of them pass, so that the reader had to tell
}
