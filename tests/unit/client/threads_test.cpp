// Two threads on one handle of the C client: the second is refused, and nothing of the first is
// spoiled.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "client/scram.h"
#include "tests/unit/client/fake_daemon.h"

using namespace client_test;

namespace {

// A scramd that answers a metric's name only when it is let.
class Slow {
  public:
    Slow()
        : daemon_([this](const scram_signal& request) {
              if (request.kind == SCRAM_METRIC) wait();
              return daemon_.usual(request);
          }) {}
    ~Slow() { go_on(); }

    FakeDaemon& daemon() { return daemon_; }
    void go_on() {
        may_answer_ = true;
        may_answer_.notify_all();
    }

  private:
    void wait() { may_answer_.wait(false); }

    std::atomic<bool> may_answer_{false};
    FakeDaemon daemon_;
};

}  // namespace

TEST_CASE("client: a second thread inside is refused, and its signal counts as lost") {
    Slow slow;
    const Handle client = attach(slow.daemon());
    std::uint16_t metric = 0;
    scram_result asked = SCRAM_MEMORY;
    std::thread inside([&] { asked = scram_metric(client.get(), "delta", &metric); });
    slow.daemon().skip_requests(1);
    CHECK(scram_publish(client.get(), 2, 5, 1) == SCRAM_INVALID);
    CHECK(scram_add(client.get(), 2, 5, 1) == SCRAM_INVALID);
    CHECK(scram_heartbeat(client.get()) == SCRAM_INVALID);
    CHECK(scram_detach(client.get()) == SCRAM_INVALID);
    CHECK(std::strstr(scram_error(client.get()), "another thread") != nullptr);
    CHECK(scram_halted(client.get(), 2) == 0);
    CHECK(scram_attached(client.get()) == 1);
    slow.go_on();
    inside.join();
    CHECK(asked == SCRAM_DONE);
    CHECK(metric == 5);
    CHECK(scram_publish(client.get(), 2, 5, 2) == SCRAM_DONE);
    CHECK(slow.daemon().next_signals()[0].sequence == 3);  // two are missed
    CHECK(std::strlen(scram_error(client.get())) == 0);
}

TEST_CASE("client: a handle may go from thread to thread") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    for (int i = 0; i < 8; ++i) {
        std::thread([&] { CHECK(scram_publish(client.get(), 2, 5, i) == SCRAM_DONE); }).join();
        const auto signals = daemon.next_signals();
        CHECK(signals[0].sequence == static_cast<std::uint64_t>(i) + 1);
        CHECK(signals[0].value == i);
    }
}

TEST_CASE("client: of many threads at once, each signal is sent whole or counted as lost") {
    constexpr int threads = 4, rounds = 2'000;
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    std::atomic<std::uint64_t> done{0}, lost{0};
    std::array<std::thread, threads> all;
    for (std::thread& one : all) {
        one = std::thread([&] {
            for (int i = 0; i < rounds; ++i) {
                // FULL: it has its number, and is lost like the others.
                const scram_result result = scram_publish(client.get(), 2, 5, 1.5);
                ++(result == SCRAM_DONE ? done : lost);
                if (scram_halted(client.get(), 2) != 0) lost += 1'000'000;
            }
        });
    }
    for (std::thread& one : all) one.join();
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < done; ++i) {
        const auto signals = daemon.next_signals();
        REQUIRE(signals.size() == 1);
        REQUIRE(signals[0].value == 1.5);
        REQUIRE(signals[0].sequence > last);
        last = signals[0].sequence;
    }
    CHECK(scram_publish(client.get(), 2, 5, 1.5) == SCRAM_DONE);  // tells what was lost at the end
    CHECK(scram_publish(client.get(), 2, 5, 1.5) == SCRAM_DONE);
    daemon.next();
    CHECK(daemon.next_signals()[0].sequence == done + lost + 2);
}
