// A link's life against servers of every kind: requests and answers, and each way to lose a
// connection.
#include "net/exchange/link.h"

#include <atomic>

#include "tests/unit/net/exchange/link_rig.h"

using namespace scram;
using namespace scram::testing;

namespace {

// A server that does `after_request` once it has read the first request of each visit.
TlsServer::Behaviour upon_request(std::function<void(Client&)> after_request) {
    return [after_request](Client& client, int) {
        if (client.shake_hands() && !client.read_request().empty()) after_request(client);
    };
}

// Sends one request and returns why the link was lost.
std::string loss_after_request(Rig& rig) {
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.goes_down());
    CHECK(rig.seen.downs[0].was_up);
    return rig.seen.downs[0].reason;
}

}  // namespace

TEST_CASE("link: a hundred requests are answered on one connection") {
    TlsServer server(good, answer_all);
    Rig rig(to(server));
    REQUIRE(rig.start());
    for (std::size_t i = 1; i <= 100; ++i) {
        REQUIRE(rig.link->send(ping));
        CHECK(rig.link->in_flight());
        REQUIRE(rig.is_answered(i));
        CHECK_FALSE(rig.link->in_flight());
        CHECK(rig.seen.answers.back().body == "pong");
        CHECK(rig.seen.answers.back().keep_alive);
    }
    CHECK(server.visits() == 1);
    CHECK(rig.seen.downs.empty());
    CHECK(rig.seen.ups[0].address == "127.0.0.1:" + std::to_string(server.port()));
}

TEST_CASE("link: a request can be sent from within each callback") {
    TlsServer server(good, answer_all);
    Rig rig(to(server));
    rig.seen.then = [&](const std::string& event) {
        if (event == "down" || rig.seen.answers.size() == 3) return;
        CHECK(rig.link->send(ping));
    };
    rig.link->start();
    CHECK(rig.is_answered(3));
}

TEST_CASE("link: nothing is sent while a request is in flight, nor before the link is up") {
    TlsServer server(good, answer_all);
    Rig rig(to(server));
    CHECK_FALSE(rig.link->send(ping));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    CHECK_FALSE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    CHECK(rig.seen.downs.empty());
}

TEST_CASE("link: a redirect is handed up, not followed, and ends the connection") {
    TlsServer server(good, upon_request([](Client& client) {
                         client.write(
                             "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\n"
                             "Content-Length: 0\r\n\r\n");
                         client.how_it_ended();
                     }));
    Rig rig(to(server));
    CHECK(contains(loss_after_request(rig), "the peer redirects, which is never followed"));
    REQUIRE(rig.is_answered());
    CHECK(rig.seen.answers[0].status == 302);
    CHECK_FALSE(rig.seen.answers[0].keep_alive);
}

TEST_CASE("link: an encoded answer is handed up without a body, and ends the connection") {
    TlsServer server(good, upon_request([](Client& client) {
                         client.write(
                             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                             "Content-Length: 2\r\n\r\n{}");
                         client.how_it_ended();
                     }));
    Rig rig(to(server));
    CHECK(
        contains(loss_after_request(rig),
                 "the peer encodes its answer (Content-Encoding: gzip), which was not asked for"));
    REQUIRE(rig.is_answered());
    CHECK(rig.seen.answers[0].status == 200);
    CHECK(rig.seen.answers[0].body.empty());
    CHECK_FALSE(rig.seen.answers[0].keep_alive);
}

TEST_CASE("link: a peer of TLS 1.2 that asks to renegotiate ends the connection, and is told why") {
    TlsServer server({.certificate = &pki().good, .version_max = TLS1_2_VERSION},
                     upon_request([](Client& client) {
                         client.ask_to_renegotiate();
                         client.await_close();
                     }));
    Rig rig(to(server));
    CHECK(contains(loss_after_request(rig), "the peer asked to renegotiate"));
}

TEST_CASE("link: an answer of any other status is handed up and keeps the connection") {
    TlsServer server(good, upon_request([](Client& client) {
                         client.write("HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n");
                         client.how_it_ended();
                     }));
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    CHECK(rig.seen.answers[0].status == 418);
    CHECK(rig.link->up());
}

TEST_CASE("link: Connection: close gives the answer, the loss, and a new connection at once") {
    TlsServer server(good, upon_request([](Client& client) {
                         client.write(
                             "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                             "Content-Length: 2\r\n\r\nok");
                     }));
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.comes_up(2));
    CHECK(rig.seen.order == std::vector<std::string>{"up", "answer", "down", "up"});
    CHECK_FALSE(rig.seen.answers[0].keep_alive);
}

TEST_CASE("link: a body without a length is whole only with close_notify") {
    const auto server_that = [](bool says_goodbye) {
        return upon_request([says_goodbye](Client& client) {
            client.write("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>");
            if (says_goodbye) client.say_goodbye();
        });
    };
    TlsServer polite(good, server_that(true));
    Rig rig(to(polite));
    loss_after_request(rig);
    REQUIRE(rig.seen.answers.size() == 1);
    CHECK(rig.seen.answers[0].body == "<html>");
    CHECK_FALSE(rig.seen.answers[0].keep_alive);

    TlsServer cut_off(good, server_that(false));
    Rig other(to(cut_off));
    CHECK(contains(loss_after_request(other), "the peer closed the connection"));
    CHECK(other.seen.answers.empty());
}

TEST_CASE("link: a connection lost in the middle of an answer gives no answer") {
    const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"co";
    TlsServer goodbye(good, upon_request([&](Client& client) {
                          client.write(half);
                          client.say_goodbye();
                      }));
    TlsServer closed(good, upon_request([&](Client& client) { client.write(half); }));
    TlsServer reset(good, upon_request([&](Client& client) {
                        client.write(half);
                        client.reset();
                    }));
    Rig a(to(goodbye)), b(to(closed)), c(to(reset));
    CHECK(contains(loss_after_request(a), "in the middle of an answer"));
    CHECK(loss_after_request(b).ends_with("): the peer closed the connection"));
    CHECK(contains(loss_after_request(c), "Connection reset by peer"));
    for (const auto* rig : {&a, &b, &c}) CHECK(rig->seen.answers.empty());
}

TEST_CASE("link: a peer that closes instead of answering is lost") {
    TlsServer server(good, upon_request([](Client& client) { client.say_goodbye(); }));
    Rig rig(to(server));
    CHECK(contains(loss_after_request(rig), "the peer closed instead of answering"));
}

TEST_CASE("link: over-long and broken answers end the connection with their reason") {
    const auto reason = [](const std::string& answer) {
        TlsServer server(good, upon_request([&](Client& client) {
                             client.write(answer);
                             client.how_it_ended();
                         }));
        Rig rig(to(server));
        return loss_after_request(rig);
    };
    CHECK(contains(reason("HTTP/1.1 200 OK\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
                   "the answer's header is over 8192 bytes"));
    CHECK(contains(reason("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n"),
                   "the answer's body is over 65536 bytes"));
    CHECK(contains(reason("hello, this is not HTTP\r\n\r\n"), "not an HTTP/1.1 answer"));
}

TEST_CASE("link: bytes that nobody asked for end an idle connection") {
    TlsServer server(good, [](Client& client, int visit) {
        client.shake_hands();
        if (visit == 1) client.answer("surprise");
        client.how_it_ended();
    });
    Rig rig(to(server));
    rig.link->start();
    REQUIRE(rig.comes_up(2));
    CHECK(contains(rig.seen.downs[0].reason, "an answer to a request never sent"));
    CHECK(rig.seen.answers.empty());
}

TEST_CASE("link: bytes behind an answer leave the answer whole and end the connection") {
    TlsServer server(good, upon_request([](Client& client) {
                         client.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 2");
                         client.how_it_ended();
                     }));
    Rig rig(to(server));
    CHECK(contains(loss_after_request(rig), "an answer to a request never sent"));
    REQUIRE(rig.seen.answers.size() == 1);
    CHECK(rig.seen.answers[0].body == "ok");
    CHECK_FALSE(rig.seen.answers[0].keep_alive);
}

TEST_CASE("link: tickets that come while idle are swallowed without noise") {
    std::atomic<bool> ticket_sent{false};
    TlsServer server(good, [&](Client& client, int) {
        client.shake_hands();
        client.read_request();
        client.answer("pong");
        client.send_ticket();
        ticket_sent = true;
        answer_on(client);
    });
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.run_until([&] { return ticket_sent && !rig.seen.answers.empty(); }));
    rig.io.restart();
    rig.io.poll();
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered(2));
    CHECK(rig.seen.downs.empty());
}

TEST_CASE("link: a request larger than the kernel takes is finished as the peer reads") {
    const std::string large(16 * 1024 * 1024, 'x');
    Gate may_read;
    std::atomic<bool> whole{false};
    TlsServer server(good, [&](Client& client, int) {
        client.shake_hands();
        may_read.wait();
        whole = client.read_bytes(large.size()) == large;
        client.answer("pong");
        answer_on(client);
    });
    const Gate::Opener opener{may_read};
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(large));
    may_read.open();
    REQUIRE(rig.is_answered());
    CHECK(whole);
    REQUIRE(rig.link->send(ping));  // and nothing of it is left over
    CHECK(rig.is_answered(2));
}

TEST_CASE("link: an answer to half a request ends the connection") {
    Gate lost;
    TlsServer server(good, [&](Client& client, int) {
        client.shake_hands();
        client.answer("too much");
        lost.wait();
    });
    const Gate::Opener opener{lost};
    Rig rig(to(server));
    rig.seen.then = [&](const std::string& event) {
        if (event == "up") CHECK(rig.link->send(std::string(64 * 1024 * 1024, 'x')));
    };
    rig.link->start();
    REQUIRE(rig.goes_down());
    CHECK(contains(rig.seen.downs[0].reason, "answered before it had the whole request"));
    CHECK(rig.seen.answers.size() == 1);
}
