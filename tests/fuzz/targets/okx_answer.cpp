// The body of an answer: any bytes, with any HTTP status. Only one that says so, whole, may end the
// trying.
//
// Input: a byte that picks the status; the rest is the body.
#include <simdjson.h>

#include <array>
#include <optional>
#include <string>

#include "core/base/check.h"
#include "core/okx/answer.h"
#include "tests/fuzz/input.h"

namespace {

using namespace scram;
namespace json = simdjson::dom;

constexpr std::array statuses = {200, 401, 429, 400, 403, 500, 503, 502, 204, 0, 999, 410};

// Another reading, by the meaning of JSON alone: of a key that comes twice, the last counts.
class Judge {
  public:
    explicit Judge(std::string_view body) : text_(body) {
        is_json_ = parser_.parse(text_).get_object().get(root_) == simdjson::SUCCESS;
    }

    bool confirms() const { return says(root(), "code", "0") && one_item_has(true); }
    bool tells_of_nothing_left() const {
        const auto item = only_item();
        return says(root(), "code", "51405") || (item && says(*item, "sCode", "51405"));
    }
    bool tells_time(std::int64_t ms) const {
        std::string_view text;
        return is_json_ && root_.at_pointer("/data/0/ts").get(text) == simdjson::SUCCESS &&
               without_zeros(text) == std::to_string(ms);
    }

  private:
    std::optional<json::object> root() const {
        return is_json_ ? std::optional(root_) : std::nullopt;
    }

    static std::optional<json::element> last(const std::optional<json::object>& in,
                                             std::string_view key) {
        std::optional<json::element> found;
        if (!in) return found;
        for (const auto& [name, value] : *in) {
            if (name == key) found = value;
        }
        return found;
    }

    static std::string_view without_zeros(std::string_view text) {
        return text.substr(std::min(text.find_first_not_of('0'), text.size()));
    }

    // As a text, with or without a sub-code behind it, or as a number.
    static bool says(const std::optional<json::object>& in, std::string_view key,
                     std::string_view code) {
        const auto value = last(in, key);
        if (!value) return false;
        std::string_view text;
        if (value->get_string().get(text) != simdjson::SUCCESS) {
            return std::string_view(simdjson::minify(*value)) == code;
        }
        const std::string_view digits = without_zeros(text.substr(0, text.find('_')));
        return digits == code || (digits.empty() && code == "0");
    }

    std::optional<json::object> only_item() const {
        json::array items;
        json::object item;
        const auto data = last(root(), "data");
        if (!data || data->get_array().get(items) != simdjson::SUCCESS || items.size() != 1 ||
            items.at(0).get_object().get(item) != simdjson::SUCCESS) {
            return std::nullopt;
        }
        return item;
    }

    bool one_item_has(bool wanted) const {
        bool result = false;
        const auto value = last(only_item(), "result");
        return value && value->get_bool().get(result) == simdjson::SUCCESS && result == wanted;
    }

    simdjson::padded_string text_;
    json::parser parser_;
    json::object root_;
    bool is_json_ = false;
};

void read_mass_cancel(AnswerReader& reader, int status, std::string_view body) {
    const Judge judge(body);
    const Answer answer = reader.mass_cancel(status, body);
    check(answer.http_status == status, "the status is told as it came");
    if (answer.answer_class == AnswerClass::confirmed) {
        check(status == 200 && judge.confirms(), "confirmed only by code 0 and result true");
    }
    if (answer.answer_class == AnswerClass::nothing_left) {
        check(status == 200 && judge.tells_of_nothing_left(), "nothing left only by its code");
    }
    const Answer again = reader.mass_cancel(status, body);
    check(again.answer_class == answer.answer_class && again.code == answer.code,
          "a reader has no memory of what it read");
}

void read_time(AnswerReader& reader, int status, std::string_view body) {
    const auto time = reader.time(status, body);
    if (!time) return;
    check(status == 200 && Judge(body).tells_time(time->value), "a time is one that stands there");
    check(time->value > 1'577'836'800'000 && time->value < 9'000'000'000'000,
          "a time is plausible");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static AnswerReader reader;
    fuzz::Input input(data, size);
    const int status = statuses[input.byte() % statuses.size()];
    read_mass_cancel(reader, status, input.rest());
    read_time(reader, status, input.rest());
    return 0;
}
