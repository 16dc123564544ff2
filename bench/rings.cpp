// How many signals a second scramd reads from 16 rings, decides and records, without losing one:
// one thread publishes into all rings as fast as there is room, the other looks into them as the
// loop does. Ends with 1 if a signal was lost or out of order.
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <vector>

#include "core/engine/engine.h"
#include "core/receipts/flight_recorder.h"
#include "net/clock.h"
#include "net/sources/ring_readers.h"
#include "tests/unit/net/sources/deaf_sink.h"
#include "tests/unit/net/sources/ring_writer.h"

namespace scram {
namespace {

constexpr std::size_t rings = 16;
constexpr std::uint64_t signals_per_ring = 2'000'000;
constexpr std::uint64_t batch = 8;  // of one source, before the next has its turn
constexpr std::size_t families = 100;

Plan plan_of(std::size_t rules) {
    Plan plan;
    plan.accounts.push_back({"mm-1", {}, 5});
    plan.metrics = {"delta"};
    SourceSpec source;
    for (std::size_t f = 0; f < families; ++f) {
        const std::string name = fmt::format("F{}", f);
        plan.families.push_back({"mm-1/" + name, AccountId{}, name, {}});
        source.families.push_back(id_at<FamilyId>(f));
    }
    for (std::size_t s = 0; s < rings; ++s) {
        source.name = fmt::format("maker-{}", s);
        plan.sources.push_back(source);
    }
    for (std::size_t r = 0; r < rules; ++r) {
        RuleSpec rule;
        rule.name = fmt::format("rule-{}", r);
        rule.families = {id_at<FamilyId>(r % families)};
        rule.limit = 1e9;
        plan.rules.push_back(rule);
    }
    // A gap, a step back or a loss would trip it.
    RuleSpec bad;
    bad.name = "bad";
    bad.kind = RuleKind::bad;
    for (std::size_t s = 0; s < rings; ++s) bad.sources.push_back(id_at<SourceId>(s));
    plan.rules.push_back(bad);
    return plan;
}

// What stands behind the rings: the whole decision, or only a count.
class Desk final : public testing::DeafSink {
  public:
    explicit Desk(const Plan* plan) : recorder_(rings) {
        if (plan == nullptr) return;
        engine_.emplace(*plan);
        step_.emplace(*plan);
        for (std::size_t s = 0; s < rings; ++s)
            engine_->on_source_joined(id_at<SourceId>(s), monotonic_now(), *step_);
        step_->clear();
    }
    std::uint64_t read() const { return read_; }
    std::uint64_t faults() const { return faults_; }

  private:
    void signal(SourceId source, const scram_signal& signal, Time read_at) override {
        ++read_;
        if (signal.sequence != ++due_[index(source)]) ++faults_;
        if (!engine_) return;
        if (engine_->decide(source, signal, read_at, *step_)) {
            ++faults_;
            engine_->conclude(read_at, *step_);
            step_->clear();
        }
        recorder_.record(source, signal, read_at);
    }
    void batch_ended(SourceId, Time) override { ++faults_; }
    void signals_lost(SourceId, Time) override { ++faults_; }

    std::optional<Engine> engine_;
    std::optional<Step> step_;
    FlightRecorder recorder_;
    std::array<std::uint64_t, rings> due_{};
    std::uint64_t read_ = 0, faults_ = 0;
};

scram_signal signal_of(std::size_t source, std::uint64_t number) {
    scram_signal signal{};
    signal.value = static_cast<double>(number % 1000);
    signal.family = static_cast<std::uint16_t>((source + number) % families);
    signal.source = static_cast<std::uint16_t>(source);
    signal.version = SCRAM_VERSION;
    signal.kind = SCRAM_VALUE;
    return signal;
}

// In turns. Where there is no room it waits: a maker, who cannot, would lose signals and trip.
void publish_all(std::vector<testing::RingWriter>& writers) {
    for (bool all = false; !all;) {
        all = true;
        bool any = false;
        for (std::size_t s = 0; s < writers.size(); ++s) {
            if (writers[s].published() == signals_per_ring) continue;
            all = false;
            scram_signal signal = signal_of(s, writers[s].published());
            signal.published_ns = monotonic_now().time_since_epoch().count();
            const std::uint64_t last = std::min(writers[s].published() + batch, signals_per_ring);
            while (writers[s].published() < last && writers[s].publish(signal)) any = true;
        }
        if (!any) sched_yield();
    }
}

// False: a signal was lost or out of order.
bool measure(const std::string& name, const Plan* plan) {
    Desk desk(plan);
    RingReaders feeds(desk);
    std::vector<testing::RingWriter> writers;
    for (std::size_t s = 0; s < rings; ++s) {
        auto ring = Ring::make();
        if (!ring) return false;
        writers.emplace_back(ring->memory());
        feeds.add(id_at<SourceId>(s), std::move(*ring));
    }
    constexpr std::uint64_t count = rings * signals_per_ring;
    std::thread maker([&] { publish_all(writers); });
    const Time began = monotonic_now();
    while (desk.read() < count) feeds.poll();
    const Duration took = monotonic_now() - began;
    maker.join();
    const double per_second = static_cast<double>(count) * 1e9 / static_cast<double>(took.count());
    fmt::print("{:<52} {:>8.2f} {:>12} {:>8}\n", name, per_second / 1e6, count, desk.faults());
    return desk.faults() == 0 && desk.read() == count;
}

}  // namespace
}  // namespace scram

int main() {
    using namespace scram;
    fmt::print("{:<52} {:>8} {:>12} {:>8}\n", "16 rings, one thread publishes, one reads", "M/s",
               "signals", "faults");
    bool good = measure("read only", nullptr);
    for (const std::size_t rules : {100UL, 1000UL}) {
        const Plan plan = plan_of(rules);
        good =
            measure(fmt::format("read, decided, recorded: {} families, {} rules", families, rules),
                    &plan) &&
            good;
    }
    return good ? 0 : 1;
}
