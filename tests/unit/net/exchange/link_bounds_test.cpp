// A peer that speaks without end, in each phase: the loop turns on, and the link ends. The servers
// stop by themselves far behind the bound, so that a link without one fails here and does not hang.
#include <atomic>
#include <boost/asio/post.hpp>
#include <functional>
#include <string>
#include <thread>

#include "net/tls/socket_bio.h"
#include "tests/unit/net/exchange/link_rig.h"

using namespace scram;
using namespace scram::testing;

namespace {

// OpenSSL passes over it in a handshake, without a word.
const std::string hello_request("\x16\3\3\0\4\0\0\0\0", 9);

// Of TLS 1.2, with the one extension that OpenSSL insists on (renegotiation_info).
const std::string server_hello = std::string("\x16\3\3\0\x31\2\0\0\x2d\3\3", 11) +
                                 std::string(32, 'r') +
                                 std::string("\0\xc0\x2f\0\0\5\xff\1\0\1\0", 11);
// A message of 100,000 bytes, which is just what OpenSSL takes.
const std::string big_certificate =
    std::string("\x0b\1\x86\xa0\1\x86\x9d", 7) + std::string(99'997, 'c');

std::string in_records_of_one_byte(const std::string& message) {
    std::string all;
    for (const char byte : message) all += std::string("\x16\3\3\0\1", 5) + byte;
    return all;
}

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

// Between a server's thread and the loop's. The loop stands still until much lies in the kernel: a
// link that is read at once would get its turns by waiting for more.
struct Heap {
    std::atomic<bool> met = false, loop_stands = false;
    std::atomic<std::size_t> size = 0;

    static void wait_for(const std::function<bool()>& condition) {
        for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    }
    void await(std::size_t least) {
        wait_for([&] { return size >= least; });
        REQUIRE(size >= least);
    }
    void await_hello(Rig& rig, std::size_t least) {
        rig.link->start();
        REQUIRE(rig.run_until([&] { return met.load(); }));
        loop_stands = true;
        await(least);
    }
    // The server's: pieces of plain bytes, once the client has said hello.
    void write(Client& client, const std::string& text) {
        constexpr std::size_t piece = 6'000;
        client.read_plain();
        met = true;
        wait_for([&] { return loop_stands.load(); });
        for (std::size_t at = 0; at < text.size(); at += piece) {
            const std::string some = text.substr(at, piece);
            if (!client.write_plain(some)) return;
            size += some.size();
        }
    }
};
constexpr std::size_t handshake_heap = handshake_bytes_max + 8 * 1024;

// After the first request, `piece` is written up to `count` times.
struct Flood {
    std::function<bool(Client&)> piece;
    int count;
    Heap& heap;

    void operator()(Client& client, int) const {
        if (!client.shake_hands() || client.read_request().empty()) return;
        for (int i = 0; i < count && piece(client); ++i) ++heap.size;
        client.await_close();
    }
};

struct Outcome {
    std::string reason;
    std::size_t bystander_turns;
};

Outcome flooded(const TlsServer& server, Heap& heap, std::size_t pieces) {
    Rig rig(to(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    heap.await(pieces);
    Bystander other(rig.io);
    REQUIRE(rig.goes_down());
    return {rig.seen.downs[0].reason, other.turns};
}

}  // namespace

TEST_CASE("link bounds: HelloRequests without end neither hold the loop nor last") {
    Heap heap;
    TlsServer server({.certificate = &pki().good}, [&](Client& client, int) {
        heap.write(client, times(200'000, hello_request));
    });
    Rig rig(to(server));
    heap.await_hello(rig, handshake_heap);
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
    Heap heap;
    TlsServer server({.certificate = &pki().good}, [&](Client& client, int) {
        heap.write(client, server_hello + in_records_of_one_byte(big_certificate));
        client.await_close();
    });
    Rig rig(to(server));
    heap.await_hello(rig, handshake_heap);
    Bystander other(rig.io);
    const std::string reason = rig.refusal();
    CHECK_MESSAGE(contains(reason, "the TLS handshake is over 65536 bytes"), reason);
    constexpr std::size_t reads = 2 * handshake_bytes_max / 6;  // a record's head, and its body
    CHECK(other.turns >= reads / TlsTurn::reads_max);
}

TEST_CASE("link bounds: key updates without end instead of an answer") {
    for (const bool and_asks : {false, true}) {
        CAPTURE(and_asks);
        Heap heap;
        const auto piece = [=](Client& client) {
            client.renew_keys(and_asks);
            return true;
        };
        TlsServer server({.certificate = &pki().good}, Flood{piece, 20'000, heap});
        const Outcome outcome = flooded(server, heap, 2500);
        CHECK_MESSAGE(contains(outcome.reason, "4096 reads without an answer"), outcome.reason);
        CHECK(outcome.bystander_turns >= answer_reads_max / TlsTurn::reads_max);
    }
}

TEST_CASE("link bounds: tickets without end instead of an answer") {
    Heap heap;
    const auto piece = [](Client& client) {
        client.send_ticket();
        return true;
    };
    TlsServer server({.certificate = &pki().good}, Flood{piece, 20'000, heap});
    const Outcome outcome = flooded(server, heap, 100);
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
