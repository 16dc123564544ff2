#include "daemon/scramd_exporter/web_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/common/html.h"
#include "daemon/scramd_exporter/fields.h"

namespace scram {
using namespace printing;
namespace {

// ---- Pieces -------------------------------------------------------------------------------------

std::string shown(dom::element object, std::string_view key) {
    return html_text(field(object, key));
}

std::string age(std::optional<double> seconds) {
    return seconds ? span_text(*seconds) : "-";
}

// Of a time in us since a trip.
std::string after(dom::element object, std::string_view key) {
    const auto us = known(object, key);
    if (!us) return "-";
    return *us < 1e6 ? fmt::format("{:.3g} ms", *us / 1e3) : age(*us / micro);
}

constexpr double day = 86'400'000;  // in ms
std::string moment(double wall_ms) {
    constexpr double end_of_9999 = 253'402'300'799'000;
    return utc_time(static_cast<std::int64_t>(std::clamp(wall_ms, 0.0, end_of_9999)));
}

std::string amount(std::optional<double> number) {
    return number ? fmt::format("{:.6g}", *number) : "-";
}

struct Cell {
    std::string html;
    bool alert = false;
};
using Row = std::vector<Cell>;

std::string table(std::string_view title, const std::vector<std::string_view>& heads,
                  const std::vector<Row>& rows) {
    if (rows.empty()) return {};
    std::string out = fmt::format("<h2>{}</h2><div class=\"wide\"><table><tr>", title);
    for (const std::string_view head : heads) out += fmt::format("<th scope=\"col\">{}</th>", head);
    out += "</tr>";
    for (const Row& row : rows) {
        out += "<tr>";
        for (const Cell& cell : row)
            out += fmt::format("<td{}>{}</td>", cell.alert ? " class=\"alert\"" : "", cell.html);
        out += "</tr>";
    }
    return out + "</table></div>";
}

// "24 of 25" and a bar of it.
Cell use_of(std::optional<dom::element> its) {
    if (!its || !has(*its, "value")) return {"no value yet"};
    std::string out =
        fmt::format("{} of {}", amount(known(*its, "value")), amount(known(*its, "limit")));
    const auto share = known(*its, "share");
    if (!share) return {out};
    out += fmt::format(
        " <meter min=\"0\" max=\"1\" low=\"0.8\" high=\"0.999\" optimum=\"0\" "
        "value=\"{:.4g}\"></meter>"
        " {:.0f} %",
        std::min(*share, 1.0), std::min(100 * *share, 9999.0));
    return {out, *share >= 1};
}

// ---- Sections -----------------------------------------------------------------------------------

std::string reasons(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element its : list(status, "not_ready_reasons"))
        rows.push_back({{shown(its, "account")}, {shown(its, "reason"), true}});
    return table("Why it is not ready", {"account", "reason"}, rows);
}

std::string alarms(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element account : list(status, "accounts"))
        for (const dom::element alarm : list(account, "alarms"))
            rows.push_back({{shown(account, "name")}, {html_text(text_of(alarm)), true}});
    return table("Alarms", {"account", "alarm"}, rows);
}

std::string families(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element its : list(status, "families")) {
        const bool latched = field(its, "gate") == "closed";
        Row row{{shown(its, "name")}, {shown(its, "state"), latched}};
        if (latched)
            row.push_back(
                {fmt::format("trip {}, {} ago: {}", shown(its, "trip"),
                             age(known(its, "tripped_ms_ago", milli)),
                             flag(its, "unfinished") ? "NOT accepted yet" : shown(its, "cause")),
                 true});
        else
            row.push_back(use_of(part(its, "nearest")));
        rows.push_back(std::move(row));
    }
    return table("Families", {"family", "state", "nearest to its limit"}, rows);
}

std::string rules(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element its : list(status, "rules")) {
        const std::string where = field(its, "family", "") + " " + field(its, "source", "");
        rows.push_back({{shown(its, "rule") + (flag(its, "shadow") ? " (shadow)" : "")},
                        use_of(its),
                        {html_text(where)}});
    }
    return table("Rules", {"rule", "value", "where"}, rows);
}

std::string accounts(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element its : list(status, "accounts")) {
        std::size_t up = 0;
        double worst = 0;
        const auto links = list(its, "links");
        for (const dom::element link : links) {
            up += field(link, "phase") != "down" ? 1 : 0;
            worst = std::max(worst, known(link, "round_trip_us", micro).value_or(0));
        }
        const auto free = known(its, "slots_free");
        rows.push_back(
            {{shown(its, "name")},
             {fmt::format("{} of {} up", up, links.size()), up == 0},
             {worst > 0 ? fmt::format("{:.1f} ms", worst * 1e3) : "-"},
             {fmt::format("{} of {}", amount(free), amount(known(its, "slots"))), free == 0.0}});
    }
    return table("Accounts", {"account", "links", "slowest round trip", "free budget"}, rows);
}

std::string sources(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element its : list(status, "sources"))
        rows.push_back(
            {{shown(its, "name")},
             {shown(its, "phase"), flag(its, "expected") && field(its, "phase") != "attached"},
             {age(known(its, "signal_ms_ago", milli))}});
    return table("Sources", {"source", "phase", "last signal"}, rows);
}

// "sent 0.021 ms, accepted 1.5 ms, verified 212 ms": since the trip, as far as it has come.
std::string stages(dom::element trip) {
    constexpr std::pair<const char*, const char*> names[] = {{"decided", "decided_us"},
                                                             {"sent", "sent_us"},
                                                             {"on the wire", "wire_us"},
                                                             {"accepted", "accepted_us"},
                                                             {"verified", "verified_us"}};
    std::string out;
    for (const auto& [stage, key] : names)
        if (has(trip, key))
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", stage, after(trip, key));
    if (has(trip, "served_by")) out += fmt::format(" served by trip {}", shown(trip, "served_by"));
    if (has(trip, "rearmed_by"))
        out += fmt::format("; armed by {}: {}", shown(trip, "rearmed_by"),
                           shown(trip, "rearm_reason"));
    return out.empty() ? "-" : out;
}

std::string trips(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element its : list(status, "trips")) {
        const bool is_well = field(its, "verdict") == "VERIFIED";
        rows.push_back({{shown(its, "trip") + (flag(its, "drill") ? " (drill)" : "")},
                        {shown(its, "verdict"), !is_well},
                        {shown(its, "time")},
                        {shown(its, "cause")},
                        {stages(its)}});
    }
    return table("Last trips", {"trip", "verdict", "time", "cause", "after the trip"}, rows);
}

std::string how(dom::element family) {
    std::string out = shown(family, "how");
    if (has(family, "served_by")) out += " by trip " + shown(family, "served_by");
    if (has(family, "continued_by")) out += ", goes on as trip " + shown(family, "continued_by");
    return out;
}

// What became of each family of the last trips.
std::string receipts(dom::element status) {
    std::vector<Row> rows;
    for (const dom::element trip : list(status, "trips")) {
        const std::string number = shown(trip, "trip");
        for (const dom::element its : list(trip, "families"))
            rows.push_back({{number},
                            {shown(its, "family")},
                            {how(its)},
                            {after(its, "accepted_us"), !flag(its, "accepted")},
                            {after(its, "verified_us"), !flag(its, "verified")},
                            {shown(its, "attempts")},
                            {html_text(field(its, "found", "0"))},
                            {shown(its, "rest")},
                            {after(its, "rearmed_us")}});
        if (const auto more = known(trip, "families_left_out").value_or(0); more > 0)
            rows.push_back({{number}, {fmt::format("and {:.0f} more", more)}});
    }
    return table("What they did",
                 {"trip", "family", "how", "accepted", "verified", "requests", "reads with orders",
                  "other orders", "armed"},
                 rows);
}

std::string drills(dom::element status) {
    std::vector<std::string> overdue;
    for (const dom::element its : list(status, "not_ready_reasons"))
        if (field(its, "reason_code") == "drill") overdue.push_back(field(its, "account"));
    const auto days = known(status, "drill_max_age_days");
    std::vector<Row> rows;
    for (const dom::element its : list(status, "accounts")) {
        const std::string account = field(its, "name");
        const auto last = known(its, "last_drill_wall_ms");
        const bool is_overdue = std::ranges::find(overdue, account) != overdue.end();
        const std::string due = !days   ? "none asked for"
                                : !last ? "now"
                                        : moment(*last + *days * day);
        rows.push_back({{html_text(account)},
                        {last ? moment(*last) : "none is known", is_overdue},
                        {due, is_overdue}});
    }
    return table("Drills", {"account", "last one verified", "next one due"}, rows);
}

std::string latched(dom::element status) {
    std::size_t count = 0;
    for (const dom::element its : list(status, "families"))
        count += field(its, "gate") == "closed" ? 1 : 0;
    if (count == 0) return {};
    return fmt::format("<p class=\"verdict bad\">{} latched</p>", count);
}

std::string title_of(const Look& look) {
    if (!look.life) return "NO STATUS PAGE";
    if (*look.life == PageLife::hangs) return "HANGS";
    if (!look.moves()) return *look.life == PageLife::gone ? "GONE" : "NOT RUNNING";
    return look.status && flag(*look.status, "ready") ? "READY" : "NOT READY";
}

std::string head(const Look& look) {
    const std::string title = title_of(look);
    std::string out =
        fmt::format("<p class=\"verdict {}\" role=\"status\" data-title=\"{}\">{}</p>",
                    title == "READY" ? "good" : "bad", title, title);
    if (!look.life || !look.status) out += fmt::format("<p>{}</p>", html_text(look.trouble));
    if (look.life && !look.moves())
        out += fmt::format("<p class=\"age\">scramd {}. What follows is of then.</p>",
                           html_text(look.life_text()));
    if (!look.status) return out;
    out += latched(*look.status);
    out += fmt::format("<p class=\"age\">{} old</p><p>{}</p>", age(seconds_of(look.status_age)),
                       shown(*look.status, "summary"));
    return out + fmt::format("<p>scramd {}, pid {}, config {:.12}</p>",
                             shown(*look.status, "version"), look.pid,
                             shown(*look.status, "config_sha256"));
}

}  // namespace

std::string web_board(const Look& look) {
    std::string out = head(look);
    if (!look.status) return out;
    for (const auto section :
         {reasons, alarms, families, rules, accounts, sources, trips, receipts, drills})
        out += section(*look.status);
    return out;
}

std::string web_page(const Look& look) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"
        "<title>{}</title><link rel=\"stylesheet\" href=\"/page.css\">"
        "<script src=\"/page.js\" defer></script></head>\n<body><h1>scramd</h1>"
        "<p id=\"silence\" class=\"verdict bad\" role=\"alert\" hidden></p>\n"
        "<main id=\"board\">{}</main>\n</body></html>\n",
        title_of(look), web_board(look));
}

}  // namespace scram
