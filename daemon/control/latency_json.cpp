#include "daemon/control/latency_json.h"

#include <string>

#include "daemon/control/protocol.h"

namespace scram {
namespace {

std::string bounds_json() {
    JsonArray out;
    for (const Duration bound : Histogram::bounds) out.add_raw(std::to_string(bound.count()));
    return out.text();
}

std::string buckets_json(const Histogram& histogram) {
    JsonArray out;
    for (const std::uint64_t count : histogram.by_bound()) out.add_raw(std::to_string(count));
    return out.text();
}

std::string histogram_json(const Histogram& histogram) {
    JsonObject out;
    out.add("count", histogram.count());
    if (histogram.count() == 0) return out.text();
    return out.add("sum_ns", histogram.sum().count())
        .add("p50_ns", histogram.percentile(50).count())
        .add("p90_ns", histogram.percentile(90).count())
        .add("p99_ns", histogram.percentile(99).count())
        .add("p999_ns", histogram.percentile(99.9).count())
        .add("max_ns", histogram.max().count())
        .add_raw("buckets", buckets_json(histogram))
        .text();
}

std::string stage_times_json(const StageTimes& times) {
    JsonObject stages;
    for (std::size_t i = 0; i < interval_count; ++i) {
        const auto interval = static_cast<Interval>(i);
        stages.add_raw(name(interval), histogram_json(times.of(interval)));
    }
    return JsonObject()
        .add("requests", times.requests())
        .add("unanswered", times.unanswered())
        .add_raw("stages", stages.text())
        .text();
}

}  // namespace

void add_latency(const Latency& latency, JsonObject& out) {
    out.add("since_ms", latency.since.value)
        .add("error_max", Histogram::error_max)
        .add_raw("bucket_bounds_ns", bounds_json())
        .add_raw("attempts", stage_times_json(latency.attempts))
        .add_raw("rehearsals", stage_times_json(latency.rehearsals));
}

std::string latency_json(const Latency& latency) {
    JsonObject out;
    add_latency(latency, out.add("v", control_version).add("ok", true));
    return out.text();
}

namespace {

std::string work_of(const LoopIteration& turn) {
    std::string work;
    for (const char* part : turn.did) {
        if (part != nullptr) work.append(work.empty() ? "" : ", ").append(part);
    }
    return work;
}

std::int64_t wall_of(const LoopIteration& turn, Time now, WallMillis wall) {
    return wall.value - std::chrono::floor<milliseconds>(now - turn.at).count();
}

double microseconds_of(Duration span) {
    return static_cast<double>(span.count()) / 1000;
}

}  // namespace

std::string loop_max_json(const LoopIteration& turn, Time now, WallMillis wall) {
    if (!turn.measured()) return "null";
    return JsonObject()
        .add("wall_us", microseconds_of(turn.took))
        .add("cpu_us", microseconds_of(turn.on_cpu))
        .add("work", work_of(turn))
        .add("at", wall_of(turn, now, wall))
        .text();
}

}  // namespace scram
