// A peer that speaks without end, in each phase: the loop turns on, and the link ends. The servers
// stop by themselves far behind the bound, so that a link without one fails here and does not hang.
#include <boost/asio/post.hpp>

#include "net/tls_socket.h"
#include "tests/unit/net/link_rig.h"

using namespace scram;
using namespace scram::testing;

namespace {

Rig::Wish to(const TlsServer& server, Duration connect_timeout = 60s) {
    return {.tls = pki().trusting(), .port = server.port(), .connect_timeout = connect_timeout};
}

// OpenSSL passes over it in a handshake, without a word.
const std::string hello_request("\x16\3\3\0\4\0\0\0\0", 9);

std::string times(std::size_t count, const std::string& text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

// Counts the turns that something else gets on the loop.
struct Bystander {
    explicit Bystander(boost::asio::io_context& io) : io_(io) { next(); }
    std::size_t turns = 0;

  private:
    void next() {
        boost::asio::post(io_, [this] {
            ++turns;
            next();
        });
    }
    boost::asio::io_context& io_;
};

// After the first request, `piece` is written up to `count` times.
struct Flood {
    std::function<bool(Client&)> piece;
    int count;

    void operator()(Client& client, int) const {
        if (!client.shake_hands() || client.read_request().empty()) return;
        for (int i = 0; i < count && piece(client); ++i) {
        }
        client.await_close();
    }
};

struct Outcome {
    std::string reason;
    std::size_t bystander_turns;
};

Outcome flooded(const TlsServer& server) {
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    Bystander other(rig.io);
    REQUIRE(rig.goes_down());
    return {rig.seen.downs[0].reason, other.turns};
}

}  // namespace

TEST_CASE("link bounds: HelloRequests without end neither hold the loop nor last") {
    TlsServer server({.certificate = &pki().good}, [](Client& client, int) {
        client.read_plain();
        const std::string some = times(1000, hello_request);
        for (int i = 0; i < 200 && client.write_plain(some); ++i) {
        }
    });
    Rig rig(to(server));
    Bystander other(rig.io);
    const std::string reason = rig.refusal();
    CHECK_MESSAGE(contains(reason, "the TLS handshake is over 65536 bytes"), reason);
    const std::size_t records = handshake_bytes_max / hello_request.size();
    CHECK(other.turns >= 2 * records / TlsTurn::reads_max);
}

TEST_CASE("link bounds: the deadline of a handshake bites though bytes never cease") {
    TlsServer server({.certificate = &pki().good}, [](Client& client, int) {
        client.read_plain();
        for (int i = 0; i < 5000 && client.write_plain(hello_request); ++i) {
            std::this_thread::sleep_for(1ms);
        }
    });
    Rig rig(to(server, 200ms));
    const std::string reason = rig.refusal();
    CHECK_MESSAGE(contains(reason, "no TLS handshake within 200 ms"), reason);
}

TEST_CASE("link bounds: a certificate in records of one byte comes in many turns") {
    // The head of a handshake message of 100,000 bytes, and then its bytes.
    const std::string byte("\x16\3\3\0\1\x0b", 6);
    TlsServer server({.certificate = &pki().good}, [&](Client& client, int) {
        client.read_plain();
        const std::string some = times(1000, byte);
        for (int i = 0; i < 200 && client.write_plain(some); ++i) {
        }
        client.await_close();
    });
    Rig rig(to(server));
    rig.refusal();  // at the latest by the bytes
}

TEST_CASE("link bounds: key updates without end instead of an answer") {
    for (const bool and_asks : {false, true}) {
        CAPTURE(and_asks);
        TlsServer server({.certificate = &pki().good}, Flood{[=](Client& client) {
                                                                 client.renew_keys(and_asks);
                                                                 return true;
                                                             },
                                                             20'000});
        const Outcome outcome = flooded(server);
        CHECK_MESSAGE(contains(outcome.reason, "4096 reads without an answer"), outcome.reason);
        CHECK(outcome.bystander_turns >= answer_reads_max / TlsTurn::reads_max);
    }
}

TEST_CASE("link bounds: tickets without end instead of an answer") {
    TlsServer server({.certificate = &pki().good}, Flood{[](Client& client) {
                                                             client.send_ticket();
                                                             return true;
                                                         },
                                                         20'000});
    const Outcome outcome = flooded(server);
    CHECK_MESSAGE(contains(outcome.reason, "without an answer"), outcome.reason);
}

TEST_CASE("link bounds: an answer in records of one byte is whole, in many turns") {
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + times(1000, "x");
    TlsServer server({.certificate = &pki().good}, [&](Client& client, int) {
        if (!client.shake_hands() || client.read_request().empty()) return;
        for (const char byte : answer) client.write(std::string(1, byte));
        client.await_close();
    });
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    CHECK(rig.seen.answers[0].body == times(1000, "x"));
    CHECK(rig.link->up());
}

TEST_CASE("link bounds: an answer of the greatest size is whole") {
    TlsServer server({.certificate = &pki().good}, [](Client& client, int) {
        if (!client.shake_hands() || client.read_request().empty()) return;
        client.answer(std::string(http_body_max, 'x'));
        client.await_close();
    });
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    CHECK(rig.seen.answers[0].body.size() == http_body_max);
}
