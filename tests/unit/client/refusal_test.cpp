// The C client against a fake scramd that refuses, is late or full, or is not to be trusted.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "client/scram.h"
#include "tests/unit/client/fake_daemon.h"

using namespace client_test;

namespace {

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

std::size_t open_fds() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace

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
