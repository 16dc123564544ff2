#include "daemon/scramd_exporter/metrics.h"

#include <algorithm>
#include <cstdint>

#include "daemon/scramd_exporter/fields.h"

namespace scram {
using namespace printing;
namespace {

constexpr PageLife lives[] = {PageLife::moves, PageLife::hangs, PageLife::gone, PageLife::ended};

void add_life(const Look& look, Exposition& out) {
    out.begin(MetricKind::gauge, "scramd_up", "", "scramd is there and moves.");
    out.add(look.moves() ? 1 : 0);
    out.begin(MetricKind::gauge, "scramd_page_state", "", "What the status page says of scramd.");
    for (const PageLife life : lives)
        out.add(look.life == life ? 1 : 0, {{"state", std::string(name(life))}});
    out.add(look.life ? 0 : 1, {{"state", "missing"}});
    if (!look.life) return;
    out.begin(MetricKind::gauge, "scramd_heartbeat_age_seconds", "seconds",
              "Time since scramd's event loop turned, or since its end.");
    out.add(seconds_of(look.heartbeat_age));
    out.begin(MetricKind::gauge, "scramd_start_time_seconds", "seconds",
              "When scramd started, since 1970.");
    out.add(static_cast<double>(look.started_wall_ms) / milli);
    out.begin(MetricKind::gauge, "scramd_page_truncated", "",
              "The status has no room in its page, so most metrics are missing.");
    out.add(look.truncated ? 1 : 0);
    if (!look.status) return;
    out.begin(MetricKind::gauge, "scramd_status_age_seconds", "seconds",
              "Age of the status that these metrics are made of.");
    out.add(seconds_of(look.status_age));
}

// A scramd that does not move would fire nothing, whatever it has written before.
void add_readiness(const Look& look, Exposition& out) {
    const auto now = [&look](std::string_view key) -> std::optional<double> {
        if (!look.life) return std::nullopt;
        if (!look.moves()) return 0;
        return look.status ? known(*look.status, key) : std::nullopt;
    };
    out.begin(MetricKind::gauge, "scramd_ready", "", "A breach would fire at once.");
    out.add(now("ready"));
    out.begin(MetricKind::gauge, "scramd_fires", "", "A breach would fire, if late.");
    out.add(now("fires"));
}

struct Scalar {
    MetricKind kind;
    const char* name;
    const char* part;  // of the status; empty: itself
    const char* key;
    const char* unit;
    double per_unit;
    const char* help;
};
constexpr auto gauge = MetricKind::gauge, counter = MetricKind::counter;
constexpr Scalar scalars[] = {
    {gauge, "scramd_clock_synced", "clock", "synced", "", 1,
     "The exchange's clock is known well enough to sign by it."},
    {gauge, "scramd_journal_healthy", "journal", "healthy", "", 1, "The journal is stored."},
    {counter, "scramd_journal_records", "journal", "records", "", 1, "Records of the journal."},
    {counter, "scramd_journal_records_stored", "journal", "records_stored", "", 1,
     "Those that are on the disk."},
    {counter, "scramd_journal_records_lost", "journal", "records_lost", "", 1,
     "Those that never will be."},
    {gauge, "scramd_receipts_healthy", "receipts", "healthy", "", 1, "Receipts are stored."},
    {counter, "scramd_receipts_written", "receipts", "written", "", 1, "Receipts stored."},
    {counter, "scramd_receipts_failed", "receipts", "failed", "", 1, "Receipts not stored."},
    {counter, "scramd_receipts_given_up", "receipts", "given_up", "", 1,
     "Receipts that found no room in memory."},
    {gauge, "scramd_recording_healthy", "recording", "healthy", "", 1, "Signals are recorded."},
    {counter, "scramd_recording_records", "recording", "records", "", 1, "Records written."},
    {counter, "scramd_recording_records_lost", "recording", "records_lost", "", 1,
     "Records that found no room."},
    {gauge, "scramd_loop_max_seconds", "loop_max", "wall_us", "seconds", micro,
     "Longest event-loop iteration since the start."},
    {gauge, "scramd_loop_max_of_minute_seconds", "loop_max_of_minute", "wall_us", "seconds", micro,
     "Longest event-loop iteration of the last minute."},
    {counter, "scramd_log_lines_dropped", "", "log_lines_dropped", "", 1,
     "Lines that the log did not take in time."},
    {counter, "scramd_breaches_suppressed", "", "suppressed_breaches", "", 1,
     "Breaches that no event tells of, since one told shortly before."},
    {counter, "scramd_warnings_suppressed", "", "suppressed_warnings", "", 1,
     "Warnings that no event tells of."},
    {gauge, "scramd_families_known", "", "families_known", "", 1,
     "The exchange has said which families it has."},
    {counter, "scramd_frames_sent", "frames", "sent", "", 1, "Requests that left as a frame."},
};

void add_scalars(dom::element status, Exposition& out) {
    for (const Scalar& its : scalars) {
        const auto from = *its.part == '\0' ? std::optional(status) : part(status, its.part);
        if (!from) continue;
        out.begin(its.kind, its.name, its.unit, its.help);
        out.add(known(*from, its.key, its.per_unit));
    }
}

void add_clock(dom::element status, Exposition& out) {
    const auto clock = part(status, "clock");
    if (!clock || !flag(*clock, "synced")) return;
    out.begin(MetricKind::gauge, "scramd_clock_offset_seconds", "seconds",
              "How far the exchange's clock is ahead of this host's.");
    out.add(known(*clock, "ahead_ms", milli));
    out.begin(MetricKind::gauge, "scramd_clock_uncertainty_seconds", "seconds",
              "How well that is known, to either side.");
    out.add(known(*clock, "uncertainty_us", micro));
}

void add_info(dom::element status, std::string_view key, std::string_view label, Exposition& out) {
    if (std::string text = field(status, key, ""); !text.empty()) out.add(1, {{label, text}});
}

void add_build(dom::element status, Exposition& out) {
    out.begin(MetricKind::info, "scramd_build", "", "Which build of scramd runs.");
    add_info(status, "version", "version", out);
    out.begin(MetricKind::info, "scramd_config", "", "SHA-256 of the config file's bytes as read.");
    add_info(status, "config_sha256", "sha256", out);
}

void add_reasons(dom::element status, Exposition& out) {
    out.begin(MetricKind::gauge, "scramd_not_ready_reason", "",
              "Why it is not ready: 1 for each reason there is.");
    for (const dom::element reason : list(status, "not_ready_reasons"))
        out.add(1, {{"reason", field(reason, "reason_code", "")},
                    {"account", field(reason, "account", "")}});
}

void add_counts(dom::element object, std::string_view label, std::string_view but,
                Exposition& out) {
    dom::object fields;
    if (object.get(fields) != simdjson::SUCCESS) return;
    for (const auto [key, value] : fields) {
        double count = 0;
        if (key != but && value.get(count) == simdjson::SUCCESS)
            out.add(count, {{label, std::string(key)}});
    }
}

void add_refused(dom::element status, Exposition& out) {
    out.begin(MetricKind::counter, "scramd_refused", "",
              "Requests and connections that were refused, by kind.");
    if (const auto refused = part(status, "refused")) add_counts(*refused, "kind", "total", out);
    const auto frames = part(status, "frames");
    if (!frames) return;
    out.begin(MetricKind::counter, "scramd_frames_not_sent", "",
              "Requests that did not leave as a frame, by reason.");
    if (const auto reasons = part(*frames, "not_sent")) add_counts(*reasons, "reason", "", out);
}

// Trips are numbered from 1 on, for as long as the journal is kept.
void add_trips(dom::element status, Exposition& out) {
    std::optional<double> last;
    for (const std::string_view where : {"trips", "families"})
        for (const dom::element its : list(status, where))
            if (const auto trip = known(its, "trip")) last = std::max(last.value_or(0), *trip);
    out.begin(MetricKind::counter, "scramd_trips", "",
              "Trips since the journal began; missing as long as no trip is remembered.");
    out.add(last);
    const auto trips = list(status, "trips");
    if (trips.empty()) return;
    out.begin(MetricKind::gauge, "scramd_last_trip_time_seconds", "seconds",
              "When the last trip was, since 1970.");
    out.add(known(trips.front(), "wall_ms", milli),
            {{"verdict", field(trips.front(), "verdict", "")}});
}

}  // namespace

std::string metrics_text(const Look& look, ExpositionFormat format) {
    Exposition out(format);
    add_life(look, out);
    add_readiness(look, out);
    if (look.moves() && look.status) {
        const dom::element status = *look.status;
        add_build(status, out);
        add_reasons(status, out);
        add_families(status, out);
        add_rules(status, out);
        add_sources(status, out);
        add_accounts(status, out);
        add_clock(status, out);
        add_trips(status, out);
        add_latency(status, out);
        add_scalars(status, out);
        add_refused(status, out);
    }
    return std::move(out).text();
}

}  // namespace scram
