// The way of a kill in a whole scramd, from a ring to a server: what it does until the bytes are
// the kernel's. That it is one system call is shown by tests/e2e/way_test.py.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/loop/driver.h"
#include "net/clock.h"
#include "net/sources/ring_readers.h"
#include "tests/unit/core/engine/rig.h"
#include "tests/unit/daemon/loop/way_hooks.h"
#include "tests/unit/daemon/records/journal_folder.h"
#include "tests/unit/net/exchange/link_rig.h"
#include "tests/unit/net/sources/ring_writer.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr LinkId only_link{};

// An exchange that confirms every cancel and tells the time.
void confirm_all(testing::Client& client, int) {
    if (!client.shake_hands()) return;
    for (std::string head = client.read_request(); !head.empty(); head = client.read_request()) {
        const std::size_t length = head.find("Content-Length: ");
        if (length != head.npos) client.read_bytes(std::stoul(head.substr(length + 16)));
        client.answer(head.starts_with("POST") ? R"({"code":"0","msg":"","data":[{"result":true}]})"
                                               : R"({"code":"0","msg":"","data":[{"ts":")" +
                                                     std::to_string(wall_now().value) + "\"}]}");
    }
}

// All that App wires, with one link, and a maker who publishes by a ring.
struct Whole {
    explicit Whole(const WireConfig& wire)
        : server({.certificate = &testing::pki().good}, confirm_all),
          config(config_for(wire)),
          driver(io, config, signer(config.plan), links_over(io, *tls), *gates, logger, *journal) {
        auto ring = Ring::make();
        REQUIRE(ring);
        writer.emplace(ring->memory());
        feeds.add(maker, std::move(*ring));
        driver.start();
        driver.source_joined(maker, "a test");
        REQUIRE(runs_until([&] { return driver.sight(only_link).rehearsed != Time{}; }));
        publish(A, 1);
        feeds.poll();
        io.poll();
    }
    ~Whole() {
        driver.stop();
        journal->stop();
    }

    Config config_for(const WireConfig& wire) const {
        Config made = folder.config();
        made.plan = plan_of({.families = 3, .links = 1});
        add_limit(made.plan, 25);
        made.exchange.hosts = {"127.0.0.1"};
        made.exchange.port = server.port();
        made.wire = wire;
        return made;
    }
    static SignerLine signer(const Plan& plan) {
        return std::get<SignerLine>(start_signer(plan, [](AccountId) {
            return Credentials{"fake-key", Secret("fake-secret"), Secret("fake-passphrase")};
        }));
    }

    bool runs_until(const std::function<bool()>& condition) {
        const auto give_up = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < give_up) {
            io.restart();
            io.run_one_for(10ms);
        }
        io.restart();
        io.poll();  // what it set off: records are sealed
        return condition();
    }
    void publish(FamilyId family, double value) {
        scram_signal signal{};
        signal.published_ns = monotonic_now().time_since_epoch().count();
        signal.value = value;
        signal.family = static_cast<std::uint16_t>(family);
        signal.version = SCRAM_VERSION;
        signal.kind = SCRAM_VALUE;
        REQUIRE(writer->publish(signal));
    }
    // What a breach takes from the ring to the kernel. It must be accepted in the end.
    WaySeen trip(FamilyId family) {
        publish(family, 26);
        begin_to_watch_way();
        feeds.poll();
        const WaySeen seen = end_to_watch_way();
        CHECK(
            runs_until([&] { return driver.engine().family(family).cancel == Cancel::accepted; }));
        return seen;
    }

    testing::TlsServer server;
    JournalFolder folder;
    Config config;
    boost::asio::io_context io;
    std::unique_ptr<TlsContext> tls = testing::tls_context(testing::pki().trusting().options());
    std::unique_ptr<Gates> gates = std::get<0>(Gates::make(config.plan.families.size()));
    Logger logger{open("/dev/null", O_WRONLY | O_CLOEXEC)};
    std::unique_ptr<Journal> journal = Journaled::opened(config);
    Driver driver;
    RingReaders feeds{driver};
    std::optional<testing::RingWriter> writer;
};

void check_way(const WaySeen& seen, std::size_t allocations_max = 0) {
    if (!has_way_hooks) return;
    CHECK(seen.sends == 1);
    CHECK(seen.allocations <= allocations_max);
    CHECK(seen.locks == 0);
}

WireConfig wire(Records records, bool stamps) {
    WireConfig wire;
    wire.records = records;
    wire.stamps = stamps;
    return wire;
}

}  // namespace

TEST_CASE("way: the hooks see an allocation, a lock and a send, so that these tests can fail") {
    if (!has_way_hooks) return;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    begin_to_watch_way();
    ::operator delete(::operator new(100));
    pthread_mutex_lock(&mutex);
    send(-1, "", 0, 0);
    ::operator delete(::operator new(100));
    const WaySeen seen = end_to_watch_way();
    pthread_mutex_unlock(&mutex);
    CHECK(seen.allocations == 1);
    CHECK(seen.locks == 1);
    CHECK(seen.sends == 1);
}

TEST_CASE("way: from the ring to the kernel no allocation, no lock, one send") {
    for (const bool stamps : {true, false}) {
        CAPTURE(stamps);
        Whole whole(wire(Records::sealed, stamps));
        check_way(whole.trip(A));
        check_way(whole.trip(B));
    }
}

TEST_CASE("way: a breach right behind a reload asks the signer, and then sends once") {
    Whole whole(wire(Records::sealed, true));
    Plan plan = whole.config.plan;
    plan.rules[0].lock = 500ms;  // neither signed nor sealed yet
    Driver::NextPlan next = whole.driver.prepare(plan);
    whole.driver.adopt(next);
    // For whoever made it to give back: that takes long.
    CHECK(next.replaced.bytes().size() == StateMemory::size_for(plan));
    const WaySeen seen = whole.trip(A);
    if (!has_way_hooks) return;
    CHECK(seen.sends == 2);
    CHECK(seen.allocations == 0);
    CHECK(seen.locks == 0);
}

TEST_CASE("way: nor where no record is ready and one is sealed as it leaves") {
    Whole whole(wire(Records::sealed, true));
    Plan plan = whole.config.plan;
    RuleSpec& other = add_limit(plan, 1e9);
    other.name = "other";
    other.lock = 500ms;  // requests of its own: the records of before are gone
    Driver::NextPlan next = whole.driver.prepare(plan);
    whole.driver.adopt(next);
    check_way(whole.trip(A));
}

TEST_CASE("reload: a plan goes when the last that tells of it has told it") {
    Whole whole(wire(Records::sealed, true));
    whole.trip(A);  // its receipt keeps a plan: the first, which is not counted
    std::vector<std::weak_ptr<const Plan>> plans;
    for (int i = 0; i < 1000; ++i) {
        Driver::NextPlan next = whole.driver.prepare(whole.config.plan);
        plans.push_back(next.told);
        whole.driver.adopt(next);
    }
    const auto alive = [&] {
        return std::count_if(plans.begin(), plans.end(),
                             [](const auto& p) { return !p.expired(); });
    };
    CHECK(comes([&] { return alive() == 1; }));  // when the log has been written
    CHECK(plans.back().lock() != nullptr);
}

TEST_CASE("way: where OpenSSL writes it takes no lock and one send, but allocates") {
    Whole whole(wire(Records::plain, true));
    check_way(whole.trip(A), 8);
}
