#include "daemon/scramctl/latency_text.h"

#include "daemon/common/json_fields.h"

namespace scram {
using namespace printing;
namespace {

// "published_to_read" is "published -> read" here.
std::string stage_label(std::string_view name) {
    const std::size_t to = name.find("_to_");
    if (to == std::string_view::npos) return std::string(name);
    return fmt::format("{} -> {}", name.substr(0, to), name.substr(to + 4));
}

std::string cell(dom::element stage, std::string_view key) {
    return has(stage, key) ? duration_text(number(stage, key)) : "-";
}

std::string stage_text(std::string_view name, dom::element stage) {
    return fmt::format("{:<21} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", stage_label(name),
                       field(stage, "count"), cell(stage, "p50_ns"), cell(stage, "p90_ns"),
                       cell(stage, "p99_ns"), cell(stage, "p999_ns"), cell(stage, "max_ns"));
}

std::string table_text(dom::element answer, std::string_view key) {
    dom::element set;
    const bool any = answer[key].get(set) == simdjson::SUCCESS && number(set, "requests") > 0;
    if (!any) return fmt::format("{}: none yet\n", key);
    std::string out = fmt::format("{}: {}", key, field(set, "requests"));
    if (number(set, "unanswered") > 0)
        out += fmt::format(", {} without an answer", field(set, "unanswered"));
    out += fmt::format("\n{:<21} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "", "COUNT", "p50", "p90",
                       "p99", "p99.9", "max");
    dom::object stages;
    if (set["stages"].get(stages) != simdjson::SUCCESS) return out;
    for (const auto [name, stage] : stages) out += stage_text(name, stage);
    return out;
}

}  // namespace

std::string duration_text(double ns) {
    if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
    if (ns < 1e6) return fmt::format("{:.1f} us", ns / 1e3);
    if (ns < 1e9) return fmt::format("{:.2f} ms", ns / 1e6);
    return fmt::format("{:.2f} s", ns / 1e9);
}

std::string latency_text(dom::element answer) {
    return fmt::format(
        "since {}\nmax is exact, a percentile at most {:g} % too high\n"
        "sent: send() has returned; wire: the kernel's TX stamp, where it gives one\n\n{}\n{}",
        utc_time(static_cast<std::int64_t>(number(answer, "since_ms"))),
        100 * number(answer, "error_max"), table_text(answer, "attempts"),
        table_text(answer, "rehearsals"));
}

}  // namespace scram
