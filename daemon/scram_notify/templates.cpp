#include "daemon/scram_notify/templates.h"

#include <fmt/format.h>

#include "daemon/common/json.h"
#include "daemon/common/json_fields.h"
#include "daemon/scram_notify/notice_json.h"

namespace scram {
namespace {

constexpr std::size_t summary_max = 1024;  // PagerDuty's

// What Slack asks to be escaped; so nobody's reason can name a channel or hide a link.
std::string slack_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

std::string_view slack_label(const Notice& notice) {
    if (notice.kind == NoticeKind::resolve) return ":white_check_mark: *over*";
    switch (notice.severity) {
        case Severity::critical:
            return ":rotating_light: *critical*";
        case Severity::warning:
            return ":warning: *warning*";
        case Severity::info:
            break;
    }
    return ":information_source: *info*";
}

std::string slack_body(const Notice& notice, const std::string& host) {
    std::string text =
        fmt::format("{} {}: {}", slack_label(notice), slack_text(host), slack_text(notice.text));
    for (const auto& [key, value] : notice.fields)
        text += fmt::format("\n{}: {}", slack_text(key), slack_text(value));
    text += fmt::format("\n{}, {}", printing::utc_time(notice.wall_ms), slack_text(notice.id));
    return JsonObject().add("text", text).text();
}

// Cut between two characters.
std::string_view summary_of(std::string_view text) {
    if (text.size() <= summary_max) return text;
    std::size_t end = summary_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}

// What is only told is an incident of its own.
std::string pagerduty_key(const Notice& notice, const std::string& host) {
    const bool is_told = notice.kind == NoticeKind::tell;
    return fmt::format("scramd/{}/{}", host, is_told ? notice.id : notice.key).substr(0, 255);
}

std::string pagerduty_body(const Notice& notice, const std::string& host,
                           const std::string& routing_key) {
    JsonObject out;
    const bool resolves = notice.kind == NoticeKind::resolve;
    out.add("routing_key", routing_key).add("event_action", resolves ? "resolve" : "trigger");
    out.add("dedup_key", pagerduty_key(notice, host));
    JsonObject details;
    details.add("id", notice.id).add("key", notice.key);
    for (const auto& [key, value] : notice.fields) details.add(key, value);
    JsonObject payload;
    payload.add("summary", summary_of(notice.text)).add("source", host);
    payload.add("severity", name(notice.severity));
    payload.add("timestamp", printing::utc_time(notice.wall_ms));
    payload.add_raw("custom_details", details.text());
    return out.add_raw("payload", payload.text()).text();
}

}  // namespace

std::string body_for(TargetKind kind, const Notice& notice, const std::string& host,
                     const std::string& routing_key) {
    switch (kind) {
        case TargetKind::json:
            return notice_json(notice, host);
        case TargetKind::slack:
            return slack_body(notice, host);
        case TargetKind::pagerduty:
            return pagerduty_body(notice, host, routing_key);
    }
    return {};
}

bool is_for(const TargetConfig& target, const Notice& notice) {
    return notice.severity >= target.min_severity;
}

}  // namespace scram
