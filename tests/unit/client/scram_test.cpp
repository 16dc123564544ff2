// The C client against a fake scramd: what goes over the wire, byte for byte, and what is refused.
// told.
#include "client/scram.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "tests/unit/client/fake_daemon.h"

using namespace client_test;

namespace {

scram_result attach_to(const char* path, const char* name = "maker-1") {
    scram_client* client = nullptr;
    const scram_result result = scram_attach(&client, path, name);
    CHECK((client != nullptr) == (result == SCRAM_DONE));
    scram_abandon(client);
    return result;
}

class NullDevice {
  public:
    NullDevice() : fd_(open("/dev/null", O_RDWR | O_CLOEXEC)) {}
    ~NullDevice() { close(fd_); }
    NullDevice(const NullDevice&) = delete;
    NullDevice& operator=(const NullDevice&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

bool same_bytes(const scram_signal& a, const scram_signal& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::size_t open_fds() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

std::string last_error(const Handle& client) {
    return scram_error(client.get());
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
    const std::int64_t before = monotonic_ns();
    REQUIRE(scram_publish(client.get(), 2, 5, -12.5) == SCRAM_DONE);
    const std::int64_t after = monotonic_ns();
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

TEST_CASE("client: a refusal is told in scramd's words") {
    std::optional<FakeDaemon> daemon;
    daemon.emplace([&](const scram_signal& request) {
        if (request.kind == SCRAM_FAMILY) return std::vector{refused("family \"x\": unknown")};
        return daemon->usual(request);
    });
    const Handle client = attach(*daemon);
    std::uint16_t id = 99;
    CHECK(scram_family(client.get(), "x", &id) == SCRAM_DENIED);
    CHECK(id == 99);
    CHECK(last_error(client) == "family \"x\": unknown");
    CHECK(scram_attached(client.get()) == 1);
}

TEST_CASE("client: a refusal of the longest text is told whole") {
    const std::string words(SCRAM_TEXT_MAX, 'x');
    FakeDaemon daemon([&](const scram_signal&) { return std::vector{refused(words)}; });
    CHECK(attach_to(daemon.path()) == SCRAM_DENIED);
    CHECK(scram_error(nullptr) == words);
}

TEST_CASE("client: a name that does not fit is refused here, and nothing is sent") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    std::uint16_t id = 0;
    CHECK(scram_family(client.get(), std::string(32, 'f').c_str(), &id) == SCRAM_INVALID);
    CHECK(scram_metric(client.get(), "", &id) == SCRAM_INVALID);
    CHECK(scram_metric(client.get(), nullptr, &id) == SCRAM_INVALID);
    CHECK(last_error(client) == "\"\": a name has 1 to 31 bytes");
    CHECK(scram_family(client.get(), std::string(31, 'f').c_str(), &id) == SCRAM_DONE);
    CHECK(std::string(daemon.next_signals()[0].name) == std::string(31, 'f'));
}

TEST_CASE("client: nobody at the path is told as such, with the path") {
    CHECK(attach_to("/nonexistent/signals.sock") == SCRAM_UNREACHABLE);
    CHECK(std::string(scram_error(nullptr)).find("/nonexistent/signals.sock: No such file") == 0);
    CHECK(attach_to(std::string(200, 'p').c_str()) == SCRAM_INVALID);
}

TEST_CASE("client: a scramd that never answers cannot hang a maker") {
    FakeDaemon daemon([](const scram_signal&) { return std::vector<Reply>{}; });
    CHECK(attach_to(daemon.path()) == SCRAM_TIMEOUT);
}

TEST_CASE("client: an answer that comes too late is not taken for the next one") {
    std::optional<FakeDaemon> daemon;
    int asked = 0;
    daemon.emplace([&](const scram_signal& request) {
        if (request.kind != SCRAM_FAMILY) return daemon->usual(request);
        if (++asked == 1) return std::vector<Reply>{};
        return std::vector{refused("late"), daemon->usual(request)[0]};
    });
    const Handle client = attach(*daemon);
    std::uint16_t id = 0;
    CHECK(scram_family(client.get(), "slow", &id) == SCRAM_TIMEOUT);
    CHECK(scram_family(client.get(), "quick", &id) == SCRAM_DONE);
    CHECK(id == 2);
}

TEST_CASE("client: a full socket loses the signal, uses its number up and does not wait") {
    std::optional<FakeDaemon> daemon;
    daemon.emplace([&](const scram_signal& request) {
        if (request.kind == SCRAM_METRIC) daemon->stop_reading();
        return daemon->usual(request);
    });
    const Handle client = attach(*daemon);
    std::uint16_t id = 0;
    REQUIRE(scram_metric(client.get(), "delta", &id) == SCRAM_DONE);
    daemon->skip_requests(1);
    std::uint64_t sent = 0;
    scram_result result;
    while ((result = scram_publish(client.get(), 2, 5, 0)) == SCRAM_DONE) ++sent;
    CHECK(result == SCRAM_FULL);
    CHECK(scram_publish(client.get(), 2, 5, 0) == SCRAM_FULL);
    CHECK(scram_halted(client.get(), 2) == 0);
    daemon->resume_reading();
    for (std::uint64_t i = 1; i <= sent; ++i) CHECK(daemon->next_signals()[0].sequence == i);
    CHECK(scram_publish(client.get(), 2, 5, 0) == SCRAM_DONE);
    CHECK(daemon->next_signals()[0].sequence == sent + 3);
}

TEST_CASE(
    "client: a gate region that cannot be trusted is refused, and no descriptor is left open") {
    GateFile gates;
    const NullDevice null_device;
    std::vector<int> sent{gates.fd()};
    std::string expected;
    SUBCASE("none sent") {
        sent.clear();
        expected = "scramd sent no gate region";
    }
    SUBCASE("no room for a header") {
        gates.truncate(63);
        expected = "the gate region has no header of 64 bytes";
    }
    SUBCASE("no room for all families") {
        gates.truncate(64 + 4 * 4 - 1);
        expected = "the gate region of 4 families has 79 bytes, not 80";
    }
    SUBCASE("wrong magic") {
        gates.head().magic = 0x11;
        expected = "the gate region has magic 0x11 and version 1, not 0x53435247 and 1";
    }
    SUBCASE("wrong version") {
        gates.head().version = 2;
        expected = "the gate region has magic 0x53435247 and version 2, not 0x53435247 and 1";
    }
    SUBCASE("no memory file") {
        sent = {null_device.get()};
        expected = "the gate region has no header of 64 bytes";
    }
    SUBCASE("not sealed") {
        expected = "the gate region is not sealed against shrinking";
    }
    SUBCASE("three files, one of them too many") {
        sent = {gates.fd(), gates.fd(), gates.fd()};
        gates.head().magic = 0;
        expected = "the gate region has magic 0 and version 1, not 0x53435247 and 1";
    }
    FakeDaemon daemon([&](const scram_signal&) {
        Reply reply;
        reply.record.version = SCRAM_VERSION;
        reply.record.kind = SCRAM_OK;
        reply.fds = sent;
        return std::vector{reply};
    });
    const std::size_t before = open_fds();
    CHECK(attach_to(daemon.path()) == SCRAM_PROTOCOL);
    CHECK(scram_error(nullptr) == expected);
    CHECK(daemon.next().size() == 64);
    CHECK(daemon.next() == "");
    CHECK(open_fds() == before + 1);  // the fake's own end of the connection
}

TEST_CASE("client: a ring that cannot be trusted is refused") {
    const int fd = memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    REQUIRE(ftruncate(fd, sizeof(scram_ring)) == 0);
    struct {
        std::uint32_t magic = SCRAM_RING_MAGIC;
        std::uint16_t version = SCRAM_VERSION, reserved = 0;
        std::uint32_t slot_count = SCRAM_RING_SLOTS;
    } head;
    std::string expected;
    SUBCASE("too small") {
        REQUIRE(ftruncate(fd, sizeof(scram_ring) - 1) == 0);
        expected = "the ring has less than 65792 bytes";
    }
    SUBCASE("wrong magic") {
        head.magic = 0x11;
        expected = "the ring has magic 0x11, version 1 and 1024 slots, not 0x53435252, 1 and 1024";
    }
    SUBCASE("wrong version") {
        head.version = 2;
        expected =
            "the ring has magic 0x53435252, version 2 and 1024 slots, not 0x53435252, 1 and 1024";
    }
    SUBCASE("other slots") {
        head.slot_count = 4096;
        expected =
            "the ring has magic 0x53435252, version 1 and 4096 slots, not 0x53435252, 1 and 1024";
    }
    SUBCASE("not sealed") {
        expected = "the ring is not sealed against shrinking";
    }
    REQUIRE(pwrite(fd, &head, sizeof head, 0) == sizeof head);
    std::optional<FakeDaemon> daemon;
    daemon.emplace([&](const scram_signal& request) {
        auto replies = daemon->usual(request);
        replies[0].fds.push_back(fd);
        return replies;
    });
    const std::size_t before = open_fds();
    CHECK(attach_to(daemon->path()) == SCRAM_PROTOCOL);
    CHECK(scram_error(nullptr) == expected);
    daemon->skip_requests(1);
    CHECK(daemon->next() == "");
    CHECK(open_fds() == before + 1);  // the fake's own end of the connection
    close(fd);
}

TEST_CASE("client: an answer of another version is refused") {
    std::optional<FakeDaemon> daemon;
    daemon.emplace([&](const scram_signal& request) {
        auto replies = daemon->usual(request);
        replies[0].record.version = 2;
        return replies;
    });
    CHECK(attach_to(daemon->path()) == SCRAM_PROTOCOL);
}
