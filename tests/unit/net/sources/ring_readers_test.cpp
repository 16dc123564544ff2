// What the loop makes of a source's own time stamps.
#include "net/sources/ring_readers.h"

#include <doctest/doctest.h>

#include "net/clock.h"
#include "tests/unit/net/sources/deaf_sink.h"
#include "tests/unit/net/sources/ring_writer.h"

using namespace scram;

namespace {

class Stamps final : public testing::DeafSink {
  public:
    void signal(SourceId, const scram_signal& signal, Time) override {
        seen.push_back(signal.published_ns);
    }

    std::vector<std::int64_t> seen;
};

}  // namespace

TEST_CASE("ring feeds: a stamp from before the source attached, or from the future, is unknown") {
    Stamps sink;
    RingReaders feeds(sink);
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

TEST_CASE("ring feeds: a drill takes the way of a signal, and no source's sink hears of it") {
    Stamps sink, practice;
    RingReaders feeds(sink);
    feeds.drill(practice);
    feeds.drill(practice);
    CHECK(practice.seen.size() == 2);
    CHECK(sink.seen.empty());
    CHECK_FALSE(feeds.poll());
}
