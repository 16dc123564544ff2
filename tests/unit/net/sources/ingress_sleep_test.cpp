// The loop that sleeps, and the makers that wake it: no signal is slept through.
#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <chrono>

#include "tests/unit/net/sources/ingress_rig.h"

using namespace scram;
using namespace scram::test;

namespace {

// $SCRAM_STRESS=N: N rounds, for a run by hand.
std::uint64_t stress_rounds(std::uint64_t usual) {
    const char* wanted = std::getenv("SCRAM_STRESS");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual;
}

}  // namespace

TEST_CASE(
    "ingress: while it sleeps a publish rings once, and what stands in a ring forbids sleep") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    CHECK(rig.ingress->fall_asleep());
    for (int i = 1; i <= 3; ++i) CHECK(scram_publish(client.get(), 0, 0, i) == SCRAM_DONE);
    CHECK(rig.io.run_one() == 1);  // the doorbell's handler reads the rings
    CHECK(rig.sink.told.size() == 3);
    rig.ingress->wake();
    scram_publish(client.get(), 0, 0, 4);
    CHECK_FALSE(rig.ingress->fall_asleep());
    CHECK(rig.sink.told.size() == 4);
    rig.ingress->wake();
    CHECK(rig.ingress->fall_asleep());
    CHECK(rig.io.poll() == 0);  // nothing was rung while it was awake
}

// The two in step, round by round: a store that is not seen in order shows here first.
TEST_CASE("ingress: of a publish and a falling asleep at one moment, one sees the other") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    const int rounds = static_cast<int>(stress_rounds(2000));
    std::atomic<int> begun = 0, published = 0;
    std::thread maker([&] {
        for (int round = 1; round <= rounds; ++round) {
            while (begun.load() < round) continue;
            scram_publish(client.get(), 0, 0, 1);
            published.store(round);
        }
    });
    int missed = 0, rung = 0;
    for (int round = 1; round <= rounds; ++round) {
        begun.store(round);
        for (int pause = round % 512; pause > 0; --pause)
            std::atomic_signal_fence(std::memory_order_seq_cst);
        const bool would_block = rig.ingress->fall_asleep();
        while (published.load() < round) continue;
        if (would_block) {
            const bool woken = rig.io.poll() > 0;
            rung += woken ? 1 : 0;
            missed += woken ? 0 : 1;
        }
        rig.ingress->wake();
        while (rig.ingress->poll() || rig.io.poll() > 0) continue;
    }
    maker.join();
    CHECK(missed == 0);
    CHECK(rung > 0);
    MESSAGE(rung << " rung of " << rounds);
}

// Makers that publish, each in rhythms of its own, to a loop that sleeps whenever it may. One that
// slept with a signal in a ring would hang until the maker gives up.
TEST_CASE("ingress: it never sleeps through a signal") {
    const std::uint64_t rounds = stress_rounds(5000);
    IngressRig rig;
    constexpr int makers = 2;
    const AttachedClient clients[makers] = {rig.attach("maker-1"), rig.attach("maker-2")};
    std::atomic<int> at_work = makers, slept_through = 0, failed = 0;
    std::vector<std::thread> threads;
    for (int m = 0; m < makers; ++m) {
        threads.emplace_back([&, m] {
            scram_client* client = clients[m].get();
            std::uint64_t published = 0, seed = 12345 + static_cast<std::uint64_t>(m);
            for (std::uint64_t round = 0; round < rounds && slept_through == 0; ++round) {
                seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
                for (std::uint64_t pause = seed >> 52; pause > 0; --pause)
                    std::atomic_signal_fence(std::memory_order_seq_cst);
                const std::uint64_t burst = 1 + (seed >> 33) % 8;
                for (std::uint64_t i = 0; i < burst; ++i, ++published)
                    if (scram_publish(client, 0, 0, 1) != SCRAM_DONE) ++failed;
                const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
                while (rig.sink.received[static_cast<std::size_t>(m) + 1] != published) {
                    if (std::chrono::steady_clock::now() < give_up) continue;
                    ++slept_through;
                    break;
                }
            }
            if (--at_work == 0) boost::asio::post(rig.io, [] {});
        });
    }
    std::uint64_t sleeps = 0;
    while (at_work > 0) {
        if (rig.ingress->fall_asleep()) {
            rig.io.run_one();
            ++sleeps;
        }
        rig.ingress->wake();
        rig.turn();
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(slept_through == 0);
    CHECK(failed == 0);
    CHECK(rig.sink.out_of_order == 0);
    CHECK(sleeps > 0);
    MESSAGE(sleeps << " sleeps");
}
