// A link's life: lost and back again, aborted, stopped, destroyed at any moment.
#include <atomic>

#include "tests/unit/net/exchange/link_rig.h"

using namespace scram;
using namespace scram::testing;

namespace {

// Answers one request and asks to close.
void answer_and_close(Client& client, int) {
    if (!client.shake_hands() || client.read_request().empty()) return;
    client.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
}

}  // namespace

TEST_CASE("link life: no callback runs inside a call") {
    TlsServer server(good, answer_all);
    Rig rig(to(server));
    const auto inside = [&](auto call) {
        rig.seen.in_call = true;
        call();
        rig.seen.in_call = false;
    };
    inside([&] { rig.link->start(); });
    REQUIRE(rig.comes_up());
    inside([&] { CHECK(rig.link->send(ping)); });
    inside([&] { rig.link->abort("test"); });
    CHECK(rig.seen.downs.empty());
    CHECK_FALSE(rig.link->up());
    REQUIRE(rig.comes_up(2));
    inside([&] { rig.link->stop(); });
    CHECK(rig.seen.order == std::vector<std::string>{"up", "down", "up"});
}

TEST_CASE("link life: a connection closed while idle comes back at once, then only after a wait") {
    TlsServer server(good, [](Client& client, int) { client.shake_hands(); });
    Rig rig(to(server));
    rig.link->start();
    REQUIRE(rig.goes_down(2));  // the second time nothing had been answered since the first
    CHECK(rig.seen.downs[0].was_up);
    CHECK(contains(rig.seen.downs[0].reason, "127.0.0.1 (127.0.0.1:"));
    CHECK(rig.seen.ups.size() == 2);
    rig.io.restart();
    rig.io.poll();
    CHECK(server.visits() == 2);
}

TEST_CASE("link life: an answer read makes the next loss come back at once again") {
    TlsServer server(good, answer_and_close);
    Rig rig(to(server));
    REQUIRE(rig.start());
    for (std::size_t i = 1; i <= 4; ++i) {
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.is_answered(i));
        REQUIRE(rig.comes_up(i + 1));
    }
}

TEST_CASE("link life: who resets each request is connected to again without growing pauses") {
    TlsServer server(good, [](Client& client, int) {
        if (client.shake_hands()) client.read_request();
        client.reset_now();
    });
    Rig::Wish wish = to(server);
    wish.reconnect_first = 1ms;
    Rig rig(wish);
    REQUIRE(rig.start());
    for (std::size_t i = 1; i <= 20; ++i) {  // pauses that double come to a quarter of an hour
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.comes_up(i + 1));
    }
}

TEST_CASE("link life: abort sends RST, reports the reason and reconnects at once, however often") {
    std::atomic<std::size_t> requests{0}, resets{0};
    TlsServer server(good, [&](Client& client, int) {
        client.shake_hands();
        client.read_request();
        ++requests;
        if (client.how_it_ended() == "reset") ++resets;
    });
    Rig rig(to(server));
    REQUIRE(rig.start());
    for (std::size_t i = 1; i <= 3; ++i) {
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.run_until([&] { return requests == i; }));
        rig.link->abort("no answer within 400 ms");
        rig.link->abort("twice is once");
        REQUIRE(rig.comes_up(i + 1));
        CHECK(rig.seen.downs.size() == i);
        CHECK(rig.seen.downs.back().was_up);
        CHECK(contains(rig.seen.downs.back().reason, "aborted: no answer within 400 ms"));
    }
    CHECK(rig.run_until([&] { return resets == 3; }));
}

TEST_CASE("link life: abort of a link that is not up changes nothing") {
    TlsServer server(good, answer_all);
    Rig rig(to(server));
    rig.link->abort("not started");
    rig.link->start();
    rig.link->abort("not up yet");
    REQUIRE(rig.comes_up());
    CHECK(rig.seen.downs.empty());
}

TEST_CASE("link life: a send on a connection that the peer has reset loses it, without a signal") {
    Gate gone;
    TlsServer server(good, [&](Client& client, int visit) {
        client.shake_hands();
        if (visit > 1) return answer_on(client);
        client.reset_now();
        gone.open();
    });
    Rig rig(to(server));
    REQUIRE(rig.start());
    gone.wait();
    CHECK_FALSE(rig.link->send(ping));
    CHECK_FALSE(rig.link->up());
    CHECK(rig.seen.downs.empty());
    REQUIRE(rig.comes_up(2));
    REQUIRE(rig.seen.downs.size() == 1);
    const std::string& reason = rig.seen.downs[0].reason;  // of the write, or of one after it
    const bool told =
        contains(reason, "Connection reset by peer") || contains(reason, "Broken pipe");
    CHECK_MESSAGE(told, reason);
    CHECK(rig.link->send(ping));
    CHECK(rig.is_answered());
}

TEST_CASE("link life: stop says goodbye and nothing more is heard") {
    std::string ending;
    {
        TlsServer server(good, [&](Client& client, int) {
            client.shake_hands();
            ending = client.how_it_ended();
        });
        Rig rig(to(server));
        REQUIRE(rig.start());
        rig.link->stop();
        CHECK_FALSE(rig.link->up());
        rig.io.restart();
        rig.io.run();  // ends by itself: nothing is pending
        CHECK(rig.seen.order == std::vector<std::string>{"up"});
    }
    CHECK(ending == "goodbye");
}

TEST_CASE("link life: a stopped link can be started again") {
    TlsServer server(good, answer_all);
    Rig rig(to(server));
    REQUIRE(rig.start());
    rig.link->stop();
    rig.link->start();
    REQUIRE(rig.comes_up(2));
    CHECK(rig.seen.downs.empty());
}

TEST_CASE("link life: it may be stopped or destroyed after any step of the loop") {
    TlsServer server(good, answer_and_close);
    for (const bool destroy : {false, true}) {
        for (int steps = 0; steps < 30; ++steps) {
            CAPTURE(steps);
            Rig rig(to(server));
            rig.seen.then = [&](const std::string& event) {
                if (event == "up") rig.link->send(ping);
            };
            rig.link->start();
            for (int i = 0; i < steps; ++i) rig.io.run_one_for(1s);
            const auto heard = rig.seen.order;
            if (destroy) {
                rig.link.reset();
            } else {
                rig.link->stop();
            }
            rig.io.restart();
            rig.io.run();
            CHECK(rig.seen.order == heard);
        }
    }
}

TEST_CASE("link life: it may be stopped or destroyed within each callback") {
    TlsServer server(good, answer_and_close);
    for (const bool destroy : {false, true}) {
        for (const std::string last : {"up", "answer", "down"}) {
            CAPTURE(last);
            Rig rig(to(server));
            rig.seen.then = [&](const std::string& event) {
                if (event == last) {
                    destroy ? rig.link.reset() : rig.link->stop();
                } else if (event == "up") {
                    rig.link->send(ping);
                }
            };
            rig.link->start();
            rig.io.run();  // ends by itself
            CHECK(rig.seen.order.back() == last);
        }
    }
}
