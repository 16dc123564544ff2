#include "tests/exchange/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/exchange/codes.h"
#include "tests/exchange/lies.h"

namespace scram::okxsim {
namespace {

using enum FaultKind;

constexpr std::array<std::pair<FaultKind, std::string_view>, 28> kinds{{
    {silent, "silent"},
    {silent_done, "silent_done"},
    {reset, "reset"},
    {reset_done, "reset_done"},
    {half, "half"},
    {half_body, "half_body"},
    {delay, "delay"},
    {html, "html"},
    {numeric, "numeric"},
    {chunked, "chunked"},
    {close, "close"},
    {limited429, "limited429"},
    {numeric429, "numeric429"},
    {gzip, "gzip"},
    {unavailable503, "unavailable503"},
    {result_false, "result_false"},
    {nothing_left, "nothing_left"},
    {code, "code"},
    {garbage, "garbage"},
    {long_body, "long"},
    {continue100, "continue100"},
    {endless, "endless"},
    {loop, "loop"},
    {crowd, "crowd"},
    {foreign, "foreign"},
    {truncated, "truncated"},
    {numbers, "numbers"},
    {missing, "missing"},
}};

constexpr std::string_view html_page =
    "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Attention Required! | Cloudflare</title>"
    "</head><body><h1>Sorry, you have been blocked</h1><p>Cloudflare Ray ID: 0</p></body></html>\n";

constexpr std::string_view numeric_body =
    R"({"code":500,"data":{},"detailMsg":"","error_code":"500",)"
    R"("error_message":"Internal Server Error","msg":"Internal Server Error"})";

bool matches(const Fault& fault, std::string_view endpoint, std::string_view account) {
    return (fault.on == "any" || fault.on == endpoint) &&
           (fault.account.empty() || fault.account == account);
}

Answer with_status(Answer answer, int status) {
    if (status != 0) answer.status = status;
    return answer;
}

Answer long_answer() {
    Answer answer = succeed(R"([{"result":true}])");
    answer.body.append((1U << 20U) + 1, ' ');
    answer.code = name(long_body);
    return answer;
}

Answer html_answer(const Fault& fault) {
    return {.status = fault.code == "520" ? 520 : 403,
            .code = std::string(name(html)),
            .body = std::string(html_page),
            .content_type = "text/html; charset=UTF-8"};
}

}  // namespace

std::optional<FaultKind> fault_kind(std::string_view text) {
    const auto* at =
        std::ranges::find(kinds, text, &std::pair<FaultKind, std::string_view>::second);
    if (at == kinds.end()) return {};
    return at->first;
}

std::string_view name(FaultKind kind) {
    return std::ranges::find(kinds, kind, &std::pair<FaultKind, std::string_view>::first)->second;
}

std::string fault_kinds() {
    std::string text;
    for (const auto& [kind, kind_name] : kinds) text += fmt::format(" {}", kind_name);
    return text.substr(1);
}

bool executes(FaultKind kind) {
    constexpr std::array executing{silent_done, reset_done, half,  half_body,
                                   delay,       chunked,    close, continue100};
    return is_lie(kind) || std::ranges::find(executing, kind) != executing.end();
}

std::optional<Fault> Faults::take(std::string_view endpoint, std::string_view account) {
    const auto at = std::ranges::find_if(
        waiting_, [&](const Fault& fault) { return matches(fault, endpoint, account); });
    if (at == waiting_.end()) return {};
    Fault fault = *at;
    if (at->count > 0 && --at->count == 0) waiting_.erase(at);
    return fault;
}

Answer substitute(const Fault& fault) {
    switch (fault.kind) {
        case limited429:
            return with_status(refuse("50011"), fault.status);
        case numeric429:
            return {.status = 429,
                    .code = "50011",
                    .body = R"({"msg":"Requests too frequent.","code":50011})"};
        case unavailable503:
            return with_status(refuse("50001"), fault.status);
        case nothing_left:
            return refuse("51405");
        case code:
            return with_status(
                fault.message.empty() ? refuse(fault.code) : refuse(fault.code, fault.message),
                fault.status);
        case result_false:
            return succeed(R"([{"result":false}])");
        case numeric:
            return {.status = 500, .code = "500", .body = std::string(numeric_body)};
        case html:
            return html_answer(fault);
        case long_body:
            return long_answer();
        case garbage:
            return {.code = std::string(name(garbage)), .body = std::string("\x00\xff}{]\"\n", 7)};
        case silent:
        case reset:
        case silent_done:
        case reset_done:
        case half:
        case half_body:
        case delay:
        case chunked:
        case close:
        case continue100:
        case endless:
        case loop:
        case crowd:
        case foreign:
        case truncated:
        case numbers:
        case gzip:
        case missing:
            break;
    }
    return {.code = std::string(name(fault.kind))};
}

}  // namespace scram::okxsim
