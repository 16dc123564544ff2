#include <array>

#include "daemon/scramd_exporter/fields.h"
#include "daemon/scramd_exporter/metrics.h"

namespace scram {
using namespace printing;
namespace {

constexpr std::string_view request_kinds[] = {"attempts", "rehearsals"};

void add_requests(dom::element latency, Exposition& out) {
    constexpr std::array<const char*, 3> counts[] = {
        {"scramd_requests", "requests", "Requests sent: cancels, and rehearsals of them."},
        {"scramd_requests_unanswered", "unanswered", "Those without an answer in time."}};
    for (const auto& [metric, key, help] : counts) {
        out.begin(MetricKind::counter, metric, "", help);
        for (const std::string_view kind : request_kinds)
            if (const auto its = part(latency, kind))
                out.add(known(*its, key), {{"kind", std::string(kind)}});
    }
}

// One stage of requests of one kind, with its name.
struct Stage {
    std::string kind, name;
    dom::element its;
};

std::vector<Stage> stages_of(dom::element latency) {
    std::vector<Stage> out;
    for (const std::string_view kind : request_kinds) {
        const auto its = part(latency, kind);
        dom::object stages;
        if (!its || (*its)["stages"].get(stages) != simdjson::SUCCESS) continue;
        for (const auto [name, stage] : stages)
            out.push_back({std::string(kind), std::string(name), stage});
    }
    return out;
}

void add_quantiles(const Stage& stage, Exposition& out) {
    constexpr std::pair<const char*, const char*> quantiles[] = {{"0.5", "p50_ns"},
                                                                 {"0.9", "p90_ns"},
                                                                 {"0.99", "p99_ns"},
                                                                 {"0.999", "p999_ns"},
                                                                 {"1", "max_ns"}};
    for (const auto& [quantile, key] : quantiles)
        out.add(known(stage.its, key, nano),
                {{"kind", stage.kind}, {"stage", stage.name}, {"quantile", quantile}});
    out.add(known(stage.its, "count"), {{"kind", stage.kind}, {"stage", stage.name}}, "_count");
}

std::vector<double> numbers(dom::element object, std::string_view key) {
    std::vector<double> out;
    for (const dom::element item : list(object, key)) {
        double number = 0;
        if (item.get(number) != simdjson::SUCCESS) return {};
        out.push_back(number);
    }
    return out;
}

// Of a stage that nothing has passed there are only zeros, so that a rate has where to begin.
void add_buckets(const Stage& stage, const std::vector<double>& bounds_ns, Exposition& out) {
    std::vector<double> buckets = numbers(stage.its, "buckets");
    const auto count = known(stage.its, "count");
    if (count == 0.0) buckets.assign(bounds_ns.size() + 1, 0);
    if (!count || buckets.size() != bounds_ns.size() + 1) return;
    const auto add = [&](double value, std::string up_to) {
        out.add(value, {{"kind", stage.kind}, {"stage", stage.name}, {"le", std::move(up_to)}},
                "_bucket");
    };
    double sum = 0;
    for (std::size_t i = 0; i < bounds_ns.size(); ++i)
        add(sum += buckets[i], fmt::format("{}", bounds_ns[i] / nano));
    add(sum + buckets.back(), "+Inf");
    out.add(known(stage.its, "sum_ns", nano).value_or(0),
            {{"kind", stage.kind}, {"stage", stage.name}}, "_sum");
    out.add(sum + buckets.back(), {{"kind", stage.kind}, {"stage", stage.name}}, "_count");
}

}  // namespace

void add_latency(dom::element status, Exposition& out) {
    const auto latency = part(status, "latency");
    if (!latency) return;
    add_requests(*latency, out);
    const auto stages = stages_of(*latency);
    out.begin(MetricKind::summary, "scramd_latency_seconds", "seconds",
              "Stages of a request since the start; quantile 1 is the longest.");
    for (const Stage& stage : stages) add_quantiles(stage, out);
    const auto bounds_ns = numbers(*latency, "bucket_bounds_ns");
    if (bounds_ns.empty()) return;
    out.begin(MetricKind::histogram, "scramd_request_stage_seconds", "seconds",
              "The same as a histogram, for rates and quantiles of any time.");
    for (const Stage& stage : stages) add_buckets(stage, bounds_ns, out);
}

}  // namespace scram
