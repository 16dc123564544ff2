// The ingress with the C client at its other end: signals by the ring, and how both sides end.
#include "net/sources/ingress.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/scram.h"

using namespace scram;

namespace {

// What came behind the ingress, in its order: "value 3", "lost", "left", "vanished".
struct Sink final : SourceAdmission, SignalSink {
    std::variant<SourceId, std::string> attach(std::string_view name, const Peer&) override {
        return id_at<SourceId>(static_cast<std::size_t>(name.back() - '0'));
    }
    std::variant<FamilyId, std::string> resolve_family(SourceId, std::string_view) override {
        return FamilyId{0};
    }
    std::variant<MetricId, std::string> resolve_metric(std::string_view) override {
        return MetricId{0};
    }
    void signal(SourceId source, const scram_signal& signal, Time) override {
        auto& last = sequence[index(source)];
        if (signal.sequence != last + 1) ++out_of_order;
        last = signal.sequence;
        received[index(source)].store(signal.sequence);
        const std::string kind = signal.kind == SCRAM_VALUE_MORE     ? "more "
                                 : signal.kind == SCRAM_RESTART      ? "restart "
                                 : signal.kind == SCRAM_RESTART_MORE ? "restart more "
                                                                     : "value ";
        if (told.size() < 10'000) told.push_back(kind + std::to_string(int(signal.value)));
    }
    void batch_ended(SourceId, Time) override { told.emplace_back("batch ended"); }
    void signals_lost(SourceId, Time) override { told.emplace_back("lost"); }
    void left(SourceId) override { told.emplace_back("left"); }
    void vanished(SourceId, const std::string& reason) override {
        told.push_back("vanished: " + reason);
    }
    void turned_away(const Peer&, Rejection) override {}
    bool was_told(const std::string& what) const {
        return std::any_of(told.begin(), told.end(),
                           [&](const std::string& one) { return one.starts_with(what); });
    }

    std::vector<std::string> told;
    std::array<std::uint64_t, 10> sequence{};
    std::array<std::atomic<std::uint64_t>, 10> received{};
    std::atomic<int> out_of_order = 0;
};

struct Abandon {
    void operator()(scram_client* client) const { scram_abandon(client); }
};
using Client = std::unique_ptr<scram_client, Abandon>;

class Rig {
  public:
    Rig() {
        char name[] = "/tmp/scram-ingress-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        folder = name;
        path = folder + "/signals.sock";
        ingress = std::make_unique<Ingress>(io, std::get<0>(listen_at(path, SOCK_SEQPACKET)),
                                            *gates, sink, sink);
        ingress->start();
    }
    ~Rig() {
        ingress.reset();
        rmdir(folder.c_str());
    }

    // The loop runs beside `work`.
    template <class Work>
    void beside(Work&& work) {
        std::atomic<bool> done = false;
        std::thread worker([&] {
            work();
            done = true;
        });
        while (!done) turn();
        worker.join();
        turn();
    }
    void turn() {
        ingress->poll();
        io.poll();
    }
    Client attach(const char* name = "maker-1") {
        scram_client* client = nullptr;
        beside([&] { scram_attach(&client, path.c_str(), name); });
        REQUIRE(client != nullptr);
        return Client(client);
    }
    void until_told(const std::string& what) {
        for (int i = 0; i < 1'000'000 && !sink.was_told(what); ++i) turn();
        CHECK_MESSAGE(sink.was_told(what), what);
    }

    boost::asio::io_context io{1};
    std::unique_ptr<Gates> gates = std::get<0>(Gates::make(4));
    Sink sink;
    std::string folder, path;
    std::unique_ptr<Ingress> ingress;
};

// $SCRAM_STRESS=N: N rounds, for a run by hand.
std::uint64_t stress_rounds(std::uint64_t usual) {
    const char* wanted = std::getenv("SCRAM_STRESS");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual;
}

using Heard = std::vector<std::string>;

}  // namespace

TEST_CASE("ingress: what is published by the ring needs no loop but the poll") {
    Rig rig;
    const Client client = rig.attach();
    CHECK_FALSE(rig.ingress->poll());
    CHECK(scram_publish(client.get(), 0, 0, 1) == SCRAM_DONE);
    for (int i = 2; i <= 4; ++i) scram_add(client.get(), 0, 0, i);
    CHECK(scram_flush(client.get()) == SCRAM_DONE);
    CHECK(rig.ingress->poll());
    CHECK(rig.sink.told == Heard{"value 1", "more 2", "more 3", "value 4"});
    CHECK_FALSE(rig.ingress->poll());
}

TEST_CASE("ingress: a series that restarts is told as such, in a batch and at its end") {
    Rig rig;
    const Client client = rig.attach();
    CHECK(scram_restart(client.get(), 0, 0, 1) == SCRAM_DONE);
    scram_add_restart(client.get(), 0, 0, 2);
    scram_add(client.get(), 0, 0, 3);
    scram_add_restart(client.get(), 0, 0, 4);
    CHECK(scram_flush(client.get()) == SCRAM_DONE);
    rig.ingress->poll();
    CHECK(rig.sink.told == Heard{"restart 1", "restart more 2", "more 3", "restart 4"});
}

TEST_CASE("ingress: a poll reads 64 signals of a ring, then the next ring has its turn") {
    Rig rig;
    const Client one = rig.attach("maker-1"), two = rig.attach("maker-2");
    for (int i = 0; i < 200; ++i) scram_publish(one.get(), 0, 0, i);
    scram_publish(two.get(), 0, 0, 1);
    rig.ingress->poll();
    CHECK(rig.sink.received[1] == 64);
    CHECK(rig.sink.received[2] == 1);
}

TEST_CASE("ingress: a full ring is told to its source, and seen here within the same poll") {
    Rig rig;
    const Client client = rig.attach();
    for (int i = 0; i < SCRAM_RING_SLOTS; ++i)
        REQUIRE(scram_publish(client.get(), 0, 0, i) == SCRAM_DONE);
    CHECK(scram_publish(client.get(), 0, 0, -1) == SCRAM_FULL);
    CHECK(std::string(scram_error(client.get())) ==
          "scramd is behind: 1 signals found the ring full and are lost");
    CHECK(scram_halted(client.get(), 0) == 0);
    rig.ingress->poll();
    CHECK(rig.sink.was_told("lost"));
    CHECK(scram_publish(client.get(), 0, 0, -2) == SCRAM_DONE);
    while (rig.ingress->poll()) continue;
    CHECK(rig.sink.told.back() == "value -2");
    CHECK_FALSE(rig.sink.was_told("value -1"));
    CHECK(rig.sink.out_of_order == 0);
}

TEST_CASE("ingress: of a batch that does not fit whole, the first signals are published") {
    Rig rig;
    const Client client = rig.attach();
    for (int i = 0; i < SCRAM_RING_SLOTS - 2; ++i) scram_publish(client.get(), 0, 0, i);
    for (int i = 5; i <= 7; ++i) scram_add(client.get(), 0, 0, -i);
    CHECK(scram_flush(client.get()) == SCRAM_FULL);
    while (rig.ingress->poll()) continue;
    CHECK(rig.sink.told.back() == "value -6");
}

TEST_CASE("ingress: what one flush sends is marked as one batch, by ring and by socket") {
    for (const bool by_ring : {true, false}) {
        Rig rig;
        setenv("SCRAM_RING", by_ring ? "on" : "off", 1);
        const Client client = rig.attach();
        unsetenv("SCRAM_RING");
        scram_publish(client.get(), 0, 0, 1);
        for (int i = 2; i <= 4; ++i) scram_add(client.get(), 0, 0, i);
        scram_flush(client.get());
        scram_publish(client.get(), 0, 0, 5);
        rig.until_told("value 5");
        CHECK(rig.sink.told ==
              std::vector<std::string>{"value 1", "more 2", "more 3", "value 4", "value 5"});
        CHECK(rig.sink.out_of_order == 0);
    }
}

TEST_CASE("ingress: a poll that ends within a batch reads it whole") {
    Rig rig;
    const Client client = rig.attach();
    for (int i = 1; i < 64; ++i) scram_publish(client.get(), 0, 0, i);
    for (int i = 64; i < 80; ++i) scram_add(client.get(), 0, 0, i);
    scram_flush(client.get());
    scram_publish(client.get(), 0, 0, 80);
    CHECK(rig.ingress->poll());
    CHECK(rig.sink.told.back() == "value 79");
}

TEST_CASE("ingress: a source is read on demand, to the end of its ring and of its socket") {
    for (const bool by_ring : {true, false}) {
        Rig rig;
        setenv("SCRAM_RING", by_ring ? "on" : "off", 1);
        const Client client = rig.attach();
        unsetenv("SCRAM_RING");
        int sent = 0;
        while (sent < 500 && scram_publish(client.get(), 0, 0, sent) == SCRAM_DONE) ++sent;
        CHECK(sent > 64);
        const std::string last = "value " + std::to_string(sent - 1);
        rig.ingress->read(SourceId{2});  // nobody
        CHECK(rig.sink.told.empty());
        rig.ingress->read(SourceId{1});
        CHECK(rig.sink.told.back() == last);
    }
}

TEST_CASE("ingress: a goodbye is heard behind everything that was published before") {
    Rig rig;
    Client client = rig.attach();
    for (int i = 0; i < 500; ++i) scram_publish(client.get(), 0, 0, i);
    scram_add(client.get(), 0, 0, 500);
    std::thread maker([&] { CHECK(scram_detach(client.release()) == SCRAM_DONE); });
    while (!rig.sink.was_told("left")) rig.io.poll();
    maker.join();
    CHECK(rig.sink.told.size() == 502);
    CHECK(rig.sink.told[500] == "value 500");
    CHECK(rig.sink.told[501] == "left");
}

TEST_CASE("ingress: a maker that dies is heard to its last signal, then it has vanished") {
    Rig rig;
    const pid_t child = fork();
    if (child == 0) {
        scram_client* client = nullptr;
        if (scram_attach(&client, rig.path.c_str(), "maker-1") != SCRAM_DONE) _exit(1);
        for (int i = 0; i < 300; ++i) scram_publish(client, 0, 0, i);
        kill(getpid(), SIGKILL);
    }
    while (!rig.sink.was_told("vanished")) rig.io.poll();  // and no poll of the rings
    waitpid(child, nullptr, 0);
    REQUIRE(rig.sink.told.size() == 301);
    CHECK(rig.sink.told[299] == "value 299");
    CHECK(rig.sink.told[300] == "vanished: its connection closed without detaching");
}

TEST_CASE("ingress: an end that was killed is known within SCRAM_LISTEN_MS of publishing") {
    Rig rig;
    const Client client = rig.attach();
    rig.ingress->stop();
    while (scram_publish(client.get(), 0, 0, 1) == SCRAM_DONE) usleep(1000);
    CHECK(scram_attached(client.get()) == 0);
    CHECK(scram_halted(client.get(), 0) == 1);
}

TEST_CASE("ingress: an end on purpose is known from the gates at once, and from a heartbeat") {
    Rig rig;
    const Client client = rig.attach();
    rig.gates->end();
    CHECK(scram_halted(client.get(), 0) == 1);
    rig.ingress->stop();
    CHECK(scram_heartbeat(client.get()) == SCRAM_GONE);
}

TEST_CASE("ingress: a ring that nobody reads any more is not taken for a slow scramd") {
    Rig rig;
    const Client client = rig.attach();
    rig.ingress->stop();
    scram_result result = SCRAM_DONE;
    for (int i = 0; i <= SCRAM_RING_SLOTS && result == SCRAM_DONE; ++i)
        result = scram_publish(client.get(), 0, 0, i);
    CHECK(result == SCRAM_GONE);
}

TEST_CASE("ingress: SCRAM_RING=off has the client use the socket") {
    Rig rig;
    setenv("SCRAM_RING", "off", 1);
    const Client client = rig.attach();
    unsetenv("SCRAM_RING");
    CHECK(scram_publish(client.get(), 0, 0, 3) == SCRAM_DONE);
    CHECK_FALSE(rig.ingress->poll());
    rig.until_told("value 3");
}

TEST_CASE("ingress: by the socket, a last signal that found no room shows at the goodbye") {
    Rig rig;
    setenv("SCRAM_RING", "off", 1);
    Client client = rig.attach();
    unsetenv("SCRAM_RING");
    while (scram_publish(client.get(), 0, 0, 3) == SCRAM_DONE) continue;
    rig.beside([&] { scram_detach(client.release()); });
    CHECK(rig.sink.out_of_order == 1);
    CHECK(rig.sink.was_told("left"));
}

TEST_CASE("ingress: each attachment has a ring of its own, its numbers begin at 1") {
    Rig rig;
    for (int i = 0; i < 3; ++i) {
        const Client client = rig.attach();
        scram_publish(client.get(), 0, 0, i);
        rig.turn();
        CHECK(rig.sink.received[1] == 1);
        rig.sink.sequence[1] = 0;
    }
    CHECK(rig.sink.out_of_order == 0);
}

TEST_CASE("ingress: a child that was forked writes nothing into its parent's ring") {
    Rig rig;
    const Client client = rig.attach();
    scram_publish(client.get(), 0, 0, 1);
    const pid_t child = fork();
    if (child == 0) _exit(scram_publish(client.get(), 0, 0, 2) == SCRAM_GONE ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    scram_publish(client.get(), 0, 0, 3);
    rig.ingress->poll();
    CHECK(rig.sink.told == Heard{"value 1", "value 3"});
}

TEST_CASE(
    "ingress: while it sleeps a publish rings once, and what stands in a ring forbids sleep") {
    Rig rig;
    const Client client = rig.attach();
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
    Rig rig;
    const Client client = rig.attach();
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
    Rig rig;
    constexpr int makers = 2;
    const Client clients[makers] = {rig.attach("maker-1"), rig.attach("maker-2")};
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
