#include "daemon/scram_now/report.h"

#include <fmt/format.h>

#include "daemon/common/json.h"

namespace scram {
namespace {

std::string code_text(const Answer& answer) {
    return answer.code == no_code ? "" : std::to_string(answer.code);
}

std::string last_words(const NowResult& result) {
    const NowKill::Outcome& its = result.outcome;
    if (!result.cause.empty()) return result.cause;
    if (its.requests == 0) return "nothing was sent";
    if (!its.accepted && its.in_flight > 0) return "its answer was not waited for";
    if (!its.answer) return "no answer";
    if (its.verified) return "the exchange's book shows no MMP order of it";
    if (its.accepted) return text(*its.answer);
    return std::string(name(its.answer->answer_class)) + ", " + text(*its.answer);
}

}  // namespace

std::string text(const Answer& answer) {
    const std::string code =
        answer.code == no_code ? "without a code" : "code " + code_text(answer);
    const std::string_view reason = why(answer.code);
    return fmt::format("http {}, {}{}{}", answer.http_status, code, reason.empty() ? "" : ": ",
                       reason);
}

std::string result_text(const NowResult& result) {
    const double seconds = std::chrono::duration<double>(result.after).count();
    const NowKill::Outcome& its = result.outcome;
    const char* const state = its.verified   ? "verified"
                              : its.accepted ? "accepted"
                                             : "NOT ACCEPTED";
    return fmt::format("{} {}: {}; {:.3f} s, {} {}", result.family, state, last_words(result),
                       seconds, its.requests, its.requests == 1 ? "request" : "requests");
}

std::string result_json(const NowResult& result) {
    const auto& answer = result.outcome.answer;
    JsonObject out;
    out.add("family", result.family).add("accepted", result.outcome.accepted);
    out.add("verified", result.outcome.verified);
    out.add("class", answer ? name(answer->answer_class) : std::string_view());
    out.add("http", answer ? answer->http_status : 0);
    out.add("code", answer ? code_text(*answer) : std::string());
    out.add("why", result.outcome.accepted ? std::string() : last_words(result));
    out.add("requests", result.outcome.requests);
    out.add("after_ms", std::chrono::duration_cast<milliseconds>(result.after).count());
    return out.text();
}

}  // namespace scram
