#include "daemon/scramctl/top_frame.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "daemon/common/json_fields.h"

namespace scram {
using namespace printing;
namespace {

using Lines = std::vector<ScreenLine>;

// A heading with its lines; `least` of them are shown before any other section has more.
struct Section {
    std::string heading;
    Lines lines{};
    std::size_t least = 2;
    std::size_t shown = 0;
};

// ---- Pieces -------------------------------------------------------------------------------------

// Those that pass the test come first; else as they stand.
template <class Test>
std::vector<dom::element> with_first(const std::vector<dom::element>& items, Test test) {
    std::vector<dom::element> out;
    std::copy_if(items.begin(), items.end(), std::back_inserter(out), test);
    std::remove_copy_if(items.begin(), items.end(), std::back_inserter(out), test);
    return out;
}

bool is_sequence_start(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_sequence_start));
}

// In at most so many columns; a character of several bytes is not cut.
std::string cut_to(std::string text, std::size_t width_max) {
    if (width_of(text) <= width_max) return text;
    const std::string_view mark = width_max >= 8 ? "..." : "";
    std::size_t end = 0, width = 0;
    for (; end < text.size(); ++end) {
        if (!is_sequence_start(text[end])) continue;
        if (width == width_max - mark.size()) break;
        ++width;
    }
    return text.substr(0, end).append(mark);
}

// "[######....]  60 %"
std::string bar_text(double share, std::size_t width) {
    const double full = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
    const auto filled = static_cast<std::size_t>(std::lround(full));
    return fmt::format("[{}{}] {:>3.0f} %", std::string(filled, '#'),
                       std::string(width - filled, '.'), std::min(100 * share, 9999.0));
}

Tone tone_of_share(double share) {
    return share >= 1 ? Tone::bad : share >= 0.8 ? Tone::warning : Tone::plain;
}

std::size_t bar_width(ScreenSize size) {
    return std::clamp<std::size_t>(size.columns / 4, 5, 60);
}

std::size_t name_width(const std::vector<dom::element>& items, std::string_view key) {
    std::size_t width = 8;
    for (const dom::element item : items) width = std::max(width, width_of(field(item, key)));
    return width;
}

// "24.1 of 25   [#########.] 96 %" of what has a value.
std::string use_text(dom::element its, std::size_t width) {
    const std::string value =
        fmt::format("{:.6g} of {:.6g}", number(its, "value"), number(its, "limit"));
    if (!has(its, "share")) return value;
    return fmt::format("{:<18} {}", value, bar_text(number(its, "share"), width));
}

// ---- Sections -----------------------------------------------------------------------------------

ScreenLine family_line(dom::element family, std::size_t width, ScreenSize size) {
    const bool open = field(family, "gate") == "open";
    std::string out =
        fmt::format("{:<{}} {:<10} ", field(family, "name"), width, field(family, "state"));
    if (!open) {
        out += fmt::format(
            "trip {}, {} ago: {}", field(family, "trip"),
            span_text(number(family, "tripped_ms_ago") / 1000),
            flag(family, "unfinished") ? "NOT accepted yet" : field(family, "cause", "held"));
        return {out, Tone::bad};
    }
    dom::element nearest;
    if (family["nearest"].get(nearest) != simdjson::SUCCESS)
        return {out + "no value of a rule yet", Tone::plain};
    out += fmt::format("{}: {}", field(nearest, "rule"), use_text(nearest, bar_width(size) / 2));
    return {out, tone_of_share(number(nearest, "share"))};
}

double nearest_share(dom::element family) {
    dom::element nearest;
    return family["nearest"].get(nearest) == simdjson::SUCCESS ? number(nearest, "share") : -1;
}

std::vector<dom::element> nearest_first(const std::vector<dom::element>& families) {
    std::vector<std::pair<double, std::size_t>> order;
    for (const dom::element family : families)
        order.emplace_back(-nearest_share(family), order.size());
    std::sort(order.begin(), order.end());
    std::vector<dom::element> out;
    for (const auto& [share, at] : order) out.push_back(families[at]);
    return out;
}

// Those that are latched, then those that are nearest to a limit.
Section families_section(dom::element status, ScreenSize size) {
    const auto is_open = [](dom::element family) { return field(family, "gate") == "open"; };
    const auto families = with_first(nearest_first(list(status, "families")), std::not_fn(is_open));
    const auto open = std::count_if(families.begin(), families.end(), is_open);
    Section out{fmt::format("FAMILIES  {} armed, {} latched", open,
                            static_cast<std::ptrdiff_t>(families.size()) - open)};
    out.least = 4;
    const std::size_t width = name_width(families, "name");
    for (const dom::element family : families)
        out.lines.push_back(family_line(family, width, size));
    return out;
}

ScreenLine rule_line(dom::element rule, std::size_t width, ScreenSize size) {
    std::string out = fmt::format("{:<{}} ", field(rule, "rule"), width);
    out += has(rule, "value") ? use_text(rule, bar_width(size)) : "no value yet";
    for (const char* key : {"family", "source"}) {
        if (has(rule, key)) out += " " + field(rule, key);
    }
    const bool shadow = flag(rule, "shadow");
    if (flag(rule, "holds")) out += " IN BREACH";
    if (shadow) out += " (shadow)";
    return {out, shadow ? Tone::plain : tone_of_share(number(rule, "share"))};
}

Section rules_section(dom::element status, ScreenSize size) {
    const auto rules = list(status, "rules");
    Section out{"RULES  what each uses of its limit"};
    out.least = 3;
    const std::size_t width = name_width(rules, "rule");
    for (const dom::element rule : rules) out.lines.push_back(rule_line(rule, width, size));
    return out;
}

Section reasons_section(dom::element status) {
    Section out{"NOT READY BECAUSE"};
    for (const dom::element reason : list(status, "not_ready_reasons")) {
        const std::string account = field(reason, "account", "");
        out.lines.push_back(
            {(account.empty() ? "" : account + ": ") + field(reason, "reason"), Tone::bad});
    }
    return out;
}

void add_unhealthy(dom::element status, const char* key, const char* named, Lines& out) {
    dom::element part;
    if (status[key].get(part) == simdjson::SUCCESS && !flag(part, "healthy"))
        out.push_back({fmt::format("{}: {}", named, field(part, "reason")), Tone::bad});
}

Section alarms_section(dom::element status) {
    Section out{"ALARMS"};
    for (const dom::element account : list(status, "accounts")) {
        const std::string name = field(account, "name");
        for (const dom::element alarm : list(account, "alarms"))
            out.lines.push_back({fmt::format("{}: {}", name, text_of(alarm)), Tone::bad});
        dom::element timer;
        if (account["dead_man"].get(timer) == simdjson::SUCCESS && field(timer, "state") != "armed")
            out.lines.push_back(
                {fmt::format("{}: dead man's switch {}", name, field(timer, "state")), Tone::bad});
    }
    add_unhealthy(status, "journal", "journal", out.lines);
    add_unhealthy(status, "receipts", "receipts", out.lines);
    add_unhealthy(status, "recording", "recording", out.lines);
    return out;
}

bool is_attached(dom::element source) {
    return field(source, "phase") == "attached";
}

Section sources_section(dom::element status) {
    const auto is_missing = [](dom::element source) {
        return flag(source, "expected") && !is_attached(source);
    };
    const auto sources =
        with_first(with_first(list(status, "sources"), std::not_fn(is_attached)), is_missing);
    Section out{fmt::format("SOURCES  {} of {} attached",
                            std::count_if(sources.begin(), sources.end(), is_attached),
                            sources.size())};
    const std::size_t width = name_width(sources, "name");
    for (const dom::element source : sources) {
        const bool missing = is_missing(source);
        const std::string age = has(source, "signal_ms_ago")
                                    ? span_text(number(source, "signal_ms_ago") / 1000) + " ago"
                                    : "never";
        out.lines.push_back(
            {fmt::format("{:<{}} {:<9} last signal {}{}", field(source, "name"), width,
                         field(source, "phase"), age, missing ? ", EXPECTED" : ""),
             missing ? Tone::bad : Tone::plain});
    }
    return out;
}

// "mm-1  5 of 5 links up, round trip 0.41 ms; budget [#####] 5 of 5 slots free"
ScreenLine account_line(dom::element account, std::size_t width) {
    const auto links = list(account, "links");
    std::size_t up = 0;
    double best_us = 0;
    for (const dom::element link : links) {
        if (field(link, "phase") == "down") continue;
        ++up;
        const double us = number(link, "round_trip_us");
        if (us > 0) best_us = best_us > 0 ? std::min(best_us, us) : us;
    }
    const auto count = [account](const char* key) {
        return static_cast<std::size_t>(std::clamp(number(account, key), 0.0, 99.0));
    };
    const std::size_t slots = count("slots"), free = std::min(count("slots_free"), slots);
    std::string out =
        fmt::format("{:<{}} {} of {} links up", field(account, "name"), width, up, links.size());
    if (best_us > 0) out += fmt::format(", round trip {:.2f} ms", best_us / 1000);
    out += fmt::format("; budget [{}{}] {} of {} slots free", std::string(free, '#'),
                       std::string(slots - free, '.'), free, slots);
    const Tone tone = up == 0                             ? Tone::bad
                      : up < links.size() || free < slots ? Tone::warning
                                                          : Tone::plain;
    return {out, tone};
}

Section accounts_section(dom::element status) {
    const auto accounts = list(status, "accounts");
    Section out{"LINKS AND BUDGET"};
    const std::size_t width = name_width(accounts, "name");
    for (const dom::element account : accounts) {
        out.lines.push_back(account_line(account, width));
        for (const dom::element link : list(account, "links")) {
            if (field(link, "phase") == "down")
                out.lines.push_back(
                    {fmt::format("  {} down: {}", field(link, "name"), field(link, "lost", "")),
                     Tone::warning});
        }
    }
    return out;
}

Section trips_section(dom::element status) {
    Section out{"TRIPS  the latest first"};
    for (const dom::element trip : list(status, "trips")) {
        const std::string verdict = field(trip, "verdict");
        out.lines.push_back({fmt::format("{:<4} {:<9} {}  {}", field(trip, "trip"), verdict,
                                         field(trip, "time"), field(trip, "cause")),
                             verdict == "VERIFIED" ? Tone::plain : Tone::warning});
    }
    return out;
}

// ---- The frame ----------------------------------------------------------------------------------

std::size_t height_of(const Section& section) {
    return section.lines.empty() ? 0 : 1 + section.shown;
}

// To each section what it needs, or else its least and then a line in turn; what has no room for
// its least is left out, the last first.
void share_out(std::vector<Section>& sections, std::size_t rows) {
    for (Section& section : sections) section.shown = std::min(section.least, section.lines.size());
    const auto used = [&sections] {
        std::size_t sum = 0;
        for (const Section& section : sections) sum += height_of(section);
        return sum;
    };
    while (!sections.empty() && used() > rows) sections.pop_back();
    for (bool given = true; given && used() < rows;) {
        given = false;
        for (Section& section : sections) {
            if (section.shown == section.lines.size() || used() == rows) continue;
            ++section.shown;
            given = true;
        }
    }
}

void add_section(const Section& section, Lines& out) {
    if (section.lines.empty()) return;
    out.push_back({section.heading, Tone::heading});
    const std::size_t all = section.lines.size();
    const bool whole = section.shown == all;
    const std::size_t count = whole ? all : section.shown - 1;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back({"  " + section.lines[i].text, section.lines[i].tone});
    if (!whole) out.push_back({fmt::format("  ... and {} more", all - count), Tone::plain});
}

Lines head_lines(const TopInput& input, ScreenSize size) {
    Lines out;
    if (input.life != PageLife::moves) out.push_back({input.life_text, Tone::bad});
    if (!input.status) {
        out.push_back({input.missing_text, Tone::bad});
        return out;
    }
    const dom::element status = *input.status;
    const bool ready = flag(status, "ready");
    std::string first = (ready ? "READY  " : "NOT READY  ") + field(status, "summary");
    const std::size_t room =
        size.columns > input.age_text.size() + 2 ? size.columns - input.age_text.size() - 2 : 0;
    first = cut_to(std::move(first), room);
    first.append(room - width_of(first) + 2, ' ').append(input.age_text);
    out.push_back({first, ready ? Tone::good : Tone::bad});
    dom::element clock;
    const bool synced = status["clock"].get(clock) == simdjson::SUCCESS && flag(clock, "synced");
    out.push_back({fmt::format("scramd {}, pid {}, exchange clock {}, config {:.8}",
                               field(status, "version"), field(status, "pid"),
                               synced ? fmt::format("{:+.0f} ms", number(clock, "ahead_ms"))
                                      : "not measured yet",
                               field(status, "config_sha256")),
                   Tone::plain});
    return out;
}

}  // namespace

std::vector<ScreenLine> top_frame(const TopInput& input, ScreenSize size) {
    Lines out = head_lines(input, size);
    if (input.status) {
        const dom::element status = *input.status;
        std::vector<Section> sections{reasons_section(status),        alarms_section(status),
                                      families_section(status, size), rules_section(status, size),
                                      accounts_section(status),       sources_section(status),
                                      trips_section(status)};
        share_out(sections, size.rows > out.size() ? size.rows - out.size() : 0);
        for (const Section& section : sections) add_section(section, out);
    }
    if (out.size() > size.rows) out.resize(size.rows);
    for (ScreenLine& line : out) {
        line.text = cut_to(std::move(line.text), size.columns);
        line.text.erase(line.text.find_last_not_of(' ') + 1);
    }
    return out;
}

}  // namespace scram
