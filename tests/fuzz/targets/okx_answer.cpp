// The body of an answer: any bytes, with any HTTP status. Only one that says so, whole, may end the
// trying, or tell of an account and its orders.
//
// Input: a byte that picks the status; the rest is the body.
#include <simdjson.h>

#include <array>
#include <optional>
#include <string>

#include "core/base/check.h"
#include "core/okx/account_answers.h"
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
    // What a read was asked for, and nothing else.
    std::optional<json::array> rows() const {
        json::array items;
        const auto data = last(root(), "data");
        if (!data || data->get_array().get(items) != simdjson::SUCCESS) return std::nullopt;
        return items;
    }
    bool is_good() const { return says(root(), "code", "0") && rows(); }
    static std::string text_in(json::element row, std::string_view key) {
        json::object fields;
        std::string_view text;
        if (row.get_object().get(fields) != simdjson::SUCCESS) return {};
        const auto value = last(fields, key);
        if (!value || value->get_string().get(text) != simdjson::SUCCESS) return {};
        return std::string(text);
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
    if (answer.answer_class == AnswerClass::accepted) {
        check(status == 200 && judge.confirms(), "accepted only by code 0 and result true");
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

// What holds for each answer to a read or to a batch. True: it has facts.
template <class Facts>
bool is_told(const Told<Facts>& told, int status) {
    const AnswerClass its_class = told.answer.answer_class;
    check(told.answer.http_status == status, "the status is told as it came");
    check(its_class != AnswerClass::nothing_left, "a read leaves nothing to do for nobody");
    if (!told.facts)
        check(its_class != AnswerClass::accepted, "what says nothing is no confirmation");
    if (told.facts) check(status == 200, "facts come with HTTP 200");
    return told.facts.has_value();
}

void read_account(AnswerReader& reader, int status, std::string_view body) {
    const auto account = reader.account(status, body);
    if (is_told(account, status)) {
        const Judge judge(body);
        check(judge.is_good() && judge.rows()->size() == 1, "an account has one row");
        check(Judge::text_in(judge.rows()->at(0), "uid") == account.facts->uid.view(),
              "the uid is the one that stands there");
    }
    const auto protection = reader.mmp(status, body, "BTC-USD");
    if (is_told(protection, status)) {
        const Judge judge(body);
        check(judge.is_good() && judge.rows()->size() <= 1, "a family has one row, or none");
        const bool is_set = protection.facts->on || protection.facts->frozen;
        check(!is_set || (judge.rows()->size() == 1 &&
                          Judge::text_in(judge.rows()->at(0), "instFamily") == "BTC-USD"),
              "what is on or frozen stands there, of the family that was asked for");
    }
    const auto timer = reader.timer(status, body, "");
    if (is_told(timer, status)) {
        const std::int64_t at = timer.facts->trigger.value;
        check(at == 0 || (at > 1'577'836'800'000 && at < 9'000'000'000'000), "a time is plausible");
        check(Judge(body).is_good(), "a timer is told by code 0");
    }
}

// Each row is an order of the family, newest first, and none is forgotten.
void read_orders(AnswerReader& reader, int status, std::string_view body, PrivateRequest what) {
    const PrivateCall asked{.what = what, .inst_family = "BTC-USD", .after = 1'000'000};
    const auto told = reader.orders(status, body, asked);
    if (!is_told(told, status)) return;
    const Judge judge(body);
    const OrdersPage& page = *told.facts;
    check(judge.is_good() && judge.rows()->size() == page.mmp + page.others, "each row counts");
    check(page.full == (judge.rows()->size() == orders_per_page), "a full page is told as such");
    std::uint64_t newer = asked.after;
    const json::array its_rows = *judge.rows();
    for (const json::element row : its_rows) {
        const std::uint64_t id = std::stoull(Judge::text_in(row, "ordId"));
        check(id > 0 && id < newer, "orders are told from the newest to the oldest");
        check(is_option_of(Judge::text_in(row, "instId"), "BTC-USD"), "an order is of its family");
        newer = id;
    }
    check(page.last == (newer == asked.after ? 0 : newer),
          "the next page begins at the last order");
    if (what == PrivateRequest::mmp_orders) check(page.others == 0, "a type not asked for");
}

void read_batch(AnswerReader& reader, int status, std::string_view body) {
    const std::array<OrderRef, 2> asked{
        OrderRef{FixedText<instrument_name_max>("BTC-USD-261225-60000-C"), 11},
        OrderRef{FixedText<instrument_name_max>("BTC-USD-261225-60000-P"), 12}};
    const auto told = reader.batch(status, body, asked);
    if (!is_told(told, status)) return;
    const BatchFacts& facts = *told.facts;
    check(facts.accepted + facts.gone + facts.refused == 2, "each order has its answer");
    check((facts.refused == 0) == (told.answer.answer_class == AnswerClass::accepted),
          "a batch is accepted if no order of it was refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static AnswerReader reader;
    fuzz::Input input(data, size);
    const int status = statuses[input.byte() % statuses.size()];
    read_mass_cancel(reader, status, input.rest());
    read_time(reader, status, input.rest());
    read_account(reader, status, input.rest());
    read_orders(reader, status, input.rest(), PrivateRequest::mmp_orders);
    read_orders(reader, status, input.rest(), PrivateRequest::all_orders);
    read_batch(reader, status, input.rest());
    return 0;
}
