#include "daemon/scramctl/drill_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "daemon/common/html.h"
#include "daemon/common/json.h"
#include "daemon/common/json_fields.h"
#include "daemon/scramctl/reply.h"

namespace scram {
using namespace printing;
namespace {

// What a text and a page show alike.
struct ReportTable {
    std::string title;
    std::vector<std::vector<std::string>> rows;  // the first is the head, if it has one
    bool has_head = true;
};

std::string time_or_none(dom::element object, std::string_view key) {
    return has(object, key) ? utc_time(static_cast<std::int64_t>(number(object, key))) : "-";
}

// Since the trip.
std::string after(dom::element object, std::string_view key) {
    return has(object, key) ? fmt::format("{:.3f} ms", number(object, key) / 1000) : "-";
}

std::string journal_text_of(dom::element report) {
    dom::element journal;
    if (report["journal"].get(journal) != simdjson::SUCCESS || journal.is_null()) return "-";
    if (has(journal, "why")) return "not linked: " + field(journal, "why");
    return fmt::format("record {}, SHA-256 {}", field(journal, "record"), field(journal, "hash"));
}

std::string_view verdict_meaning(std::string_view verdict) {
    if (verdict == "VERIFIED")
        return "the exchange took each cancel, and its list of open orders then showed none of the "
               "families' MMP orders, twice";
    if (verdict == "ACCEPTED")
        return "the exchange took each cancel; its list of open orders did not bear that out in "
               "time";
    if (verdict == "NOT CONFIRMED")
        return "it is NOT known that the exchange took every cancel in time";
    return "the drill did not take place";
}

// What the exchange's list said, by its first and its last read of a family.
std::string orders_of(dom::element receipt, const std::string& family, bool first) {
    std::string out = "-";
    for (const dom::element read : list(receipt, "reads")) {
        if (field(read, "family") != family || !has(read, "orders")) continue;
        out = field(read, "orders");
        if (first) return out;
    }
    return out;
}

std::string orders_before(dom::element report, const std::string& family) {
    for (const dom::element look : list(report, "orders_before")) {
        if (field(look, "family") != family || !has(look, "orders")) continue;
        return (flag(look, "more") ? "at least " : "") + field(look, "orders");
    }
    return "unknown";
}

// Of all families together, as far as they are known.
struct OrderSum {
    double orders = 0;
    bool more = false;
    std::size_t known = 0;
    std::vector<std::string> unknown;  // why

    std::string text() const {
        const std::string sum = fmt::format("{}{:.0f}", more ? "at least " : "", orders);
        if (unknown.empty()) return known > 0 ? sum : "-";
        const std::string why = "unknown: " + unknown.front();
        if (known == 0) return why;
        return fmt::format("{}; of {} of {} families {}", sum, unknown.size(),
                           known + unknown.size(), why);
    }
};

std::string why_unknown(dom::element look) {
    std::string out = field(look, "error");
    if (has(look, "http")) out += ", http " + field(look, "http");
    return has(look, "code") ? out + ", code " + field(look, "code") : out;
}

std::string sum_before(dom::element report) {
    OrderSum sum;
    for (const dom::element look : list(report, "orders_before")) {
        if (!has(look, "orders")) {
            sum.unknown.push_back(why_unknown(look));
            continue;
        }
        ++sum.known;
        sum.orders += number(look, "orders");
        sum.more = sum.more || flag(look, "more");
    }
    return sum.text();
}

// By the last read of each family.
std::string sum_after(dom::element report) {
    OrderSum sum;
    dom::element receipt;
    if (report["receipt"].get(receipt) != simdjson::SUCCESS || !receipt.is_object()) return "-";
    for (const dom::element family : list(receipt, "families")) {
        const std::string orders = orders_of(receipt, field(family, "family"), false);
        if (orders == "-") {
            sum.unknown.emplace_back("no read told it");
            continue;
        }
        ++sum.known;
        sum.orders += std::strtod(orders.c_str(), nullptr);
    }
    return sum.text();
}

ReportTable facts_table(dom::element report) {
    ReportTable out{"", {}, false};
    const auto row = [&](const char* label, std::string value) {
        out.rows.push_back({label, std::move(value)});
    };
    row("time", time_or_none(report, "wall_ms"));
    row("target", field(report, "target"));
    row("reason", field(report, "reason"));
    row("by", field(report, "by"));
    row("host", field(report, "host"));
    row("scramd", field(report, "version"));
    row("config", field(report, "config"));
    row("its SHA-256", field(report, "config_sha256"));
    row("trip", field(report, "trip"));
    row("MMP orders before", sum_before(report));
    row("MMP orders after", sum_after(report));
    row("journal", journal_text_of(report));
    row("re-arm", field(report, "rearm"));
    row("next due", time_or_none(report, "next_due_ms"));
    if (has(report, "error")) row("error", field(report, "error"));
    return out;
}

ReportTable families_table(dom::element report, dom::element receipt) {
    ReportTable out{"Families",
                    {{"family", "accepted after", "verified after", "armed after",
                      "MMP orders before", "first read after", "last read", "other orders"}}};
    for (const dom::element family : list(receipt, "families")) {
        const std::string name = field(family, "family");
        out.rows.push_back({name, after(family, "accepted_us"), after(family, "verified_us"),
                            after(family, "rearmed_us"), orders_before(report, name),
                            orders_of(receipt, name, true), orders_of(receipt, name, false),
                            field(family, "rest")});
    }
    return out;
}

std::string answer_of(dom::element attempt) {
    if (flag(attempt, "lost")) return "lost";
    std::string out = field(attempt, "class");
    if (has(attempt, "http")) out += ", http " + field(attempt, "http");
    return has(attempt, "code") ? out + ", code " + field(attempt, "code") : out;
}

ReportTable attempts_table(dom::element receipt) {
    ReportTable out{"Mass-cancels",
                    {{"attempt", "family", "link", "sent after", "on the wire after",
                      "answered after", "answer"}}};
    for (const dom::element attempt : list(receipt, "attempts"))
        out.rows.push_back({field(attempt, "attempt"), field(attempt, "family"),
                            field(attempt, "link"), after(attempt, "sent_us"),
                            after(attempt, "wire_us"), after(attempt, "answered_us"),
                            answer_of(attempt)});
    return out;
}

ReportTable reads_table(dom::element receipt) {
    ReportTable out{"Reads of the exchange's open orders",
                    {{"family", "link", "asked after", "answered after", "MMP orders"}}};
    for (const dom::element read : list(receipt, "reads"))
        out.rows.push_back({field(read, "family"), field(read, "link"), after(read, "sent_us"),
                            after(read, "answered_us"), field(read, "orders", "failed")});
    return out;
}

std::vector<ReportTable> tables_of(dom::element report) {
    std::vector<ReportTable> out{facts_table(report)};
    dom::element receipt;
    if (report["receipt"].get(receipt) != simdjson::SUCCESS || !receipt.is_object()) return out;
    out.push_back(families_table(report, receipt));
    out.push_back(attempts_table(receipt));
    out.push_back(reads_table(receipt));
    return out;
}

std::string title_of(dom::element report) {
    return fmt::format("Drill of {}: {}", field(report, "target"), field(report, "verdict"));
}

constexpr std::string_view times_note =
    "Times are counted from the trip. Orders are MMP orders of the family in the exchange's own "
    "list of open orders, which is read just before the trip, and again once a cancel is accepted.";

std::string table_text(const ReportTable& table) {
    std::vector<std::size_t> widths;
    for (const auto& row : table.rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out = table.title.empty() ? "" : "\n" + table.title + "\n";
    for (const auto& row : table.rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += fmt::format("{:<{}}  ", row[i], widths[i]);
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
}

std::string row_html(const std::vector<std::string>& row, bool is_head, bool is_labelled) {
    std::string out = "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string_view tag = is_head || (is_labelled && i == 0) ? "th" : "td";
        out += fmt::format("<{0}>{1}</{0}>", tag, html_text(row[i]));
    }
    return out + "</tr>\n";
}

std::string table_html(const ReportTable& table) {
    std::string out;
    if (!table.title.empty()) out += fmt::format("<h2>{}</h2>\n", html_text(table.title));
    out += "<table>\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i)
        out += row_html(table.rows[i], table.has_head && i == 0, !table.has_head);
    return out + "</table>\n";
}

constexpr std::string_view page_style =
    "body{font:14px/1.4 sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#111;"
    "background:#fff}"
    "table{border-collapse:collapse;width:100%;margin-bottom:1em}"
    "th,td{border:1px solid #999;padding:.25em .5em;text-align:left;overflow-wrap:anywhere}"
    "th{background:#eee}"
    "@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}"
    "tr{break-inside:avoid}}";

}  // namespace

const char* name(DrillVerdict verdict) {
    switch (verdict) {
        case DrillVerdict::verified:
            return "VERIFIED";
        case DrillVerdict::accepted:
            return "ACCEPTED";
        case DrillVerdict::not_confirmed:
            return "NOT CONFIRMED";
        case DrillVerdict::failed:
            return "FAILED";
    }
    return "?";
}

DrillVerdict drill_verdict(bool tripped, std::optional<dom::element> receipt) {
    if (!tripped) return DrillVerdict::failed;
    const std::string verdict = receipt ? field(*receipt, "verdict") : "";
    if (verdict == "VERIFIED") return DrillVerdict::verified;
    return verdict == "ACCEPTED" ? DrillVerdict::accepted : DrillVerdict::not_confirmed;
}

std::string drill_json(const DrillFacts& facts) {
    const auto receipt = Reply::read(facts.receipt);
    const auto root = receipt ? std::optional(receipt->root()) : std::nullopt;
    const auto verdict = name(drill_verdict(facts.trip.has_value(), root));
    JsonObject out;
    out.add("program", "scramctl drill").add("v", 1).add("name", facts.name);
    out.add("verdict", verdict).add("meaning", verdict_meaning(verdict));
    out.add("wall_ms", facts.wall_ms).add("time", utc_time(facts.wall_ms));
    out.add("target", facts.target).add("reason", facts.reason).add("by", facts.by);
    out.add("host", facts.host).add("version", facts.version).add("config", facts.config);
    out.add("config_sha256", facts.config_sha256);
    if (facts.trip.value_or(0) > 0) out.add("trip", *facts.trip);
    out.add("rearm", facts.rearm);
    if (!facts.error.empty()) out.add("error", facts.error);
    if (facts.next_due_ms > 0) out.add("next_due_ms", facts.next_due_ms);
    out.add_raw("orders_before", facts.orders_before).add_raw("journal", facts.journal);
    return out.add_raw("receipt", facts.receipt).text();
}

std::string drill_text(dom::element report) {
    std::string out = title_of(report) + "\n" + field(report, "meaning") + "\n\n";
    for (const ReportTable& table : tables_of(report)) out += table_text(table);
    return out + "\n" + std::string(times_note) + "\n";
}

std::string drill_html(dom::element report) {
    const std::string title = html_text(title_of(report));
    std::string out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n<p>{2}.</p>\n",
        title, page_style, html_text(field(report, "meaning")));
    for (const ReportTable& table : tables_of(report)) out += table_html(table);
    return out + fmt::format("<p>{}</p>\n</body>\n</html>\n", html_text(times_note));
}

}  // namespace scram
