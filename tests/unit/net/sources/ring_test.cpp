// The reading end of a ring, against writers that keep to the protocol and writers that do not.
#include "net/sources/ring.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

using namespace scram;

namespace {

// A source by the letter of core/signal.h, and the means to break it.
class Writer {
  public:
    explicit Writer(scram_ring& ring) : ring_(ring) {}

    bool publish(double value) {
        if (next_ > std::atomic_ref(ring_.read).load(std::memory_order_acquire) + SCRAM_RING_SLOTS)
            return false;
        publish_as(next_, value);
        ++next_;
        return true;
    }
    void lose() { std::atomic_ref(ring_.lost).fetch_add(1); }

    void publish_as(std::uint64_t number, double value) {
        scram_signal signal{};
        signal.published_ns = static_cast<std::int64_t>(3 * number);
        signal.value = value;
        signal.family = 7;
        signal.kind = SCRAM_VALUE;
        scram_slot& slot = ring_.slots[(number - 1) % SCRAM_RING_SLOTS];
        std::uint64_t words[8];
        std::memcpy(words, &signal, sizeof words);
        for (std::size_t i = 1; i < 4; ++i)
            std::atomic_ref(slot.words[i]).store(words[i], std::memory_order_relaxed);
        std::atomic_ref(slot.words[0]).store(number);
    }
    std::uint64_t& word(std::uint64_t number, std::size_t word = 0) {
        return ring_.slots[(number - 1) % SCRAM_RING_SLOTS].words[word];
    }

  private:
    scram_ring& ring_;
    std::uint64_t next_ = 1;
};

struct Bench {
    std::unique_ptr<scram_ring> memory = std::make_unique<scram_ring>();
    RingReader reader{*memory};
    Writer writer{*memory};
    scram_signal signal{};

    Found next() { return reader.next(signal); }
    void read_all() {
        while (next() == Found::signal) continue;
        reader.free_read();
    }
    void go_to(std::uint64_t number) {
        for (std::uint64_t n = reader.due(); n < number; ++n) {
            REQUIRE(writer.publish(77));
            read_all();
        }
    }
};

}  // namespace

TEST_CASE("ring: signals come once each, in order and whole") {
    Bench bench;
    CHECK(bench.next() == Found::nothing);
    for (int i = 1; i <= 3; ++i) CHECK(bench.writer.publish(i));
    for (std::uint64_t i = 1; i <= 3; ++i) {
        REQUIRE(bench.next() == Found::signal);
        CHECK(bench.signal.sequence == i);
        CHECK(bench.signal.published_ns == static_cast<std::int64_t>(3 * i));
        CHECK(bench.signal.value == static_cast<double>(i));
        CHECK(bench.signal.family == 7);
        CHECK(bench.signal.kind == SCRAM_VALUE);
    }
    CHECK(bench.next() == Found::nothing);
}

TEST_CASE("ring: what stands where a name would be is not read") {
    Bench bench;
    bench.writer.word(1, 5) = ~0ULL;
    bench.writer.publish(1);
    REQUIRE(bench.next() == Found::signal);
    CHECK(bench.signal.name[8] == 0);
}

TEST_CASE("ring: it has room for 1024, and for more as soon as the reader says so") {
    Bench bench;
    for (int i = 0; i < SCRAM_RING_SLOTS; ++i) REQUIRE(bench.writer.publish(i));
    CHECK_FALSE(bench.writer.publish(0));
    for (int i = 0; i < 10; ++i) CHECK(bench.next() == Found::signal);
    CHECK_FALSE(bench.writer.publish(0));
    bench.reader.free_read();
    for (int i = 0; i < 10; ++i) CHECK(bench.writer.publish(i));
    CHECK_FALSE(bench.writer.publish(0));
    for (int i = 0; i < SCRAM_RING_SLOTS; ++i) REQUIRE(bench.next() == Found::signal);
    CHECK(bench.next() == Found::nothing);
    CHECK(bench.signal.sequence == SCRAM_RING_SLOTS + 10);
}

TEST_CASE("ring: signals lost to a full ring are seen once for each time that there are more") {
    Bench bench;
    CHECK_FALSE(bench.reader.lost_more());
    bench.writer.lose();
    bench.writer.lose();
    CHECK(bench.reader.lost_more());
    CHECK_FALSE(bench.reader.lost_more());
    bench.writer.lose();
    CHECK(bench.reader.lost_more());
}

TEST_CASE("ring: any word but the awaited and the one of a lap ago is broken") {
    for (const std::uint64_t due : {1UL, 2UL, 1024UL, 1025UL, 1026UL, 5000UL}) {
        const std::uint64_t words[] = {due + 1, due - 2,    due + SCRAM_RING_SLOTS,
                                       ~0ULL,   1ULL << 63, 77'777ULL};
        for (const std::uint64_t odd : words) {
            CAPTURE(due);
            CAPTURE(odd);
            Bench bench;
            bench.go_to(due);
            if (odd == (due > SCRAM_RING_SLOTS ? due - SCRAM_RING_SLOTS : 0)) continue;
            bench.writer.word(due) = odd;
            CHECK(bench.next() == Found::broken);
            CHECK(bench.signal.sequence == odd);
            CHECK(bench.signal.value == 0);  // what stood there a lap ago is not said again
        }
    }
}

TEST_CASE("ring: a zero is nothing in the first lap and broken in the second") {
    Bench bench;
    CHECK(bench.next() == Found::nothing);
    bench.go_to(SCRAM_RING_SLOTS + 1);
    bench.writer.word(SCRAM_RING_SLOTS + 1) = 0;
    CHECK(bench.next() == Found::broken);
}

TEST_CASE("ring: a writer that laps the reader is found out") {
    Bench bench;
    for (std::uint64_t n = 1; n <= SCRAM_RING_SLOTS + 5; ++n) bench.writer.publish_as(n, 1);
    CHECK(bench.next() == Found::broken);
    CHECK(bench.signal.sequence == SCRAM_RING_SLOTS + 1);
}

TEST_CASE("ring: a number left out shows by what was published behind it") {
    Bench bench;
    bench.go_to(2000);
    CHECK_FALSE(bench.reader.skipped_to());
    SUBCASE("just behind") {
        bench.writer.publish_as(2001, 4);
        CHECK(bench.reader.skipped_to() == 2001);
    }
    SUBCASE("far behind") {
        bench.writer.publish_as(2000 + SCRAM_RING_SLOTS - 1, 4);
        CHECK(bench.reader.skipped_to() == 2000 + SCRAM_RING_SLOTS - 1);
    }
    SUBCASE("published in the meantime") {
        bench.writer.publish_as(2000, 4);
        bench.writer.publish_as(2001, 4);
        CHECK_FALSE(bench.reader.skipped_to());
    }
    CHECK(bench.reader.due() == 2000);
}

TEST_CASE("ring: what the writer does to the header does not move the reader") {
    Bench bench;
    bench.go_to(10);
    std::memset(static_cast<void*>(bench.memory.get()), 0xff, offsetof(scram_ring, slots));
    bench.writer.publish_as(10, 42);
    REQUIRE(bench.next() == Found::signal);
    CHECK(bench.signal.value == 42);
    CHECK(bench.reader.lost_more());
    bench.reader.free_read();
    CHECK(bench.memory->read == 10);
}

TEST_CASE("ring: at full speed between two threads nothing is lost, doubled or torn") {
    Bench bench;
    constexpr std::uint64_t count = 300'000;
    std::thread maker([&] {
        for (std::uint64_t n = 1; n <= count;) {
            if (bench.writer.publish(static_cast<double>(n))) {
                ++n;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t read = 0, wrong = 0;
    while (read < count) {
        const Found found = bench.next();
        if (found == Found::nothing) {
            bench.reader.free_read();
            std::this_thread::yield();
            continue;
        }
        ++read;
        const bool right = found == Found::signal && bench.signal.sequence == read &&
                           bench.signal.value == static_cast<double>(read) &&
                           bench.signal.published_ns == static_cast<std::int64_t>(3 * read);
        wrong += right ? 0 : 1;
    }
    maker.join();
    CHECK(wrong == 0);
}

TEST_CASE("ring: a look behind never takes a writer at work for one that skips") {
    Bench bench;
    std::atomic<bool> done = false;
    std::thread maker([&] {
        for (int n = 0; n < 20'000;) {
            if (bench.writer.publish(n)) ++n;
        }
        done = true;
    });
    int wrong = 0;
    while (!done) {
        wrong += bench.reader.skipped_to() ? 1 : 0;
        bench.read_all();
    }
    maker.join();
    CHECK(wrong == 0);
}

TEST_CASE("ring: its memory can be written by the source, and neither shrunk nor grown") {
    auto ring = Ring::make();
    REQUIRE(ring);
    CHECK(ring->memory().magic == SCRAM_RING_MAGIC);
    CHECK(ring->memory().version == SCRAM_VERSION);
    CHECK(ring->memory().slot_count == SCRAM_RING_SLOTS);
    CHECK(ftruncate(ring->fd(), 0) != 0);
    CHECK(ftruncate(ring->fd(), 1 << 20) != 0);
    CHECK(fcntl(ring->fd(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
    void* at = mmap(nullptr, sizeof(scram_ring), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd(), 0);
    REQUIRE(at != MAP_FAILED);
    auto& ours = *static_cast<scram_ring*>(at);
    RingReader reader(ring->memory());
    ring->close_fd();
    scram_signal signal{};
    Writer(ours).publish(5);
    CHECK(reader.next(signal) == Found::signal);
    munmap(at, sizeof(scram_ring));
}
