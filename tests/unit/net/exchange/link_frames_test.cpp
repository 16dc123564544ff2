// A link whose requests leave as frames of the loopback device too.
#include <doctest/doctest.h>

#include "net/clock.h"
#include "tests/unit/net/exchange/link_rig.h"

using namespace scram;
using namespace scram::testing;

namespace {

struct FramedRig : Rig {
    FramedRig(const TlsServer& server, Frames* frames)
        : Rig({.tls = pki().trusting(), .port = server.port(), .frames = frames}) {}

    void ask(const std::string& request) {
        const std::size_t answers = seen.answers.size();
        REQUIRE(link->send(request));
        REQUIRE(is_answered(answers + 1));
    }
};

}  // namespace

TEST_CASE("link frames: from the second request on each leaves as one") {
    const auto frames = frames_of_loopback();
    if (frames == nullptr) return;
    TlsServer server({.certificate = &pki().good}, answer_all);
    FramedRig rig(server, frames.get());
    REQUIRE(rig.start());
    CHECK(rig.link->frame_state() == FrameState::unlearned);
    for (int i = 0; i < 10; ++i) {
        rig.ask(ping);
        CHECK(rig.link->frame_state() == FrameState::ready);
    }
    CHECK(frames->sent == 9);
    CHECK(rig.link->wire_time() > monotonic_now() - 1s);
}

TEST_CASE("link frames: a request of several records leaves by send(), and has its own stamp") {
    const auto frames = frames_of_loopback();
    if (frames == nullptr) return;
    TlsServer server({.certificate = &pki().good}, answer_all);
    FramedRig rig(server, frames.get());
    REQUIRE(rig.start());
    rig.ask(ping);
    rig.ask(ping);
    REQUIRE(frames->sent == 1);
    const Time before = monotonic_now();
    std::string longer = ping;
    longer.insert(longer.find("\r\n") + 2, "X: " + std::string(2000, 'x') + "\r\n");
    rig.ask(longer);
    CHECK(frames->sent == 1);
    CHECK(rig.link->wire_time() > before - 100us);
    rig.ask(ping);
    CHECK(frames->sent == 2);
}

TEST_CASE("link frames: where OpenSSL writes there are none") {
    const auto frames = frames_of_loopback();
    if (frames == nullptr) return;
    TlsServer server({.certificate = &pki().good, .version_max = TLS1_2_VERSION}, answer_all);
    FramedRig rig(server, frames.get());
    REQUIRE(rig.start());
    for (int i = 0; i < 3; ++i) rig.ask(ping);
    CHECK(frames->sent == 0);
}
