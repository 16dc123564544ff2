// OKX's answers, read and classed. By code, never by text: the texts differ between the documents
// and the wire. https://www.okx.com/docs-v5/en/#error-code-rest-api
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/names.h"
#include "core/base/time.h"

namespace scram {

// What an answer to a mass-cancel means for its family. Only the first two end the trying.
enum class AnswerClass : std::uint8_t {
    accepted,      // code 0, result true
    nothing_left,  // there was no order to cancel
    failed,        // not done: again, with growing pauses
    ambiguous,     // done or not, nobody knows: again at once (a mass-cancel may be repeated)
    throttled,     // over the rate limit: again when the window is over
    clock,    // our timestamp is too old or too new: read the exchange's clock, sign, again at once
    refused,  // key, permission, account: alarm a person, and go on slowly
};
inline constexpr std::array<std::string_view, 7> answer_class_names = {
    "accepted", "nothing_left", "failed", "ambiguous", "throttled", "clock", "refused"};
static_assert(names_all<AnswerClass>(answer_class_names));
inline std::string_view name(AnswerClass answer_class) {
    return name_in(answer_class_names, answer_class);
}

inline constexpr std::uint32_t no_code = 0xffffffff;

struct Answer {
    AnswerClass answer_class = AnswerClass::failed;
    int http_status = 0;
    std::uint32_t code = no_code;  // OKX's code; no_code if the body had none
};

// Whether OKX itself gave the answer, done with the request. A proxy's own answer, or one that only
// says that time ran out, leaves it open: the request may still arrive, and count, later.
bool is_final(const Answer& answer);

// A row of the table: why a code is in its class. A code that is not in the table is `failed`.
struct CodeRule {
    std::uint32_t code;
    AnswerClass answer_class;
    std::string_view why;
};
std::span<const CodeRule> code_table();
std::string_view why(std::uint32_t code);  // empty if not in the table
AnswerClass class_of_code(std::uint32_t code);
// For an answer whose body has no code: from the edge in front of OKX.
AnswerClass class_of_status(int http_status);

// Reads answers. Holds simdjson's memory, allocated once, for bodies up to `answer_body_max`. Never
// throws, on any bytes: keys in any order, `data` absent, `code` as string or number, HTML,
// nothing.
inline constexpr std::size_t answer_body_max = 64 * 1024;
inline constexpr std::size_t option_families_max = 1024;
inline constexpr std::size_t family_name_max = 64;

class AnswerJson;
struct PrivateCall;
struct OrderRef;
// core/okx/account_answers.h
template <class Facts>
struct Told;
struct AccountFacts;
struct MmpFacts;
struct OrdersPage;
struct BatchFacts;
struct TimerFacts;

class AnswerReader {
  public:
    AnswerReader();
    ~AnswerReader();
    AnswerReader(const AnswerReader&) = delete;
    AnswerReader& operator=(const AnswerReader&) = delete;

    Answer mass_cancel(int http_status, std::string_view body);
    // The exchange's clock from an answer to GET /api/v5/public/time; nothing if it is not one.
    std::optional<WallMillis> time(int http_status, std::string_view body);
    // The families of an answer to option_families_request(); nothing if it is not one, or names
    // over option_families_max. Allocates.
    std::optional<std::vector<std::string>> option_families(int http_status, std::string_view body);

    // Who reads these includes core/okx/account_answers.h.
    Told<AccountFacts> account(int http_status, std::string_view body);
    Told<MmpFacts> mmp(int http_status, std::string_view body, std::string_view inst_family);
    // `asked`: mmp_orders or all_orders.
    Told<OrdersPage> orders(int http_status, std::string_view body, const PrivateCall& asked);
    Told<BatchFacts> batch(int http_status, std::string_view body, std::span<const OrderRef> asked);
    Told<TimerFacts> timer(int http_status, std::string_view body, std::string_view tag);

  private:
    std::unique_ptr<AnswerJson> json_;
};

}  // namespace scram
