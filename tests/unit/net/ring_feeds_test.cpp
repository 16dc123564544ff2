// What the loop makes of a source's own time stamps.
#include "net/ring_feeds.h"

#include <doctest/doctest.h>

#include "net/clock.h"
#include "tests/unit/net/ring_writer.h"

using namespace scram;

namespace {

class Stamps final : public SignalSink {
  public:
    std::variant<SourceId, std::string> attach(std::string_view, const Peer&) override {
        return SourceId{0};
    }
    std::variant<FamilyId, std::string> resolve_family(SourceId, std::string_view) override {
        return FamilyId{0};
    }
    std::variant<MetricId, std::string> resolve_metric(std::string_view) override {
        return MetricId{0};
    }
    void signal(SourceId, const scram_signal& signal, Time) override {
        seen.push_back(signal.published_ns);
    }
    void batch_ended(SourceId, Time) override {}
    void signals_lost(SourceId, Time) override {}
    void left(SourceId) override {}
    void vanished(SourceId, const std::string&) override {}
    void turned_away(const Peer&, TurnedAway) override {}

    std::vector<std::int64_t> seen;
};

}  // namespace

TEST_CASE("ring feeds: a stamp from before the source attached, or from the future, is unknown") {
    Stamps sink;
    RingFeeds feeds(sink);
    auto ring = Ring::make();
    REQUIRE(ring);
    testing::RingWriter writer(ring->memory());
    const Time attached = monotonic_now();
    const std::int64_t good = ns_of(attached);
    feeds.add(SourceId{0}, std::move(*ring), attached);
    const std::int64_t foreign[] = {good - 1, good - 1'000'000'000'000, good + 1'000'000'000'000,
                                    INT64_MIN, INT64_MAX};
    scram_signal signal{};
    signal.published_ns = good;
    writer.publish(signal);
    for (const std::int64_t stamp : foreign) {
        signal.published_ns = stamp;
        writer.publish(signal);
    }
    feeds.poll();
    CHECK(sink.seen == std::vector<std::int64_t>{good, 0, 0, 0, 0, 0});
}
