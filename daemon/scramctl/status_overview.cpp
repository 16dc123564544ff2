// The status on one screen of 80 x 24, for 21 families that are well: what is wrong comes first.
#include <algorithm>
#include <iterator>

#include "daemon/common/json_fields.h"
#include "daemon/scramctl/status_text.h"

namespace scram {
using namespace printing;
namespace {

constexpr std::size_t columns = 80;

// In one line of the screen; a character of several bytes is not cut.
std::string fit(std::string text) {
    if (text.size() <= columns) return text + "\n";
    std::size_t end = columns - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end) + "...\n";
}

// "12.3 s", "34 min", "5 h", "3 d"
std::string age_text(double ms) {
    const double s = ms / 1000;
    if (s < 120) return fmt::format("{:.1f} s", s);
    if (s < 7200) return fmt::format("{:.0f} min", s / 60);
    if (s < 48 * 3600) return fmt::format("{:.0f} h", s / 3600);
    return fmt::format("{:.0f} d", s / 86400);
}

std::string nearest_text(dom::element family) {
    dom::element nearest;
    if (family["nearest"].get(nearest) != simdjson::SUCCESS) return "no value of a rule yet";
    std::string out = fmt::format("{}: {:.6g} of {:.6g}", field(nearest, "rule"),
                                  number(nearest, "value"), number(nearest, "limit"));
    if (has(nearest, "share")) out += fmt::format(" ({:.0f} %)", 100 * number(nearest, "share"));
    return out;
}

std::string unfinished_text(dom::element family) {
    std::string out = fmt::format("NOT accepted, {} tries", field(family, "failures"));
    if (has(family, "last_class")) out += ", last: " + field(family, "last_class");
    if (has(family, "last_code")) out += ", code " + field(family, "last_code");
    return out;
}

std::string why_text(dom::element family) {
    if (field(family, "gate") == "open") return nearest_text(family);
    std::string out = fmt::format("trip {}: ", field(family, "trip"));
    if (flag(family, "unfinished")) return out + unfinished_text(family);
    if (has(family, "rearm_wanted_by")) return out + wanted_text(family);
    const std::string holds = field(family, "holds", "");
    if (!holds.empty()) return out + fmt::format("rule {} is still in breach", holds);
    return out + field(family, "cause", "");
}

std::vector<dom::element> troubled_first(const std::vector<dom::element>& families) {
    const auto is_troubled = [](dom::element family) {
        return field(family, "gate") != "open" || flag(family, "unfinished");
    };
    std::vector<dom::element> out;
    std::copy_if(families.begin(), families.end(), std::back_inserter(out), is_troubled);
    std::remove_copy_if(families.begin(), families.end(), std::back_inserter(out), is_troubled);
    return out;
}

std::string families_text(dom::element status) {
    const auto families = troubled_first(list(status, "families"));
    std::size_t width = 6;
    for (const dom::element family : families)
        width = std::max(width, field(family, "name").size());
    std::string out = fit(fmt::format("{:<{}}  {:<10} {:<8} {}", "FAMILY", width, "STATE", "SINCE",
                                      "WHY, OR WHAT IS NEAREST TO ITS LIMIT"));
    for (const dom::element family : families) {
        const bool latched = has(family, "tripped_ms_ago") && field(family, "gate") != "open";
        out += fit(fmt::format(
            "{:<{}}  {:<10} {:<8} {}", field(family, "name"), width, field(family, "state"),
            latched ? age_text(number(family, "tripped_ms_ago")) : "-", why_text(family)));
    }
    return out;
}

std::string account_troubles(dom::element account) {
    std::string out;
    const std::string name = field(account, "name");
    for (const dom::element alarm : list(account, "alarms"))
        out += fit(fmt::format("ALARM {}: {}", name, text_of(alarm)));
    if (number(account, "slots_free") < number(account, "slots"))
        out += fit(fmt::format("account {}: {} of {} slots free", name,
                               field(account, "slots_free"), field(account, "slots")));
    dom::element timer;
    if (account["dead_man"].get(timer) == simdjson::SUCCESS && flag(timer, "switched_off"))
        out += fit(fmt::format("dead man's switch of {}: switched off by an operator", name));
    for (const dom::element link : list(account, "links")) {
        if (field(link, "phase") == "down")
            out += fit(fmt::format("link {} down: {}", field(link, "name"), field(link, "lost")));
    }
    return out;
}

std::string sources_text(dom::element status) {
    std::string away;
    for (const dom::element source : list(status, "sources")) {
        if (field(source, "phase") == "attached") continue;
        away += fmt::format("{}{} ({})", away.empty() ? "" : ", ", field(source, "name"),
                            field(source, "phase"));
    }
    return away.empty() ? "" : fit("sources not attached: " + away);
}

}  // namespace

std::string overview_text(dom::element status) {
    std::string out = troubles_text(status);
    for (const dom::element account : list(status, "accounts")) out += account_troubles(account);
    out += sources_text(status);
    const std::string summary = field(status, "summary");
    out += fit(flag(status, "ready") ? "ready: " + summary : summary);
    return out + families_text(status);
}

}  // namespace scram
