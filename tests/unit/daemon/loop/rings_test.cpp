// Sixteen rings side by side and the engine behind them, at full speed between two threads. How
// fast that is, bench/rings.cpp tells.
#include <doctest/doctest.h>

#include <array>
#include <thread>
#include <vector>

#include "net/sources/ring_readers.h"
#include "tests/unit/core/engine/rig.h"
#include "tests/unit/net/sources/deaf_sink.h"
#include "tests/unit/net/sources/ring_writer.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr std::size_t rings = 16;
constexpr std::uint64_t signals_per_ring = 20'000;
constexpr std::size_t families = 20;

struct Reader final : testing::DeafSink {
    explicit Reader(const Plan& plan) : engine(plan), step(plan) {
        for (std::size_t s = 0; s < rings; ++s)
            engine.on_source_joined(id_at<SourceId>(s), {}, step);
        step.clear();
    }
    void signal(SourceId source, const scram_signal& signal, Time) override {
        ++read;
        out_of_order += signal.sequence == ++due[index(source)] ? 0 : 1;
        engine.on_signal(source, signal, Time{Duration(static_cast<std::int64_t>(read))}, step);
    }
    void batch_ended(SourceId, Time) override { ++out_of_order; }
    void signals_lost(SourceId, Time) override { ++lost; }

    Engine engine;
    Step step;
    std::array<std::uint64_t, rings> due{};
    std::uint64_t read = 0, out_of_order = 0, lost = 0;
};

void publish_all(std::vector<testing::RingWriter>& writers) {
    for (bool all = false; !all;) {
        all = true;
        for (std::size_t s = 0; s < rings; ++s) {
            testing::RingWriter& writer = writers[s];
            if (writer.published() == signals_per_ring) continue;
            all = false;
            scram_signal signal{};
            signal.family = static_cast<std::uint16_t>(writer.published() % families);
            signal.source = static_cast<std::uint16_t>(s);
            signal.version = SCRAM_VERSION;
            signal.kind = SCRAM_VALUE;
            if (!writer.publish(signal)) std::this_thread::yield();
        }
    }
}

}  // namespace

TEST_CASE("rings: of 16 that are written at full speed the engine gets every signal in order") {
    Plan plan = plan_of({.families = families, .sources = rings});
    add_limit(plan, 1e12);
    add_rule(plan, "bad", RuleKind::bad);
    Reader reader(plan);
    RingReaders feeds(reader);
    std::vector<testing::RingWriter> writers;
    for (std::size_t s = 0; s < rings; ++s) {
        auto ring = Ring::make();
        REQUIRE(ring);
        writers.emplace_back(ring->memory());
        feeds.add(id_at<SourceId>(s), std::move(*ring));
    }
    std::thread makers([&] { publish_all(writers); });
    while (reader.read < rings * signals_per_ring) {
        if (!feeds.poll()) std::this_thread::yield();
    }
    makers.join();
    CHECK(reader.out_of_order == 0);
    CHECK(reader.lost == 0);
    CHECK_FALSE(feeds.poll());
    CHECK(reader.step.events.empty());  // a gap, or a value out of bounds, would have tripped
}
