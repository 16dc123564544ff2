// A link's whole conversation, again and again, each time with another of its socket calls failing:
// afterwards the link is usable, and has said what became of each request and why.
#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>

#include "tests/unit/daemon/loop/way_hooks.h"
#include "tests/unit/net/exchange/call_faults.h"
#include "tests/unit/net/exchange/link_rig.h"

using namespace scram;
using namespace scram::testing;

namespace {

constexpr std::size_t calls_max = 500;  // of one conversation, by far

Rig::Wish wish_for(const TlsServer& server, Frames* frames) {
    return {
        .tls = pki().trusting(), .port = server.port(), .reconnect_first = 1ms, .frames = frames};
}

// Sends one request, and waits for its end.
void ask(Rig& rig, bool is_ready, const Frames* frames) {
    REQUIRE(rig.run_until([&] { return rig.link->up(); }));
    const std::size_t answers = rig.seen.answers.size();
    const std::size_t downs = rig.seen.downs.size();
    const std::uint64_t framed = frames == nullptr ? 0 : frames->sent;
    SealedRecord record;
    const bool ready = is_ready && rig.link->seal(ping, record);
    const bool sent = ready ? rig.link->send(record) : rig.link->send(ping);
    REQUIRE(rig.run_until(
        [&] { return rig.seen.answers.size() > answers || rig.seen.downs.size() > downs; }));
    CHECK(rig.seen.answers.size() - answers + rig.seen.downs.size() - downs == 1);
    // What has left as a frame may have been executed, whatever became of send().
    if (frames != nullptr && frames->sent > framed) {
        CHECK(sent);
        if (rig.seen.downs.size() > downs) CHECK(rig.seen.downs.back().taken == Taken::unknown);
    }
    if (sent) return;
    REQUIRE(rig.seen.downs.size() > downs);
    CHECK(rig.seen.downs.back().taken == Taken::nothing);
}

// Up, a request sealed before and one sealed as it leaves, and again; then the end.
void converse(Rig& rig, const Frames* frames) {
    rig.link->start();
    while (rig.seen.answers.size() < 4 && rig.seen.downs.size() < 3)
        ask(rig, rig.seen.answers.size() % 2 == 0, frames);
    rig.link->stop();
}

bool is_temporary(int error) {
    return error == EAGAIN || error == EINTR;
}

void check_end(const Rig& rig, const char* hit, int error) {
    CHECK(rig.seen.answers.size() == 4);
    if (hit == nullptr || (is_temporary(error) && std::strcmp(hit, "connect") != 0))
        CHECK(rig.seen.downs.empty());
    CHECK(rig.seen.downs.size() <= 1);
    for (const Watcher::Down& down : rig.seen.downs) {
        CHECK(contains(down.reason, "127.0.0.1"));
        // Of a connect() that is to be made again, Asio says how the first read failed.
        CHECK((is_temporary(error) || contains(down.reason, std::strerror(error))));
    }
}

bool has_hooks() {
    if (!test::has_way_hooks) MESSAGE("skipped: a sanitizer has hooks of its own");
    return test::has_way_hooks;
}

void fail_each_call(const ServerSetup& setup, int error, Frames* frames = nullptr) {
    std::size_t hits = 0;
    for (std::size_t nth = 1; nth < calls_max; ++nth) {
        CAPTURE(nth);
        CAPTURE(error);
        TlsServer server(setup, answer_all);
        Rig rig(wish_for(server, frames));
        const CallFault fault(nth, error);
        converse(rig, frames);
        const std::string hit = fault.hit() == nullptr ? "no call" : fault.hit();
        CAPTURE(hit);
        check_end(rig, fault.hit(), error);
        if (fault.hit() == nullptr) break;
        ++hits;
    }
    CHECK(hits > 10);  // connect, a handshake, four requests and their answers, goodbye
    CHECK(hits < calls_max - 1);
}

}  // namespace

TEST_CASE("link faults: whichever call fails, the link comes back and tells why") {
    if (!has_hooks()) return;
    fail_each_call({.certificate = &pki().good}, ECONNRESET);
    fail_each_call({.certificate = &pki().good, .version_max = TLS1_2_VERSION}, ETIMEDOUT);
}

TEST_CASE("link faults: a call that is to be made again loses nothing") {
    if (!has_hooks()) return;
    fail_each_call({.certificate = &pki().good}, EAGAIN);
    fail_each_call({.certificate = &pki().good, .version_max = TLS1_2_VERSION}, EAGAIN);
    fail_each_call({.certificate = &pki().good}, EINTR);
}

TEST_CASE("link faults: a request that left as a frame is never said to be untaken") {
    if (!has_hooks()) return;
    const auto frames = frames_of_loopback();
    if (frames == nullptr) return;
    for (const int error : {ECONNRESET, ENOBUFS, EAGAIN})
        fail_each_call({.certificate = &pki().good}, error, frames.get());
    CHECK(frames->sent > 100);
    CHECK(frames->not_sent[static_cast<std::size_t>(FrameState::refused)] > 0);
}
