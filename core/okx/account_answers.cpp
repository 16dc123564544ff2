// The readers of answers to what is asked beside mass-cancels. Strict: a list of orders decides
// whether a family is told to be empty, so whatever is not as OKX documents it says nothing.
#include "core/okx/account_answers.h"

#include <algorithm>
#include <bitset>
#include <limits>

#include "core/okx/answer_json.h"

namespace scram {
namespace {

using enum AnswerClass;
namespace json = simdjson::dom;

constexpr std::uint32_t partly_done = 2;  // and 1: nothing was done; each row has a code then
constexpr std::uint32_t order_gone = 51400, order_going = 51410;
constexpr std::int64_t seconds_below = 100'000'000'000;  // as a time; milliseconds have 13 digits

// What stands around the rows. Of a key that comes twice, the last counts, here and below.
struct Envelope {
    std::uint32_t code = no_code;
    std::optional<json::array> rows{};
};

Envelope open(AnswerJson& reader, std::string_view body) {
    Envelope out;
    json::object root;
    if (!reader.open(body, root)) return out;
    for (const auto& [key, value] : root) {
        json::array rows;
        if (key == "code") out.code = code_of(value);
        if (key != "data") continue;
        const bool has_rows = value.get_array().get(rows) == simdjson::SUCCESS;
        out.rows = has_rows ? std::optional(rows) : std::nullopt;
    }
    return out;
}

AnswerClass class_of(int http_status, std::uint32_t code) {
    if (code == no_code) return class_of_status(http_status);
    const AnswerClass its_class = class_of_code(code);
    return its_class == nothing_left ? failed : its_class;
}

template <class Facts>
Told<Facts> told(int http_status, std::uint32_t code, std::optional<Facts> facts) {
    return {{facts ? accepted : class_of(http_status, code), http_status, code}, facts};
}

// `read` makes facts of the rows, or nothing.
template <class Facts, class Read>
Told<Facts> read_rows(AnswerJson& reader, int http_status, std::string_view body, Read read) {
    const Envelope envelope = open(reader, body);
    std::optional<Facts> facts;
    if (http_status == 200 && envelope.code == 0 && envelope.rows) facts = read(*envelope.rows);
    return told(http_status, envelope.code, facts);
}

std::optional<json::object> only_row(json::array rows) {
    json::object row;
    if (rows.size() != 1 || rows.at(0).get_object().get(row) != simdjson::SUCCESS) return {};
    return row;
}

std::optional<json::element> value_in(json::object row, std::string_view name) {
    std::optional<json::element> found;
    for (const auto& [key, value] : row) {
        if (key == name) found = value;
    }
    return found;
}

std::optional<std::string_view> text_in(json::object row, std::string_view name) {
    const auto value = value_in(row, name);
    std::string_view text;
    if (!value || value->get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

// ---- The account --------------------------------------------------------------------------------

// In "read_only,withdraw,trade".
bool lists(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (list.substr(0, comma) == wanted) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

std::uint8_t mode_of(std::string_view level) {
    const bool is_known = level.size() == 1 && level[0] >= '1' && level[0] <= '4';
    return is_known ? static_cast<std::uint8_t>(level[0] - '0') : std::uint8_t{0};
}

// It is logged and compared: digits, and not too many.
bool is_uid(std::string_view text) {
    return !text.empty() && text.size() <= user_id_max &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<AccountFacts> account_of(json::array rows) {
    const auto row = only_row(rows);
    if (!row) return std::nullopt;
    const auto permissions = text_in(*row, "perm"), addresses = text_in(*row, "ip"),
               uid = text_in(*row, "uid");
    const bool is_wrong_level = value_in(*row, "acctLv") && !text_in(*row, "acctLv");
    if (!permissions || !addresses || !uid || is_wrong_level) return std::nullopt;
    if (!is_uid(*uid)) return std::nullopt;
    return AccountFacts{lists(*permissions, "trade"), mode_of(text_in(*row, "acctLv").value_or("")),
                        !addresses->empty(), FixedText<user_id_max>(*uid)};
}

// ---- Market maker protection --------------------------------------------------------------------

// Of a decimal number; nothing if it is none.
std::optional<bool> is_more_than_zero(std::optional<std::string_view> number) {
    if (!number || number->empty()) return std::nullopt;
    if (number->find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
    return number->find_first_of("123456789") != std::string_view::npos;
}

std::optional<MmpFacts> mmp_of(json::array rows, std::string_view inst_family) {
    if (rows.size() == 0) return MmpFacts{};
    const auto row = only_row(rows);
    if (!row || text_in(*row, "instFamily") != inst_family) return std::nullopt;
    const auto interval = is_more_than_zero(text_in(*row, "timeInterval"));
    const auto quantity = is_more_than_zero(text_in(*row, "qtyLimit"));
    const auto frozen = value_in(*row, "mmpFrozen");
    MmpFacts facts;
    if (!interval || !quantity || !frozen) return std::nullopt;
    if (frozen->get_bool().get(facts.frozen) != simdjson::SUCCESS) return std::nullopt;
    facts.on = *interval && *quantity;
    return facts;
}

// ---- Orders -------------------------------------------------------------------------------------

struct OrderRow {
    std::string_view product{"OPTION"};  // where it stands
    std::string_view family{};           // where it stands
    std::string_view instrument{};
    std::string_view type{};
    std::string_view id_text{};
    std::uint64_t id = 0;

    std::string_view* field(std::string_view name) {
        if (name == "instType") return &product;
        if (name == "instFamily") return &family;
        if (name == "instId") return &instrument;
        if (name == "ordType") return &type;
        if (name == "ordId") return &id_text;
        return nullptr;
    }
    bool is_of(std::string_view wanted) const {
        return product == "OPTION" && (family.empty() || family == wanted) &&
               is_option_of(instrument, wanted);
    }
    bool is_mmp() const { return type == "mmp" || type == "mmp_and_post_only"; }
};

// In one pass: a row has forty fields, and a page twenty rows.
std::optional<OrderRow> order_of(json::element element) {
    OrderRow row;
    json::object fields;
    if (element.get_object().get(fields) != simdjson::SUCCESS) return std::nullopt;
    for (const auto& [key, value] : fields) {
        std::string_view* const field = row.field(key);
        if (field != nullptr && value.get_string().get(*field) != simdjson::SUCCESS)
            return std::nullopt;
    }
    row.id = whole_number(row.id_text).value_or(0);
    if (row.id == 0 || row.type.empty()) return std::nullopt;
    return row;
}

void add(const OrderRow& row, OrdersPage& page) {
    page.last = row.id;
    if (row.is_mmp()) {
        ++page.mmp;
    } else {
        page.rest[page.others++] = {FixedText<instrument_name_max>(row.instrument), row.id};
    }
}

// Newest first, and older than what was asked for: so a page that comes again and again is none.
std::optional<OrdersPage> page_of(json::array rows, const PrivateCall& asked) {
    OrdersPage page;
    if (rows.size() > orders_per_page) return std::nullopt;
    std::uint64_t newer =
        asked.after != 0 ? asked.after : std::numeric_limits<std::uint64_t>::max();
    for (const json::element element : rows) {
        const auto row = order_of(element);
        const bool is_asked_for = row && row->is_of(asked.inst_family) && row->id < newer &&
                                  (row->is_mmp() || asked.what == PrivateRequest::all_orders);
        if (!is_asked_for) return std::nullopt;
        newer = row->id;
        add(*row, page);
    }
    page.full = rows.size() == orders_per_page;
    return page;
}

// ---- A batch of cancels -------------------------------------------------------------------------

struct Batch {
    BatchFacts facts;
    std::uint32_t refusal = no_code;  // the first
};

void count(std::uint32_t code, Batch& in) {
    if (code == 0) {
        ++in.facts.accepted;
    } else if (code == order_gone || code == order_going) {
        ++in.facts.gone;
    } else {
        ++in.facts.refused;
        if (in.refusal == no_code) in.refusal = code;
    }
}

// Each order that was asked for has its row, in whatever order.
std::optional<Batch> batch_of(json::array rows, std::span<const OrderRef> asked) {
    Batch batch;
    std::bitset<cancel_orders_max> found;
    if (rows.size() != asked.size() || asked.size() > cancel_orders_max) return std::nullopt;
    for (const json::element element : rows) {
        json::object row;
        if (element.get_object().get(row) != simdjson::SUCCESS) return std::nullopt;
        const auto id = whole_number(text_in(row, "ordId").value_or(""));
        const auto code = value_in(row, "sCode");
        const auto at = std::find_if(asked.begin(), asked.end(),
                                     [&](const OrderRef& its) { return its.ord_id == id; });
        if (!code || code_of(*code) == no_code || at == asked.end()) return std::nullopt;
        found.set(static_cast<std::size_t>(at - asked.begin()));
        count(code_of(*code), batch);
    }
    return found.count() == asked.size() ? std::optional(batch) : std::nullopt;
}

// ---- The timer ----------------------------------------------------------------------------------

// OKX's sample has seconds, other people's have milliseconds.
std::optional<WallMillis> moment_of(std::string_view text) {
    const auto number = whole_number(text);
    if (!number || *number > static_cast<std::uint64_t>(timestamp_max.value)) return std::nullopt;
    const auto value = static_cast<std::int64_t>(*number);
    const WallMillis moment{value < seconds_below ? value * 1000 : value};
    return value == 0 || is_plausible(moment) ? std::optional(moment) : std::nullopt;
}

std::optional<TimerFacts> timer_of(json::array rows, std::string_view tag) {
    const auto row = only_row(rows);
    if (!row) return std::nullopt;
    const auto moment = moment_of(text_in(*row, "triggerTime").value_or(""));
    const bool has_tag = value_in(*row, "tag").has_value();
    const bool is_ours = has_tag ? text_in(*row, "tag") == tag : tag.empty();
    if (!moment || !is_ours) return std::nullopt;
    return TimerFacts{*moment, moment_of(text_in(*row, "ts").value_or("")).value_or(WallMillis{})};
}

}  // namespace

Told<AccountFacts> AnswerReader::account(int http_status, std::string_view body) {
    return read_rows<AccountFacts>(*json_, http_status, body, account_of);
}

Told<MmpFacts> AnswerReader::mmp(int http_status, std::string_view body,
                                 std::string_view inst_family) {
    return read_rows<MmpFacts>(*json_, http_status, body, [inst_family](json::array rows) {
        return mmp_of(rows, inst_family);
    });
}

Told<OrdersPage> AnswerReader::orders(int http_status, std::string_view body,
                                      const PrivateCall& asked) {
    return read_rows<OrdersPage>(*json_, http_status, body,
                                 [&asked](json::array rows) { return page_of(rows, asked); });
}

Told<BatchFacts> AnswerReader::batch(int http_status, std::string_view body,
                                     std::span<const OrderRef> asked) {
    const Envelope envelope = open(*json_, body);
    std::optional<Batch> batch;
    if (http_status == 200 && envelope.code <= partly_done && envelope.rows)
        batch = batch_of(*envelope.rows, asked);
    if (!batch) return told<BatchFacts>(http_status, envelope.code, std::nullopt);
    Told<BatchFacts> out = told<BatchFacts>(http_status, envelope.code, batch->facts);
    if (batch->refusal != no_code)
        out.answer = {class_of(http_status, batch->refusal), http_status, batch->refusal};
    return out;
}

Told<TimerFacts> AnswerReader::timer(int http_status, std::string_view body, std::string_view tag) {
    return read_rows<TimerFacts>(*json_, http_status, body,
                                 [tag](json::array rows) { return timer_of(rows, tag); });
}

}  // namespace scram
