#include "daemon/scramctl/status_text.h"

#include "daemon/common/json_fields.h"
#include "daemon/log/line.h"
#include "daemon/scramctl/latency_text.h"
#include "daemon/scramctl/outcome_text.h"

namespace scram {
using namespace printing;
namespace {

// "412.0 us at 2026-03-01 12:00:01.250 (breach, answer)"
std::string iteration_text(dom::element turn) {
    const std::string work = field(turn, "work", "");
    return fmt::format("{} at {}{}", duration_text(1000 * number(turn, "wall_us")),
                       utc_time(static_cast<std::int64_t>(number(turn, "at"))),
                       work.empty() ? "" : " (" + work + ")");
}

std::string loop_text(dom::element status) {
    dom::element turn;
    std::string out = "longest event-loop iteration: ";
    if (status["loop_max"].get(turn) != simdjson::SUCCESS || turn.is_null())
        return out + "not measured yet\n";
    out += iteration_text(turn);
    if (status["loop_max_of_minute"].get(turn) == simdjson::SUCCESS && !turn.is_null())
        out += "; of the last minute: " + iteration_text(turn);
    return out + "\n";
}

// "frames on eth0: 812 requests, 3 by send() alone (unlearned 2, in_flight 1)"; nothing if off.
std::string frames_text(dom::element status) {
    dom::element frames;
    dom::object reasons;
    const bool on = status["frames"].get(frames) == simdjson::SUCCESS &&
                    frames["not_sent"].get(reasons) == simdjson::SUCCESS;
    if (!on) return {};
    std::string parts;
    double alone = 0;
    for (const auto [why, count] : reasons) {
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", why, text_of(count));
        alone += number(frames["not_sent"], why);
    }
    return fmt::format("frames on {}: {} requests, {} by send() alone{}\n", field(frames, "device"),
                       field(frames, "sent"), alone, parts.empty() ? "" : " (" + parts + ")");
}

std::string clock_text(dom::element status);
std::string refused_text(dom::element status);

std::string status_head(dom::element status) {
    std::string out = fmt::format("scramd {}, pid {}: {}\n", field(status, "version"),
                                  field(status, "pid"), field(status, "summary"));
    if (flag(status, "ready")) out += "ready: a breach fires at once\n";
    out += troubles_text(status);
    return out + clock_text(status) + loop_text(status) + frames_text(status) +
           refused_text(status);
}

// "refused: 37 (trip 12, idle_timeout 25), the last 0.4 s ago: trip, uid 1000, pid 4711"; nothing
// if none.
std::string refused_text(dom::element status) {
    dom::element refused, last;
    dom::object kinds;
    const bool any = status["refused"].get(refused) == simdjson::SUCCESS &&
                     refused.get(kinds) == simdjson::SUCCESS &&
                     refused["last"].get(last) == simdjson::SUCCESS;
    if (!any) return {};
    std::string parts;
    for (const auto [kind, count] : kinds) {
        if (kind == "total" || kind == "last" || number(refused, kind) == 0) continue;
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", kind, text_of(count));
    }
    return fmt::format("refused: {} ({}), the last {:.1f} s ago: {}, uid {}, pid {}\n",
                       field(refused, "total"), parts, number(last, "ms_ago") / 1000,
                       field(last, "kind"), field(last, "uid"), field(last, "pid"));
}

std::string clock_text(dom::element status) {
    dom::element clock;
    if (status["clock"].get(clock) != simdjson::SUCCESS || !flag(clock, "synced"))
        return "exchange clock offset: not measured yet\n";
    return fmt::format("exchange clock offset {:+.0f} ms (+/- {:.1f} ms)\n",
                       number(clock, "ahead_ms"), number(clock, "uncertainty_us") / 1000);
}

std::string status_family(dom::element family) {
    std::string last = field(family, "last_class", "");
    if (!last.empty())
        last += fmt::format(" (http {}, code {})", field(family, "last_http"),
                            field(family, "last_code"));
    if (flag(family, "unfinished"))
        last += fmt::format(", unfinished after {} tries", field(family, "failures"));
    const std::string holds = field(family, "holds", "");
    if (!holds.empty()) last += fmt::format(", rule {} is still in breach", holds);
    return fmt::format("{:<24} {:<11} {:<7} {:<5} {}\n", field(family, "name"),
                       field(family, "state"), field(family, "gate"), field(family, "trip"), last);
}

std::string link_text(dom::element link) {
    const std::string phase = field(link, "phase");
    std::string out = fmt::format("  {:<22} {:<11} ", field(link, "name"), phase);
    if (phase == "down") return out + field(link, "lost") + "\n";
    out += fmt::format("{} ({}) {}", field(link, "host"), field(link, "peer"), field(link, "tls"));
    dom::element rehearsed;
    if (link["rehearsed_ms_ago"].get(rehearsed) != simdjson::SUCCESS)
        return out + ", not rehearsed yet\n";
    return out + fmt::format(", round trip {:.2f} ms, rehearsed {:.1f} s ago\n",
                             number(link, "round_trip_us") / 1000,
                             number(link, "rehearsed_ms_ago") / 1000);
}

// "armed: OKX cancels in 27.3 s unless it is fed; fed 2.7 s ago"
std::string dead_man_text(dom::element timer) {
    const std::string state = field(timer, "state");
    std::string out = state;
    if (state == "armed")
        out += fmt::format(": OKX cancels in {:.1f} s unless it is fed",
                           number(timer, "left_ms") / 1000);
    if (state == "expired") out += ": not fed in time, so OKX has cancelled";
    if (has(timer, "fed_ms_ago"))
        out += fmt::format("; fed {:.1f} s ago", number(timer, "fed_ms_ago") / 1000);
    if (flag(timer, "switched_off")) out += "; switched off by an operator, until on or a restart";
    if (!flag(timer, "ready")) out += "; NOT FED: a breach would not fire, see scramctl ready";
    const std::string tag = field(timer, "tag", "");
    out += tag.empty() ? "; sweeps everything of the account" : "; sweeps what has the tag " + tag;
    const std::string last = field(timer, "last_class", "accepted");
    return last == "accepted" ? out : out + "; last answer: " + last;
}

std::string account_text(dom::element account) {
    std::string out =
        fmt::format("account {}: {} of {} slots free, oldest signature {:.1f} s\n",
                    field(account, "name"), field(account, "slots_free"), field(account, "slots"),
                    number(account, "signature_age_ms") / 1000);
    dom::element timer;
    if (account["dead_man"].get(timer) == simdjson::SUCCESS)
        out += fmt::format("dead man's switch of {}: {}\n", field(account, "name"),
                           dead_man_text(timer));
    for (const dom::element link : list(account, "links")) out += link_text(link);
    return out;
}

// "rule delta: 24.1 of 25 (96 %), mm-1/BTC-USD, maker-1, IN BREACH"
std::string rule_text(dom::element rule) {
    std::string out = fmt::format("rule {}: ", field(rule, "rule"));
    if (!has(rule, "value")) {
        out += "no value yet";
    } else {
        out += fmt::format("{:.10g}, limit {:.10g}", number(rule, "value"), number(rule, "limit"));
        if (has(rule, "share")) out += fmt::format(" ({:.0f} %)", 100 * number(rule, "share"));
    }
    for (const char* key : {"family", "source"}) {
        if (has(rule, key)) out += ", " + field(rule, key);
    }
    if (flag(rule, "holds")) out += ", IN BREACH";
    return out + (flag(rule, "shadow") ? ", shadow\n" : "\n");
}

// "values mm-1/BTC-USD: delta=12.5 vega=40 (93 s old) pnl=-": of pnl nothing is known.
std::string values_text(dom::element values) {
    constexpr double old_s = 10;  // a value that is older says so
    std::string out = fmt::format("values {}:", field(values, "family"));
    dom::object sums;
    if (values["sums"].get(sums) != simdjson::SUCCESS) return out + "\n";
    dom::element ages;
    const bool aged = values["ages_ms"].get(ages) == simdjson::SUCCESS;
    for (const auto [metric, value] : sums) {
        const double age_s = aged ? number(ages, metric) / 1000 : 0;
        out += fmt::format(" {}={}", metric, value.is_null() ? "-" : text_of(value));
        if (age_s >= old_s) out += fmt::format(" ({:.0f} s old)", age_s);
    }
    return out + "\n";
}

}  // namespace

std::string troubles_text(dom::element status) {
    std::string out;
    if (!flag(status, "ready"))
        out += fmt::format("NOT READY: {}\n", field(status, "unready_reason"));
    dom::element journal;
    if (status["journal"].get(journal) == simdjson::SUCCESS && !flag(journal, "healthy"))
        out += fmt::format("JOURNAL: {} ({} records lost)\n", field(journal, "reason"),
                           field(journal, "records_lost"));
    dom::element receipts;
    if (status["receipts"].get(receipts) == simdjson::SUCCESS && !flag(receipts, "healthy"))
        out += fmt::format("RECEIPTS: {} ({} not written)\n", field(receipts, "reason"),
                           field(receipts, "failed"));
    dom::element recording;
    if (status["recording"].get(recording) == simdjson::SUCCESS &&
        (!flag(recording, "healthy") || number(recording, "records_lost") > 0))
        out += fmt::format("RECORDING: {} ({} records lost)\n",
                           flag(recording, "healthy") ? "it goes on" : field(recording, "reason"),
                           field(recording, "records_lost"));
    for (const dom::element warning : list(status, "config_warnings"))
        out += fmt::format("CONFIG: {}\n", text_of(warning));
    if (const std::string why = field(status, "families_unknown_reason", ""); !why.empty())
        out += fmt::format("NOT COMPARED with the exchange's list of option families: {}\n", why);
    if (const std::string names = field(status, "unwatched", ""); !names.empty())
        out += fmt::format("NOT WATCHED by any rule on a value: {}\n", names);
    return out;
}

std::string ready_text(dom::element status) {
    return flag(status, "ready") ? "ready" : "not ready: " + field(status, "unready_reason");
}

std::string ready_json(dom::element status) {
    return JsonObject()
        .add("ready", flag(status, "ready"))
        .add_raw("reason", raw(status, "unready_reason"))
        .add_raw("not_ready_reasons", raw(status, "not_ready_reasons"))
        .text();
}

std::string dead_men_text(dom::element answer) {
    std::string out;
    for (const dom::element its : list(answer, "dead_men")) {
        dom::element timer;
        if (its["dead_man"].get(timer) == simdjson::SUCCESS)
            out += fmt::format("{}: {}\n", field(its, "account"), dead_man_text(timer));
    }
    return out.empty() ? "no account has a dead man's switch (dead_man in the config)\n" : out;
}

std::string reloaded_text(dom::element answer) {
    const auto changes = list(answer, "changes");
    if (changes.empty()) return "the file is in effect; nothing in it has changed\n";
    std::string out = "the file is in effect\n";
    for (const dom::element change : changes) out += text_of(change) + "\n";
    return out;
}

std::string status_text(dom::element status) {
    std::string out = status_head(status) + "\n";
    out += fmt::format("{:<24} {:<11} {:<7} {:<5} {}\n", "FAMILY", "STATE", "GATE", "TRIP",
                       "LAST ANSWER");
    for (const dom::element family : list(status, "families")) out += status_family(family);
    out += "\n";
    for (const dom::element account : list(status, "accounts")) out += account_text(account);
    out += "\n";
    for (const dom::element source : list(status, "sources")) {
        const bool missing = flag(source, "expected") && field(source, "phase") != "attached";
        out += fmt::format("source {}: {}{}\n", field(source, "name"), field(source, "phase"),
                           missing ? ", EXPECTED" : "");
    }
    for (const dom::element rule : list(status, "rules")) out += rule_text(rule);
    for (const dom::element values : list(status, "values")) out += values_text(values);
    return out;
}

std::string state_text(dom::element status) {
    if (!flag(status, "ok")) return {};
    std::string out = status_head(status);
    for (const dom::element family : list(status, "families")) {
        if (field(family, "gate") == "closed") out += latched_text(family);
    }
    return out;
}

std::string event_text(std::string_view json) {
    dom::parser parser;
    dom::object event;
    if (parser.parse(json.data(), json.size()).get(event) != simdjson::SUCCESS)
        return std::string(json);
    std::string out;
    for (const auto [key, value] : event) {
        std::int64_t wall_ms = 0;
        if (key == "event") {
            out += text_of(value);
        } else if (key == "wall_ms" && value.get(wall_ms) == simdjson::SUCCESS) {
            out = clock_time(wall_ms) + " " + out;
        } else {
            out += fmt::format(" {}={}", key, log_value(text_of(value)));
        }
    }
    return out;
}

}  // namespace scram
