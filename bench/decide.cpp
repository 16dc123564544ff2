// What the decision costs: a signal in, "nothing to do" or "fire" out, with few and with many
// rules; and what is done beforehand so that a kill need not do it. Each row is told beside a floor
// of the same run, an empty measurement: compare rows of one run, never runs.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "bench/measured_engine.h"
#include "core/okx/request.h"
#include "core/receipts/flight_recorder.h"

namespace scram {
namespace {

constexpr std::size_t samples = 20'000;

std::int64_t ticks() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

struct Row {
    std::string name;
    std::vector<std::int64_t> ns;
};

template <class Work, class Between>
Row measure(std::string name, Work work, Between between) {
    Row row{std::move(name), {}};
    row.ns.reserve(samples);
    for (std::size_t i = 0; i < samples; ++i) {
        const std::int64_t start = ticks();
        work(i);
        row.ns.push_back(ticks() - start);
        between(i);
    }
    std::sort(row.ns.begin(), row.ns.end());
    return row;
}

// Beside its limits, each family has a rule of each kind that remembers.
Plan plan_with_windows(std::size_t families) {
    Plan plan = bench::plan_of(families, families);
    for (const RuleKind kind : {RuleKind::drawdown, RuleKind::change, RuleKind::count}) {
        RuleSpec rule = plan.rules[0];
        rule.name = fmt::format("window-{}", static_cast<int>(kind));
        rule.kind = kind;
        rule.families = plan.sources[0].families;
        rule.within = 10ms;  // a cell of it is over every 158 signals
        rule.limit = 1e9;
        rule.warn = {0.5, 0.8};
        plan.rules.push_back(rule);
    }
    return plan;
}

const auto nothing = [](std::size_t) {};

Row quiet_signal(std::size_t families, std::size_t rules) {
    bench::MeasuredEngine bench(bench::plan_of(families, rules));
    return measure(
        fmt::format("signal, no breach, {} families, {} rules", families, rules),
        [&](std::size_t i) { bench.publish(static_cast<double>(i % 999)); }, nothing);
}

Row quiet_windows() {
    bench::MeasuredEngine bench(plan_with_windows(100));
    return measure(
        "signal, no breach, a limit and three rolling windows",
        [&](std::size_t i) { bench.publish(static_cast<double>(i % 999)); }, nothing);
}

Row breach(std::size_t families, std::size_t rules, double value = 2000) {
    bench::MeasuredEngine bench(bench::plan_of(families, rules));
    return measure(
        fmt::format("signal, breach{}, fire, {} families, {} rules", value > 5000 ? " of ten" : "",
                    families, rules),
        [&](std::size_t) { bench.publish(value); }, [&](std::size_t) { bench.recover(); });
}

// A hundred signals, since one takes less than reading the clock.
Row record(std::size_t sources) {
    FlightRecorder recorder(sources);
    scram_signal signal{};
    return measure(
        fmt::format("record 100 signals for receipts, {} sources", sources),
        [&](std::size_t i) {
            for (std::size_t s = 0; s < 100; ++s) {
                signal.sequence = i;
                recorder.record(id_at<SourceId>((i * 100 + s) % sources), signal,
                                Time{Duration(i)});
            }
        },
        nothing);
}

Row freeze() {
    FlightRecorder recorder(8);
    scram_signal signal{};
    for (std::size_t i = 0; i < flight_records; ++i)
        recorder.record(id_at<SourceId>(i % 8), signal, Time{1h + Duration(i * 7919 % 8192)});
    return measure(
        "freeze the signals of a trip, the most there are",
        [&](std::size_t) { recorder.freeze(Time{1h}); }, nothing);
}

Row sign() {
    HmacSigner signer("a bench's secret");
    ArmedRequest request({"www.okx.com", "key", "passphrase", false}, "BTC-USD", 10s);
    return measure(
        "sign one armed request again",
        [&](std::size_t i) {
            request.refresh(signer, WallMillis{1'800'000'000'000 + std::int64_t(i)});
        },
        nothing);
}

Row read_answer() {
    AnswerReader reader;
    return measure(
        "read and class one answer",
        [&](std::size_t) {
            reader.mass_cancel(200, R"({"code":"0","msg":"","data":[{"result":true}]})");
        },
        nothing);
}

void print(const std::vector<Row>& rows) {
    fmt::print("{:<52} {:>8} {:>8} {:>8} {:>9}   {}\n", "ns, clock reads included", "p50", "p99",
               "p99.9", "max", "p50 less floor");
    const std::int64_t floor = rows[0].ns[samples / 2];
    for (const Row& row : rows) {
        const auto at = [&](double share) {
            return row.ns[static_cast<std::size_t>(share * (samples - 1))];
        };
        fmt::print("{:<52} {:>8} {:>8} {:>8} {:>9}   {}\n", row.name, at(0.5), at(0.99), at(0.999),
                   at(1), at(0.5) - floor);
    }
}

}  // namespace
}  // namespace scram

int main() {
    using namespace scram;
    print({measure("floor: two clock reads", nothing, nothing), quiet_signal(1, 1),
           quiet_signal(100, 100), quiet_signal(100, 1000), quiet_windows(), breach(1, 1),
           breach(100, 1000), breach(100, 1000, 9000), record(1), record(1000), freeze(), sign(),
           read_answer()});
}
