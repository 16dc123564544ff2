// Frames of real TCP connections over loopback, by a packet socket of the loopback device.
#include "net/wire/framer.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>

#include "net/clock.h"
#include "net/wire/tx_timestamps.h"
#include "tests/unit/net/wire/connection.h"

using namespace scram;
using namespace scram::testing;

namespace {

bool can_be_read(int fd, int wait_ms) {
    pollfd look{fd, POLLIN, 0};
    return poll(&look, 1, wait_ms) == 1;
}

// A connection whose requests leave as frames, as a link sends them.
struct FramesRig {
    explicit FramesRig(int family = AF_INET) : connection(family) {
        REQUIRE(connection.works);
        auto socket = FrameSocket::open("lo", true);
        if (const auto* error = std::get_if<std::string>(&socket)) {
            MESSAGE("skipped: " << *error);
            return;
        }
        frames.emplace("lo", std::move(std::get<0>(socket)));
        framer.emplace(&*frames);
        framer->begin(connection.near);
        REQUIRE(stamps.begin(connection.near, 0, TxTimestamps::Content::frames));
    }
    explicit operator bool() const { return frames.has_value(); }

    bool frame(const std::string& text) {
        return framer->send(
            text,
            checksum_words({reinterpret_cast<const unsigned char*>(text.data()), text.size()}));
    }
    void hand_over(const std::string& text) {
        framer->bytes_left();
        connection.send(text);
        stamps.expect(connection.written);
    }
    // The far end's, with its answer on the way.
    std::string received(std::size_t size) {
        std::string text(size, '\0');
        const ssize_t got = recv(connection.far, text.data(), size, MSG_WAITALL);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    bool more_is_received(int wait_ms = 20) const { return can_be_read(connection.far, wait_ms); }
    bool answer_is_there(int wait_ms) const { return can_be_read(connection.near, wait_ms); }
    void answer(std::size_t size = 2) {
        const std::string text(size, 'a');
        REQUIRE(::send(connection.far, text.data(), size, MSG_NOSIGNAL) == std::ssize(text));
        take_answer(size);
    }
    void take_answer(std::size_t size) {
        std::string got(size, '\0');
        REQUIRE(recv(connection.near, got.data(), size, MSG_WAITALL) == std::ssize(got));
        read += size;
    }
    void learn() {
        for (int tries = 0; tries < 200; ++tries) {
            if (const auto report = stamps.collect(connection.near)) {
                framer->learn(*report, stamps.taken(), connection.written, read_before);
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        FAIL("no stamp came");
    }
    void look() { framer->look(connection.near, connection.written, read); }
    // A whole request, with its answer. Whether it left as a frame.
    bool request(const std::string& text) {
        read_before = read;
        const bool framed = frame(text);
        hand_over(text);
        CHECK(received(text.size()) == text);
        answer();
        learn();
        look();
        return framed;
    }
    std::uint64_t not_sent(FrameState why) const {
        return frames->not_sent[static_cast<std::size_t>(why)];
    }

    Connection connection;
    std::optional<Frames> frames;
    std::optional<Framer> framer;
    TxTimestamps stamps;
    std::uint64_t read = 0, read_before = 0;
};

}  // namespace

TEST_CASE("framer: the first request teaches it, and the others are frames, each received once") {
    for (const int family : {AF_INET, AF_INET6}) {
        FramesRig rig(family);
        if (!rig) return;
        CHECK(rig.framer->state() == FrameState::unlearned);
        CHECK_FALSE(rig.request(std::string(440, 'x')));
        CHECK(rig.framer->state() == FrameState::ready);
        for (char c = 'a'; c <= 'z'; ++c) {
            const Time before = monotonic_now();
            CHECK(rig.request(std::string(400 + static_cast<std::size_t>(c), c)));
            CHECK(rig.framer->wire_time() > before - 100us);
            CHECK(rig.framer->wire_time() < monotonic_now());
        }
        CHECK(rig.frames->sent == 26);
        CHECK(rig.not_sent(FrameState::unlearned) == 1);
        CHECK_FALSE(rig.more_is_received());
    }
}

TEST_CASE(
    "framer: a frame is enough, and what the kernel sends after its acknowledgement is no more") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    const std::string text(440, 'y');
    REQUIRE(rig.frame(text));
    CHECK(rig.received(text.size()) == text);  // before the kernel has sent any of it
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    rig.hand_over(text);
    CHECK_FALSE(rig.more_is_received(300));
    rig.answer();
    rig.learn();
    rig.look();
    CHECK(rig.request(std::string(440, 'z')));
}

TEST_CASE(
    "framer: an answer that is here before the kernel has sent is discarded, and comes again") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    const std::string text(440, 'y');
    REQUIRE(rig.frame(text));
    CHECK(rig.received(text.size()) == text);
    REQUIRE(::send(rig.connection.far, "aa", 2, MSG_NOSIGNAL) == 2);
    CHECK_FALSE(rig.answer_is_there(20));  // it acknowledges what is not sent: RFC 9293, 3.10.7.4
    rig.hand_over(text);
    CHECK_FALSE(rig.more_is_received());
    CHECK(rig.answer_is_there(10'000));
    rig.take_answer(2);
    rig.learn();
    rig.look();
    CHECK(rig.request(std::string(440, 'z')));
}

TEST_CASE("framer: one that comes behind the kernel's segment is no more either") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    const std::string text(440, 'y');
    rig.connection.send(text);
    REQUIRE(rig.frame(text));
    CHECK(rig.received(text.size()) == text);
    CHECK_FALSE(rig.more_is_received());
}

TEST_CASE("framer: what else is sent moves the next frame on") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    rig.hand_over("more");
    CHECK(rig.framer->state() == FrameState::in_flight);
    CHECK(rig.received(4) == "more");
    rig.answer();  // and with it the acknowledgement
    rig.look();
    CHECK(rig.framer->state() == FrameState::ready);
    CHECK(rig.request(std::string(440, 'y')));
    CHECK_FALSE(rig.more_is_received());
}

TEST_CASE("framer: there is none while bytes are unacknowledged or the peer's window is closed") {
    FramesRig rig;
    if (!rig) return;
    const int small = 4096;
    setsockopt(rig.connection.far, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    rig.request(std::string(440, 'x'));
    const std::string much(1 << 20, 'm');
    REQUIRE(::send(rig.connection.near, much.data(), much.size(), MSG_DONTWAIT) > 0);
    rig.look();
    CHECK(rig.framer->state() == FrameState::in_flight);
    CHECK_FALSE(rig.frame(std::string(440, 'y')));
    CHECK(rig.not_sent(FrameState::in_flight) == 1);
}

TEST_CASE("framer: there is none for what the peer's window or a segment has no room for") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    const std::string too_long(70'000, 'y');
    CHECK_FALSE(rig.frame(too_long));
    CHECK(rig.not_sent(FrameState::no_room) == 1);
}

TEST_CASE(
    "framer: there is none on a way that has changed, until the kernel has taken the new one") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    ++rig.frames->way;
    CHECK_FALSE(rig.request(std::string(440, 'y')));
    CHECK(rig.not_sent(FrameState::way_changed) == 1);
    CHECK(rig.request(std::string(440, 'z')));
}

TEST_CASE("framer: there is none behind a long answer, until the kernel has acknowledged it") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    rig.answer(20'000);
    rig.look();
    CHECK(rig.framer->state() == FrameState::answer_too_long);
    CHECK_FALSE(rig.request(std::string(440, 'y')));
    CHECK(rig.request(std::string(440, 'z')));
}

TEST_CASE("framer: what left by another device, or is no plain segment, teaches nothing") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    SentReport report;
    report.device = rig.frames->socket->device() + 1;
    rig.framer->learn(report, monotonic_now(), rig.connection.written, rig.read);
    rig.look();
    CHECK(rig.framer->state() == FrameState::other_device);
    report.device = rig.frames->socket->device();
    report.size = 0;
    rig.framer->learn(report, monotonic_now(), rig.connection.written, rig.read);
    rig.look();
    CHECK(rig.framer->state() == FrameState::not_plain);
    CHECK_FALSE(rig.frame(std::string(440, 'y')));
}

TEST_CASE("framer: without a socket there are no frames, and nothing is counted") {
    Framer none(nullptr);
    none.begin(-1);
    none.look(-1, 0, 0);
    CHECK_FALSE(none.is_on());
    CHECK_FALSE(none.send("text", 0));
    CHECK(none.state() == FrameState::off);
}

TEST_CASE("frame socket: a device that is not there is told by its name") {
    const auto made = FrameSocket::open("nowhere0", true);
    const auto* error = std::get_if<std::string>(&made);
    REQUIRE(error != nullptr);
    CHECK(error->find("nowhere0") != error->npos);
}

TEST_CASE("frame socket: its exercise takes no number from a request's stamp") {
    FramesRig rig;
    if (!rig) return;
    rig.request(std::string(440, 'x'));
    for (int i = 0; i < 100; ++i) rig.frames->socket->exercise();
    CHECK(rig.request(std::string(440, 'y')));
    CHECK(rig.framer->wire_time() != Time{});
}
