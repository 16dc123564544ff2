// The C client against a fake scramd: what goes over the wire, byte for byte.
#include "client/scram.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>

#include "tests/unit/client/fake_daemon.h"

using namespace client_test;

namespace {

bool same_bytes(const scram_signal& a, const scram_signal& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("client: attach asks by name and takes the id and the gates it is given") {
    FakeDaemon daemon;
    scram_client* raw = nullptr;
    REQUIRE(scram_attach(&raw, daemon.path(), "maker-1") == SCRAM_DONE);
    const Handle client(raw);
    scram_signal expected{};
    expected.sequence = SCRAM_WANTS_RING;
    expected.version = 1;
    expected.kind = 16;
    std::strcpy(expected.name, "maker-1");
    const auto request = daemon.next_signals();
    REQUIRE(request.size() == 1);
    CHECK(same_bytes(request[0], expected));
    CHECK(scram_attached(client.get()) == 1);
    CHECK(scram_halted(client.get(), 0) == 0);
}

TEST_CASE("client: the socket path comes from SCRAM_SOCKET if none is given") {
    FakeDaemon daemon;
    setenv("SCRAM_SOCKET", daemon.path(), 1);
    CHECK(attach_to(nullptr) == SCRAM_DONE);
    unsetenv("SCRAM_SOCKET");
}

TEST_CASE("client: families and metrics are resolved by name") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    std::uint16_t family = 0, metric = 0;
    CHECK(scram_family(client.get(), "mm-1/BTC-USD", &family) == SCRAM_DONE);
    CHECK(scram_metric(client.get(), "delta", &metric) == SCRAM_DONE);
    CHECK(family == 2);
    CHECK(metric == 5);
    const auto request = daemon.next_signals();
    CHECK(request[0].kind == SCRAM_FAMILY);
    CHECK(std::string(request[0].name) == "mm-1/BTC-USD");
    CHECK(daemon.next_signals()[0].kind == SCRAM_METRIC);
}

TEST_CASE("client: a published signal is one record, every byte of it defined") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    const std::int64_t before = clock_ns();
    REQUIRE(scram_publish(client.get(), 2, 5, -12.5) == SCRAM_DONE);
    const std::int64_t after = clock_ns();
    const auto signals = daemon.next_signals();
    REQUIRE(signals.size() == 1);
    CHECK(signals[0].published_ns >= before);
    CHECK(signals[0].published_ns <= after);
    scram_signal expected{};
    expected.sequence = 1;
    expected.published_ns = signals[0].published_ns;
    expected.value = -12.5;
    expected.family = 2;
    expected.metric = 5;
    expected.source = 7;
    expected.version = 1;
    expected.kind = 1;
    CHECK(same_bytes(signals[0], expected));
}

TEST_CASE("client: NaN and infinity are sent as they are") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    CHECK(scram_publish(client.get(), 2, 5, std::numeric_limits<double>::quiet_NaN()) ==
          SCRAM_DONE);
    CHECK(scram_publish(client.get(), 2, 5, std::numeric_limits<double>::infinity()) == SCRAM_DONE);
    CHECK(std::isnan(daemon.next_signals()[0].value));
    CHECK(std::isinf(daemon.next_signals()[0].value));
}

TEST_CASE("client: what was added leaves in one message, numbered in order") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    CHECK(scram_flush(client.get()) == SCRAM_DONE);  // nothing to send, nothing is sent
    for (int i = 0; i < 3; ++i) CHECK(scram_add(client.get(), 2, 5, i) == SCRAM_DONE);
    CHECK(scram_flush(client.get()) == SCRAM_DONE);
    CHECK(scram_publish(client.get(), 2, 5, 3) == SCRAM_DONE);
    const auto batch = daemon.next_signals();
    REQUIRE(batch.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(batch[i].sequence == i + 1);
        CHECK(batch[i].value == static_cast<double>(i));
        CHECK(batch[i].published_ns == batch[0].published_ns);
    }
    CHECK(daemon.next_signals()[0].sequence == 4);
}

TEST_CASE("client: that a series restarts is said by a kind of its own, alone and in a batch") {
    std::optional<FakeDaemon> daemon;
    daemon.emplace([&](const scram_signal& request) {
        auto replies = daemon->usual(request);
        if (request.kind == SCRAM_ATTACH) replies[0].record.sequence = SCRAM_KNOWS_RESTARTS;
        return replies;
    });
    const Handle client = attach(*daemon);
    CHECK(scram_restart(client.get(), 2, 5, 1.5) == SCRAM_DONE);
    CHECK(scram_add(client.get(), 2, 5, 2) == SCRAM_DONE);
    CHECK(scram_add_restart(client.get(), 3, 5, 0) == SCRAM_DONE);
    CHECK(scram_flush(client.get()) == SCRAM_DONE);
    const auto alone = daemon->next_signals();
    REQUIRE(alone.size() == 1);
    CHECK(alone[0].kind == SCRAM_RESTART);
    CHECK(alone[0].value == 1.5);
    CHECK(alone[0].sequence == 1);
    const auto batch = daemon->next_signals();
    REQUIRE(batch.size() == 2);
    CHECK(batch[0].kind == SCRAM_VALUE);
    CHECK(batch[1].kind == SCRAM_RESTART);
    CHECK(batch[1].family == 3);
}

TEST_CASE("client: a scramd that is too old for it is not sent that a series restarts") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    CHECK(scram_restart(client.get(), 2, 5, 1) == SCRAM_DENIED);
    CHECK(last_error(client) ==
          "this scramd is too old to be told that a series restarts: nothing was sent");
    CHECK(scram_add_restart(client.get(), 2, 5, 1) == SCRAM_DENIED);
    CHECK(scram_publish(client.get(), 2, 5, 7) == SCRAM_DONE);
    const auto signals = daemon.next_signals();
    REQUIRE(signals.size() == 1);
    CHECK(signals[0].kind == SCRAM_VALUE);
    CHECK(signals[0].sequence == 1);
}

TEST_CASE("client: adding to a full batch sends it first") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    for (int i = 0; i <= SCRAM_BATCH_MAX; ++i) scram_add(client.get(), 2, 5, i);
    scram_flush(client.get());
    CHECK(daemon.next_signals().size() == SCRAM_BATCH_MAX);
    const auto rest = daemon.next_signals();
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].sequence == SCRAM_BATCH_MAX + 1);
}

TEST_CASE("client: a heartbeat is a signal too, and takes along what was added") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    scram_add(client.get(), 2, 5, 1);
    CHECK(scram_heartbeat(client.get()) == SCRAM_DONE);
    const auto batch = daemon.next_signals();
    REQUIRE(batch.size() == 2);
    scram_signal expected{};
    expected.sequence = 2;
    expected.published_ns = batch[1].published_ns;
    expected.source = 7;
    expected.version = 1;
    expected.kind = 2;
    CHECK(same_bytes(batch[1], expected));
}
