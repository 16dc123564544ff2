// scramctl drills: the reports of a folder, the newest first.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/drill.h"
#include "daemon/scramctl/exit.h"

namespace scram {
namespace fs = std::filesystem;
using namespace printing;
namespace {

constexpr std::uintmax_t report_bytes_max = std::uintmax_t{4} << 20;

std::optional<Reply> read_report(const fs::path& path) {
    std::error_code error;
    if (const auto size = fs::file_size(path, error); error || size > report_bytes_max) return {};
    std::ifstream in(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    auto report = Reply::read(text.substr(0, text.find_last_not_of('\n') + 1));
    const bool is_one = report && field(report->root(), "program") == "scramctl drill" &&
                        has(report->root(), "verdict") && number(report->root(), "wall_ms") > 0;
    return is_one ? std::move(report) : std::nullopt;
}

std::vector<fs::path> reports_in(const std::string& directory, std::error_code& error) {
    std::vector<fs::path> paths;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        const std::string file = at->path().filename().native();
        if (file.starts_with("drill-") && file.ends_with(".json")) paths.push_back(at->path());
    }
    std::sort(paths.rbegin(), paths.rend());  // their names begin with their time
    return paths;
}

std::string summary_json(dom::element report, const fs::path& path) {
    JsonObject out;
    out.add("file", path.native());
    for (const char* key : {"time", "wall_ms", "target", "by", "verdict", "rearm"})
        out.add_raw(key, raw(report, key));
    if (has(report, "next_due_ms")) out.add_raw("next_due_ms", raw(report, "next_due_ms"));
    return out.text();
}

std::string summary_text(dom::element report) {
    const std::string due = has(report, "next_due_ms")
                                ? utc_time(static_cast<std::int64_t>(number(report, "next_due_ms")))
                                : "-";
    return fmt::format("{:<24}  {:<14} {:<24} {:<24} {}\n", field(report, "time"),
                       field(report, "verdict"), due, field(report, "target"), field(report, "by"));
}

void complain_of_report(std::string_view why) {
    fmt::print(stderr, "scramctl: {}\n", why);
}

}  // namespace

int drills_command(const std::string& directory, bool json) {
    std::error_code error;
    const auto paths = reports_in(directory, error);
    if (error) {
        complain_of_report(fmt::format("{}: {}", directory, error.message()));
        return refused;
    }
    JsonArray drills, broken;
    std::string text;
    bool good = true;
    for (const fs::path& path : paths) {
        if (const auto report = read_report(path)) {
            drills.add_raw(summary_json(report->root(), path));
            text += summary_text(report->root());
            continue;
        }
        good = false;
        broken.add_raw(json_string(path.native()));
        complain_of_report(fmt::format("{} is no report of a drill, or is damaged", path.native()));
    }
    if (json)
        fmt::print("{}\n", JsonObject()
                               .add("v", 1)
                               .add("ok", good)
                               .add_raw("drills", drills.text())
                               .add_raw("broken", broken.text())
                               .text());
    else if (text.empty())
        fmt::print("no reports of drills in {}\n", directory);
    else
        fmt::print("{:<24}  {:<14} {:<24} {:<24} {}\n{}", "WHEN", "VERDICT", "NEXT DUE", "TARGET",
                   "BY", text);
    return good ? done : refused;
}

}  // namespace scram
