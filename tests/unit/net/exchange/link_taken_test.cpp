// What a lost link says of its request: that the peer took nothing is said only with proof.
#include "tests/unit/net/exchange/link_rig.h"

using namespace scram;
using namespace scram::testing;

namespace {

// Serves one client, which has its FIN or RST once the test has closed it.
struct Closing {
    using Act = std::function<void(Client&)>;

    explicit Closing(
        Act before_close, Act at_close = [](Client&) {})
        : server(std::in_place, ServerSetup{.certificate = &pki().good},
                 [=, this](Client& client, int) {
                     client.shake_hands();
                     before_close(client);
                     leave.wait();
                     at_close(client);
                     left.open();
                 }),
          rig({.tls = pki().trusting(), .port = server->port()}) {
        rig.link->start();
        up = rig.comes_up();
    }
    ~Closing() { leave.open(); }

    void close() {
        leave.open();
        left.wait();
        server.reset();
    }
    Taken taken() {
        REQUIRE(rig.goes_down());
        CHECK(rig.seen.downs[0].was_up);
        return rig.seen.downs[0].taken;
    }

    Gate leave, left;
    std::optional<TlsServer> server;
    Rig rig;
    bool up = false;
};

void nothing(Client&) {}

}  // namespace

TEST_CASE("link taken: nothing, if the peer had closed before the request came") {
    for (const bool says_goodbye : {false, true}) {
        CAPTURE(says_goodbye);
        Closing peer(nothing, [=](Client& client) {
            if (says_goodbye) client.say_goodbye();
        });
        REQUIRE(peer.up);
        peer.close();
        CHECK(peer.rig.link->send(ping));  // its FIN lies unread in the socket
        CHECK(peer.taken() == Taken::nothing);
    }
}

TEST_CASE("link taken: nothing, if the kernel refused the request's first byte") {
    Closing peer(nothing, [](Client& client) { client.reset_now(); });
    REQUIRE(peer.up);
    peer.close();
    CHECK_FALSE(peer.rig.link->send(ping));
    CHECK(peer.taken() == Taken::nothing);
}

TEST_CASE("link taken: nothing, if nothing was in flight") {
    Closing peer(nothing);
    REQUIRE(peer.up);
    peer.close();
    CHECK(peer.taken() == Taken::nothing);
}

TEST_CASE("link taken: unknown, if the peer has read the request, however it ends") {
    using End = void (*)(Client&);
    const End ends[] = {nothing, [](Client& client) { client.say_goodbye(); },
                        [](Client& client) { client.reset_now(); },
                        [](Client& client) { client.write("HTTP/1.1 200 OK\r\n"); }};
    for (const End end : ends) {
        Closing peer([](Client& client) { client.read_request(); }, end);
        REQUIRE(peer.up);
        CHECK(peer.rig.link->send(ping));
        peer.close();
        CHECK(peer.taken() == Taken::unknown);
    }
}

TEST_CASE("link taken: unknown, if the request lies unread with the peer") {
    Closing peer(nothing);
    REQUIRE(peer.up);
    CHECK(peer.rig.link->send(ping));
    peer.close();
    CHECK(peer.taken() == Taken::unknown);
}

TEST_CASE("link taken: unknown, if we give it up") {
    TlsServer server({.certificate = &pki().good}, [](Client& client, int) {
        client.shake_hands();
        client.await_close();
    });
    Rig rig({.tls = pki().trusting(), .port = server.port()});
    REQUIRE(rig.start());
    CHECK(rig.link->send(ping));
    rig.link->abort("no answer in time");
    REQUIRE(rig.goes_down());
    CHECK(rig.seen.downs[0].taken == Taken::unknown);
}

TEST_CASE("link taken: a request that was answered says nothing of the next") {
    Closing peer([](Client& client) {
        client.read_request();
        client.answer("pong");
    });
    REQUIRE(peer.up);
    CHECK(peer.rig.link->send(ping));
    REQUIRE(peer.rig.is_answered());
    peer.close();
    CHECK(peer.rig.link->send(ping));
    CHECK(peer.taken() == Taken::nothing);
}
