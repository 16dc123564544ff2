#include "daemon/scramctl/receipt_text.h"

#include <cmath>
#include <vector>

#include "daemon/common/json_fields.h"

namespace scram {
using namespace printing;
namespace {

// "+51.0 us", "+2.31 ms", "-9.87 s", "+3 min 12 s"
std::string offset_text(double us) {
    const char sign = us < 0 ? '-' : '+';
    const double size = std::fabs(us);
    if (size < 1e3) return fmt::format("{}{:.1f} us", sign, size);
    if (size < 1e6) return fmt::format("{}{:.2f} ms", sign, size / 1e3);
    if (size < 120e6) return fmt::format("{}{:.2f} s", sign, size / 1e6);
    const auto seconds = static_cast<std::int64_t>(size / 1e6);
    if (seconds < 7200) return fmt::format("{}{} min {} s", sign, seconds / 60, seconds % 60);
    return fmt::format("{}{} h {} min", sign, seconds / 3600, seconds / 60 % 60);
}

std::string offset(dom::element object, std::string_view key) {
    return offset_text(number(object, key));
}

std::string time_of(dom::element receipt) {
    return utc_time(static_cast<std::int64_t>(number(receipt, "wall_ms")));
}

std::string_view meaning(const std::string& verdict) {
    if (verdict == "VERIFIED") return "the exchange's book shows none of their MMP orders";
    if (verdict == "ACCEPTED")
        return "the exchange took each cancel; its book is not read to an end";
    if (verdict == "HELD") return "latched, and NOTHING was cancelled: quotes may rest";
    if (verdict == "PARTIAL") return "NOT every family is accepted by the exchange";
    return "the exchange has accepted NOTHING yet";
}

std::string receipt_head(dom::element receipt) {
    const std::string verdict = field(receipt, "verdict");
    std::string out =
        fmt::format("trip {}: {}: {}\n", field(receipt, "trip"), verdict, meaning(verdict));
    out += fmt::format("{}     {}\n", flag(receipt, "before_start") ? "start" : "at   ",
                       time_of(receipt));
    out += fmt::format("by        {}\n", field(receipt, "cause"));
    if (has(receipt, "served_by"))
        out += fmt::format("          served by the cancels of trip {}, which were under way\n",
                           field(receipt, "served_by"));
    if (has(receipt, "published_us"))
        out += fmt::format("{:>10}  signal published by its source\n",
                           offset(receipt, "published_us"));
    if (has(receipt, "decided_us"))
        out += fmt::format("{:>10}  decided: fire\n", offset(receipt, "decided_us"));
    return out;
}

// ---- Families -----------------------------------------------------------------------------------

std::string outcome_text(dom::element family) {
    const std::string how = field(family, "how");
    if (flag(family, "verified")) return fmt::format("verified {}", offset(family, "verified_us"));
    if (flag(family, "accepted"))
        return how == "restored" && !(number(family, "accepted_us") > 0)
                   ? "accepted before this start"
                   : fmt::format("accepted {}", offset(family, "accepted_us"));
    if (has(family, "continued_by"))
        return fmt::format("goes on as trip {}", field(family, "continued_by"));
    if (how == "held")
        return fmt::format("HELD, not cancelled; to cancel: scramctl trip {}",
                           field(family, "family"));
    return "NOT ACCEPTED";
}

std::string how_text(dom::element family) {
    const std::string how = field(family, "how");
    if (how == "served")
        return fmt::format("by the cancel under way for trip {}", field(family, "served_by"));
    if (how == "restored") return "latched before this start";
    const std::string attempts = field(family, "attempts");
    return fmt::format("{}, {} attempt{}", how == "held" ? "latched" : how, attempts,
                       attempts == "1" ? "" : "s");
}

std::string rearm_text(dom::element family) {
    if (!has(family, "rearmed_us")) return {};
    std::string out = fmt::format(", armed again {}", offset(family, "rearmed_us"));
    if (has(family, "lock_released_us"))
        out += fmt::format(" (lock released {})", offset(family, "lock_released_us"));
    if (has(family, "lock_expired_us"))
        out += fmt::format(" (lock ran out {})", offset(family, "lock_expired_us"));
    return out;
}

// What the exchange's book showed.
std::string book_text(dom::element family) {
    std::string out;
    if (number(family, "found") > 0)
        out += fmt::format("    found resting and cancelled again: {} times\n",
                           field(family, "found"));
    if (number(family, "rest_cancelled") > 0)
        out += fmt::format("    {} other orders cancelled one by one\n",
                           field(family, "rest_cancelled"));
    if (number(family, "rest") > 0)
        out += fmt::format("    {} orders that a mass-cancel does not reach still rest\n",
                           field(family, "rest"));
    return out;
}

std::string attempt_text(dom::element attempt);

std::string receipt_family(dom::element family) {
    std::string out = fmt::format("  {:<24} {:<24} {}{}\n", field(family, "family"),
                                  outcome_text(family), how_text(family), rearm_text(family));
    out += book_text(family);
    dom::element last;
    if (family["last_attempt"].get(last) == simdjson::SUCCESS)
        out += "    its last: " + attempt_text(last);
    return out;
}

// ---- Attempts and signals -----------------------------------------------------------------------

std::string answer_text(dom::element attempt) {
    std::string out = fmt::format("{}, http {}", field(attempt, "class"), field(attempt, "http"));
    if (has(attempt, "code")) out += fmt::format(", code {}", field(attempt, "code"));
    const std::string why = field(attempt, "why", "");
    return why.empty() ? out : out + ": " + why;
}

std::string end_text(dom::element attempt) {
    if (has(attempt, "answered_us"))
        return fmt::format("answered {:>10}  {}", offset(attempt, "answered_us"),
                           answer_text(attempt));
    if (has(attempt, "lost_us"))
        return fmt::format("LOST     {:>10}  no answer", offset(attempt, "lost_us"));
    return "in flight";
}

std::string attempt_text(dom::element attempt) {
    std::string out =
        fmt::format("  #{:<4} {:<24} {:<10} sent {:>10}  {}", field(attempt, "attempt"),
                    field(attempt, "family"), field(attempt, "link"), offset(attempt, "sent_us"),
                    end_text(attempt));
    if (has(attempt, "wire_us"))
        out += fmt::format(" (on the wire {})", offset(attempt, "wire_us"));
    if (flag(attempt, "hedge")) out += " (hedge)";
    if (flag(attempt, "late")) out += " (after its family was settled)";
    if (flag(attempt, "rearmed")) out += " (after the re-arm)";
    if (number(attempt, "lock_ms") > 0)
        out += fmt::format(" (lock {} ms)", field(attempt, "lock_ms"));
    return out + "\n";
}

std::string attempts_text(dom::element receipt) {
    std::string out;
    for (const dom::element attempt : list(receipt, "attempts")) out += attempt_text(attempt);
    if (out.empty()) out = "  none\n";
    const auto left_out = static_cast<std::uint64_t>(number(receipt, "attempts_left_out"));
    if (left_out > 0) out += fmt::format("  and {} later ones\n", left_out);
    return "attempts, times from the trip\n" + out;
}

std::string read_text(dom::element read) {
    const std::string told = flag(read, "failed")
                                 ? "UNKNOWN: " + answer_text(read)
                                 : fmt::format("{} MMP orders rest", field(read, "orders"));
    return fmt::format("  {:<24} {:<10} sent {:>10}  answered {:>10}  {}\n", field(read, "family"),
                       field(read, "link"), offset(read, "sent_us"), offset(read, "answered_us"),
                       told);
}

std::string reads_text(dom::element receipt) {
    std::string out;
    for (const dom::element read : list(receipt, "reads")) out += read_text(read);
    if (out.empty()) return {};
    const auto left_out = static_cast<std::uint64_t>(number(receipt, "reads_left_out"));
    if (left_out > 0) out += fmt::format("  and {} later ones\n", left_out);
    return "\nthe exchange's book\n" + out;
}

std::string signal_text(dom::element signal) {
    std::string out = fmt::format("  {:>10} {:<16} #{:<8}", offset(signal, "read_us"),
                                  field(signal, "source"), field(signal, "sequence"));
    if (has(signal, "as_source")) out += fmt::format(" as source {}", field(signal, "as_source"));
    if (has(signal, "version")) out += fmt::format(" version {}", field(signal, "version"));
    if (has(signal, "kind")) return out + fmt::format(" {}\n", field(signal, "kind"));
    return out + fmt::format(" {} {} = {}\n", field(signal, "family"), field(signal, "metric"),
                             field(signal, "value"));
}

std::string signals_text(dom::element receipt) {
    if (!has(receipt, "signals")) return "no signals were recorded for it\n";
    std::string out;
    for (const dom::element signal : list(receipt, "signals")) out += signal_text(signal);
    const auto left_out = static_cast<std::uint64_t>(number(receipt, "signals_left_out"));
    std::string head = fmt::format("signals before it ({}", list(receipt, "signals").size());
    if (left_out > 0) head += fmt::format("; {} earlier ones are in its file alone", left_out);
    return head + ")\n" + out;
}

}  // namespace

std::string receipt_text(dom::element receipt, bool signals) {
    std::string out = receipt_head(receipt) + "\nfamilies\n";
    for (const dom::element family : list(receipt, "families")) out += receipt_family(family);
    if (has(receipt, "rearm_wanted_by"))
        out += fmt::format("  arming asked for by {}\n", field(receipt, "rearm_wanted_by"));
    if (has(receipt, "rearmed_by"))
        out += fmt::format("  armed again by {}: {}\n", field(receipt, "rearmed_by"),
                           field(receipt, "rearm_reason"));
    out += "\n" + attempts_text(receipt) + reads_text(receipt);
    return signals ? out + "\n" + signals_text(receipt) : out;
}

std::string receipts_text(const std::vector<dom::element>& receipts) {
    if (receipts.empty()) return "no trips\n";
    std::string out = fmt::format("{:<6} {:<12} {:<24} {}\n", "TRIP", "VERDICT", "WHEN", "BY");
    for (const dom::element receipt : receipts) {
        out += fmt::format("{:<6} {:<12} {:<24} {}", field(receipt, "trip"),
                           field(receipt, "verdict"), time_of(receipt), field(receipt, "cause"));
        if (has(receipt, "served_by"))
            out += fmt::format(" (served by trip {})", field(receipt, "served_by"));
        out += "\n";
    }
    return out;
}

}  // namespace scram
