// What makers see of the gate region: its words, and the heartbeat behind them.
#include "net/sources/gates.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstring>

using namespace scram;

namespace {

// As a maker maps it: to read only.
class Region {
  public:
    Region(int fd, std::size_t families)
        : size_(SCRAM_HEARTBEAT_AT(families) + sizeof(std::int64_t)),
          at_(mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0)) {
        REQUIRE(at_ != MAP_FAILED);
    }
    ~Region() { munmap(at_, size_); }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    const scram_gates& head() const { return *static_cast<const scram_gates*>(at_); }
    Time heartbeat() const {
        std::int64_t ns = 0;
        const auto* bytes = static_cast<const std::byte*>(at_);
        std::memcpy(&ns, bytes + SCRAM_HEARTBEAT_AT(head().families), sizeof ns);
        return time_from_ns(ns);
    }

  private:
    std::size_t size_;
    void* at_;
};

constexpr Time start{1000s};

}  // namespace

TEST_CASE(
    "gates: a heartbeat is written at each eighth of the age that halts, and not more often") {
    const auto gates = std::get<0>(Gates::make(3));
    gates->halted_after(800ms);
    const Region region(gates->fd(), 3);
    CHECK(region.head().halted_after_ms == 800);
    CHECK(region.heartbeat() == Time{});
    gates->beat(start);
    CHECK(region.heartbeat() == start);
    gates->beat(start + 99ms);
    CHECK(region.heartbeat() == start);
    gates->beat(start + 100ms);
    CHECK(region.heartbeat() == start + 100ms);
    gates->beat(start + 60s);
    CHECK(region.heartbeat() == start + 60s);
    gates->halted_after(80ms);  // a reload: from the next turn on
    gates->beat(start + 60s + 1ms);
    CHECK(region.heartbeat() == start + 60s + 1ms);
    CHECK(region.head().halted_after_ms == 80);
}

TEST_CASE("gates: the heartbeat has lines of its own, whatever the number of families") {
    for (std::size_t families = 0; families < 200; ++families) {
        const std::size_t at = SCRAM_HEARTBEAT_AT(families);
        CHECK(at % SCRAM_LINE_SIZE == 0);
        CHECK(at >= sizeof(scram_gates) + families * sizeof(std::uint32_t));
        CHECK(at < sizeof(scram_gates) + families * sizeof(std::uint32_t) + SCRAM_LINE_SIZE);
    }
}
