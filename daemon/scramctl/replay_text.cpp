#include "daemon/scramctl/replay_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

#include "core/base/iso_time.h"
#include "daemon/common/json.h"

namespace scram {
namespace {

constexpr std::size_t rows_max = 1000;  // of the table; JSON has all that are kept

std::string wall_text(WallMillis wall) {
    const auto text =
        timestamp_text({std::clamp<std::int64_t>(wall.value, 0, timestamp_max.value)});
    return {text.data(), text.size()};
}

enum class Found : std::uint8_t { same, added, missed };

std::string_view verdict_of(Found found, bool shadow) {
    switch (found) {
        case Found::same:
            return shadow ? "as recorded, shadow" : "as recorded";
        case Found::added:
            return shadow ? "NEW, shadow: not recorded" : "NEW: did not trip then";
        case Found::missed:
            return shadow ? "GONE, shadow: was recorded" : "GONE: did trip then";
    }
    return {};
}

struct Row {
    const ListedTrip* trip;
    Found found;
};

// All trips of both sides, in the order of time.
std::vector<Row> rows_of(const ReplayReport& report) {
    std::vector<Row> rows;
    for (const ListedTrip& trip : report.found.trips) rows.push_back({&trip, Found::same});
    for (const std::size_t at : report.differences.added) rows[at].found = Found::added;
    for (const std::size_t at : report.differences.missed)
        rows.push_back({&report.recorded.trips[at], Found::missed});
    std::ranges::sort(rows, {}, [](const Row& row) {
        return std::tuple(row.trip->wall.value, row.trip->at, row.trip);
    });
    return rows;
}

std::string whose(const ListedTrip& trip) {
    if (!trip.family.empty() && !trip.source.empty()) return trip.family + ", " + trip.source;
    if (!trip.family.empty()) return trip.family;
    return trip.source.empty() ? "-" : trip.source;
}

std::string what_of(const ListedTrip& trip) {
    if (trip.rule.empty()) return "by an operator";
    if (trip.bad != BadReason::none) return std::string(name(trip.bad));
    if (trip.limit == 0 && trip.value == 0) return "-";
    return fmt::format("{:.6g} against {:.6g}", trip.value, trip.limit);
}

std::string table_of(const ReplayReport& report) {
    const auto rows = rows_of(report);
    if (rows.empty()) return {};
    std::string out = fmt::format("\n{:<24}  {:<16} {:<28} {:<28} {}\n", "TIME", "RULE", "WHOSE",
                                  "VALUE", "THEN");
    for (std::size_t i = 0; i < std::min(rows.size(), rows_max); ++i) {
        const ListedTrip& trip = *rows[i].trip;
        out += fmt::format("{:<24}  {:<16} {:<28} {:<28} {}\n", wall_text(trip.wall),
                           trip.rule.empty() ? "-" : trip.rule, whose(trip), what_of(trip),
                           verdict_of(rows[i].found, trip.shadow));
    }
    if (rows.size() > rows_max)
        out += fmt::format("... and {} more; --json has them\n", rows.size() - rows_max);
    return out;
}

std::string sweep_text(const SweepCounts& its) {
    std::string out = fmt::format("\nwhat if {}.{} (configured: {:.6g})\n", its.sweep.rule,
                                  its.sweep.key, its.sweep.configured);
    for (std::size_t i = 0; i < its.trips.size(); ++i)
        out += fmt::format("  {:>12.6g}  {} trip{}\n", its.sweep.limits[i], its.trips[i],
                           its.trips[i] == 1 ? "" : "s");
    return out;
}

std::vector<std::string> losses_of(const ReplayLosses& losses) {
    std::vector<std::string> out;
    if (losses.cold)
        out.push_back(
            "what scramd knew when the recording begins is not in it: peaks, windows and "
            "values begin with it");
    if (losses.records_missing > 0)
        out.push_back(
            fmt::format("{} records found no room when they were recorded, and are "
                        "missing: what follows them may differ",
                        losses.records_missing));
    if (losses.signals_unplaced > 0)
        out.push_back(
            fmt::format("{} signals have no place in this config, which does not have "
                        "their source, family or metric",
                        losses.signals_unplaced));
    if (losses.records_unknown > 0)
        out.push_back(fmt::format("{} records are of a kind that this program does not know",
                                  losses.records_unknown));
    return out;
}

std::string summary_of(const ReplayReport& report) {
    const Differences& its = report.differences;
    if (!its.any())
        return fmt::format("{} trips recorded, {} found by the replay: all the same\n",
                           report.recorded.count, report.found.count);
    return fmt::format("{} trips recorded, {} found by the replay: {} the same, {} new, {} gone\n",
                       report.recorded.count, report.found.count, its.same, its.added.size(),
                       its.missed.size());
}

double per_second(const ReplayReport& report) {
    const double seconds = std::chrono::duration<double>(report.took).count();
    return seconds > 0 ? static_cast<double>(report.signals) / seconds : 0;
}

std::string trip_json(const Row& row) {
    const ListedTrip& trip = *row.trip;
    constexpr std::string_view words[] = {"same", "new", "gone"};
    JsonObject out;
    out.add("time", wall_text(trip.wall));
    out.add("wall_ms", trip.wall.value);
    out.add("monotonic_ns", ns_of(trip.at));
    out.add("against_recorded", words[static_cast<std::size_t>(row.found)]);
    out.add("by", trip.rule.empty() ? "operator" : "rule").add("rule", trip.rule);
    out.add("family", trip.family).add("source", trip.source).add("shadow", trip.shadow);
    out.add("value", trip.value).add("limit", trip.limit);
    if (trip.bad != BadReason::none) out.add("bad", name(trip.bad));
    return out.add("latched", trip.latched).text();
}

std::string sweep_json(const SweepCounts& its) {
    JsonArray steps;
    for (std::size_t i = 0; i < its.trips.size(); ++i)
        steps.add_raw(
            JsonObject().add("limit", its.sweep.limits[i]).add("trips", its.trips[i]).text());
    return JsonObject()
        .add("rule", its.sweep.rule)
        .add("key", its.sweep.key)
        .add("configured", its.sweep.configured)
        .add_raw("steps", steps.text())
        .text();
}

std::string list_json(const std::vector<std::string>& texts) {
    JsonArray out;
    for (const std::string& text : texts) out.add_raw(json_string(text));
    return out.text();
}

}  // namespace

std::string replay_text(const ReplayReport& report) {
    std::string out = fmt::format(
        "{} file{}, {} to {}, {} signals\nconfig: {}\nreplayed in {:.3f} s: {:.0f} signals a "
        "second\n",
        report.files, report.files == 1 ? "" : "s", wall_text(report.begin), wall_text(report.end),
        report.signals, report.config, std::chrono::duration<double>(report.took).count(),
        per_second(report));
    for (const std::string& note : report.notes) out += "note: " + note + "\n";
    for (const std::string& note : losses_of(report.losses)) out += "note: " + note + "\n";
    out += table_of(report) + "\n" + summary_of(report);
    for (const SweepCounts& sweep : report.sweeps) out += sweep_text(sweep);
    for (const std::string& path : report.charts) out += "chart: " + path + "\n";
    return out;
}

std::string replay_json(const ReplayReport& report) {
    JsonArray trips, sweeps;
    for (const Row& row : rows_of(report)) trips.add_raw(trip_json(row));
    for (const SweepCounts& sweep : report.sweeps) sweeps.add_raw(sweep_json(sweep));
    const Differences& its = report.differences;
    return JsonObject()
        .add("files", report.files)
        .add("config", report.config)
        .add("begin_ms", report.begin.value)
        .add("end_ms", report.end.value)
        .add("signals", report.signals)
        .add("took_ms", report.took / 1ms)
        .add("signals_per_s", per_second(report))
        .add("trips_recorded", report.recorded.count)
        .add("trips_found", report.found.count)
        .add("same", its.same)
        .add("new", its.added.size())
        .add("gone", its.missed.size())
        .add("apart_max_ms", std::chrono::duration<double, std::milli>(its.apart_max).count())
        .add("records_missing", report.losses.records_missing)
        .add("records_unknown", report.losses.records_unknown)
        .add("signals_unplaced", report.losses.signals_unplaced)
        .add("cold", report.losses.cold)
        .add_raw("notes", list_json(report.notes))
        .add_raw("trips", trips.text())
        .add_raw("what_if", sweeps.text())
        .add_raw("charts", list_json(report.charts))
        .text();
}

}  // namespace scram
