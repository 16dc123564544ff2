// POST /api/v5/trade/cancel-all-after: cancels every order of the account, or those with a tag,
// unless it is called again in time.
#include <fmt/format.h>

#include <algorithm>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"
#include "tests/exchange/json_body.h"

namespace scram::okxsim {
namespace {

constexpr Limit sweep_limit{1, std::chrono::seconds(1)};  // per User ID and tag
constexpr std::size_t tag_max = 16;

bool is_tag(std::string_view tag) {
    return tag.size() <= tag_max && std::ranges::all_of(tag, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           });
}

// The documented sample has seconds, other people's have milliseconds: the tester chooses.
std::string stamp(std::chrono::milliseconds time, bool in_ms) {
    return fmt::format("{}", in_ms ? time.count() : time.count() / 1000);
}

}  // namespace

// ccxt, which many use, sends timeOut as a number: OKX takes that too.
Answer answer_cancel_all_after(const Call& call) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (auto refusal = read_json(call.request, parser, root)) return *refusal;
    Fields fields(root);
    const std::chrono::seconds timeout(fields.count_or_number("timeOut"));
    const std::string tag = fields.text_or("tag", "");
    const bool off = timeout.count() == 0;
    if (!off && (timeout.count() < 10 || timeout.count() > 120)) fields.refuse_for("timeOut");
    if (!is_tag(tag)) fields.refuse_for("tag");
    if (fields.refusal()) return *fields.refusal();
    if (!call.admit("cancel-all-after " + tag, sweep_limit)) return refuse("50011");

    Deadman& deadman = call.seat.deadman;
    if (off) {
        deadman.clear(tag);
    } else if (!deadman.set(tag, call.now.mono + timeout)) {
        return refuse("51071");
    }
    const bool in_ms = call.seat.account.trigger_in_ms;
    return succeed(fmt::format(R"([{{"triggerTime":"{}","tag":{},"ts":"{}"}}])",
                               off ? "0" : stamp(call.now.wall + timeout, in_ms), json_string(tag),
                               stamp(call.now.wall, in_ms)));
}

}  // namespace scram::okxsim
