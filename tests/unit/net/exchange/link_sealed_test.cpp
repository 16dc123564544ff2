// Records that a link seals itself: what leaves is read off the wire, opened as the peer would, and
// counted. What happens with real servers stands in tests/e2e/sealed_test.py.
#include <array>
#include <span>

#include "tests/unit/net/exchange/link_rig.h"
#include "tests/unit/net/tls/opener.h"

using namespace scram;
using namespace scram::testing;

namespace {

const std::vector<std::pair<const char*, int>> suites{{"TLS_AES_128_GCM_SHA256", 0x1301},
                                                      {"TLS_AES_256_GCM_SHA384", 0x1302},
                                                      {"TLS_CHACHA20_POLY1305_SHA256", 0x1303}};

struct Visit {
    std::string raw, secret;
};

// A server that keeps what came on each connection. Read `visits` once it is gone.
struct RecordingServer {
    explicit RecordingServer(TlsServer::Behaviour behaviour,
                             const char* suite = "TLS_AES_256_GCM_SHA384")
        : server(std::in_place, ServerSetup{.certificate = &pki().good, .suite = suite},
                 [this, behaviour = std::move(behaviour)](Client& client, int visit) {
                     behaviour(client, visit);
                     visits.push_back({client.raw(), client.secret()});
                 }) {}

    Rig::Wish wish() const { return {.tls = pki().trusting(), .port = server->port()}; }

    std::vector<Visit> visits;
    std::optional<TlsServer> server;
};

// What a connection carried behind its handshake. Fails unless its records bear 0, 1, 2 ... and
// each opens under its own number only.
std::vector<Opened> opened(const Visit& visit, int suite = 0x1302) {
    const Opener opener(suite, visit.secret);
    const auto records = records_of(visit.raw);
    std::size_t first = 0;  // behind the last of the handshake, the client's Finished
    while (first < records.size() && records[first][0] != 23) ++first;
    ++first;
    std::vector<Opened> all;
    for (std::size_t i = first; i < records.size(); ++i) {
        const std::uint64_t number = i - first;
        auto content = opener.open(records[i], number);
        REQUIRE_MESSAGE(content, "record " << number);
        for (std::uint64_t other = 0; other < number + 3; ++other) {
            if (other != number && number < 50) CHECK_FALSE(opener.open(records[i], other));
        }
        all.push_back(*content);
    }
    return all;
}

const Opened goodbye{21, std::string("\1\0", 2)};

std::string request(const std::string& target) {
    return "GET /" + target + " HTTP/1.1\r\nHost: exchange.test\r\n\r\n";
}

}  // namespace

TEST_CASE("link sealed: of several candidates one leaves, under the next number, in every suite") {
    for (const auto& [suite, id] : suites) {
        CAPTURE(suite);
        RecordingServer server(
            [](Client& client, int) {
                client.shake_hands();
                for (int i = 0; !client.read_request().empty(); ++i) {
                    if (i % 10 == 0) client.send_ticket();  // and tickets come meanwhile
                    client.answer("pong");
                }
            },
            suite);
        Rig rig(server.wish());
        REQUIRE(rig.start());
        CHECK(rig.link->seals());
        std::vector<Opened> sent;
        std::array<SealedRecord, 4> armed;
        for (std::size_t number = 0; number < 40; ++number) {
            for (std::size_t i = 0; i < armed.size(); ++i) {
                REQUIRE(rig.link->seal(request("stale"), armed[i]));
                REQUIRE(rig.link->seal(request(std::string(i, 'x')), armed[i]));
            }
            const std::size_t chosen = number % (armed.size() + 1);
            const bool ready = chosen < armed.size();
            const std::string text = request(ready ? std::string(chosen, 'x') : "unprepared");
            REQUIRE((ready ? rig.link->send(armed[chosen]) : rig.link->send(text)));
            sent.push_back({23, text});
            for (const auto& other : armed) CHECK_FALSE(rig.link->send(other));
            REQUIRE(rig.is_answered(number + 1));
            for (const auto& stale : armed) {
                CHECK_FALSE(rig.link->is_next(stale));
                CHECK_FALSE(rig.link->send(stale));
            }
        }
        rig.link->stop();
        server.server.reset();
        sent.push_back(goodbye);
        REQUIRE(server.visits.size() == 1);
        CHECK(opened(server.visits[0], id) == sent);
    }
}

TEST_CASE("link sealed: a record is good for its connection only") {
    TlsServer server({.certificate = &pki().good}, answer_all);
    TlsServer another({.certificate = &pki().good}, answer_all);
    Rig rig({.tls = pki().trusting(), .port = server.port()});
    Rig other({.tls = pki().trusting(), .port = another.port()});
    SealedRecord record;
    CHECK_FALSE(rig.link->seal(ping, record));  // not up
    CHECK(record.none());
    REQUIRE(rig.start());
    REQUIRE(other.start());
    REQUIRE(rig.link->seal(ping, record));
    CHECK(rig.link->is_next(record));
    CHECK_FALSE(other.link->is_next(record));
    CHECK_FALSE(other.link->send(record));
    rig.link->abort("test");
    CHECK_FALSE(rig.link->is_next(record));
    CHECK_FALSE(rig.link->seals());
    REQUIRE(rig.comes_up(2));
    CHECK_FALSE(rig.link->is_next(record));
    CHECK_FALSE(rig.link->send(record));
    CHECK(rig.link->send(ping));  // nothing was in its way
    CHECK(rig.is_answered());
}

TEST_CASE(
    "link sealed: a request of many records leaves whole and in order, whatever the kernel takes") {
    const std::string large(4 * 1024 * 1024, 'x');
    Gate may_read;
    RecordingServer server([&](Client& client, int) {
        client.shake_hands();
        may_read.wait();
        if (client.read_bytes(large.size()) == large) client.answer("pong");
        client.how_it_ended();
    });
    const Gate::Opener opener{may_read};
    Rig rig(server.wish());
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(large));
    CHECK_FALSE(rig.link->send(ping));
    may_read.open();
    REQUIRE(rig.is_answered());
    rig.link->stop();
    server.server.reset();
    std::string text;
    for (const auto& record : opened(server.visits[0])) {
        if (record.type == 23) text += record.text;
    }
    CHECK((text == large));
}

TEST_CASE("link sealed: new keys of the peer are read on with, none is asked for") {
    RecordingServer server([](Client& client, int) {
        client.shake_hands();
        while (!client.read_request().empty()) {
            client.renew_keys(false);
            client.answer("pong");
        }
    });
    Rig rig(server.wish());
    REQUIRE(rig.start());
    for (std::size_t i = 1; i <= 5; ++i) {
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.is_answered(i));
    }
    CHECK(rig.seen.downs.empty());
    rig.link->stop();
    server.server.reset();
    CHECK(opened(server.visits[0]).size() == 6);
}

TEST_CASE("link sealed: asked for new keys, it renews them and loses neither request nor link") {
    for (const auto& [suite, id] : suites) {
        CAPTURE(suite);
        RecordingServer server(
            [](Client& client, int) {
                client.shake_hands();
                while (!client.read_request().empty()) {
                    client.renew_keys(true);
                    client.renew_keys(true);  // OpenSSL answers the first now, out of turn
                    client.send_ticket();
                    client.answer("pong");
                }
            },
            suite);
        Rig rig(server.wish());
        REQUIRE(rig.start());
        SealedRecord record;
        for (std::size_t i = 1; i <= 20; ++i) {
            REQUIRE(rig.link->seal(ping, record));
            REQUIRE(rig.link->send(record));
            REQUIRE(rig.is_answered(i));
        }
        CHECK(rig.seen.downs.empty());
        CHECK(rig.link->up());
    }
}

TEST_CASE("link sealed: asked for new keys while idle, it tells of them at once, under the old") {
    Gate sealed;
    RecordingServer server([&](Client& client, int) {
        client.shake_hands();
        client.read_request();
        client.answer("pong");
        sealed.wait();
        client.renew_keys(true);
        answer_on(client);
    });
    Rig rig(server.wish());
    const Gate::Opener in_the_end{sealed};
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    SealedRecord stale;
    REQUIRE(rig.link->seal(ping, stale));
    sealed.open();
    REQUIRE(rig.run_until([&] { return !rig.link->is_next(stale); }));
    CHECK_FALSE(rig.link->send(stale));
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered(2));
    rig.link.reset();
    server.server.reset();
    const Opener opener(0x1302, server.visits[0].secret);
    const auto records = records_of(server.visits[0].raw);
    REQUIRE(records.size() >= 4);  // the request, the update; the request, goodbye
    const auto of_old = std::span(records).last(4);
    CHECK(opener.open(of_old[0], 0) == Opened{23, ping});
    CHECK(opener.open(of_old[1], 1) == Opened{22, std::string("\x18\0\0\1\0", 5)});
    for (std::uint64_t number = 0; number < 3; ++number)
        CHECK_FALSE(opener.open(of_old[2], number));
}

TEST_CASE("link sealed: a connection ends with an answer when it has carried its records") {
    TlsServer server({.certificate = &pki().good}, answer_all);
    Rig rig({.tls = pki().trusting(), .port = server.port(), .records_max = 3});
    REQUIRE(rig.start());
    for (std::size_t i = 1; i <= 7; ++i) {
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.is_answered(i));
        REQUIRE(rig.run_until([&] { return rig.link->up(); }));
    }
    REQUIRE(rig.seen.downs.size() == 2);
    CHECK(contains(rig.seen.downs[0].reason, "has carried its records"));
}

TEST_CASE("link sealed: with TLS 1.2, and if it is not wanted, OpenSSL writes") {
    TlsServer old({.certificate = &pki().good, .version_max = TLS1_2_VERSION}, answer_all);
    RecordingServer server([](Client& client, int) {
        client.shake_hands();
        while (!client.read_request().empty()) {
            client.renew_keys(true);  // which OpenSSL answers
            client.answer("pong");
        }
    });
    Rig first({.tls = pki().trusting(), .port = old.port()});
    auto unsealed = server.wish();
    unsealed.sealed = false;
    Rig second(unsealed);
    for (Rig* rig : {&first, &second}) {
        REQUIRE(rig->start());
        CHECK_FALSE(rig->link->seals());
        SealedRecord record;
        CHECK_FALSE(rig->link->seal(ping, record));
        CHECK(record.none());
        CHECK_FALSE(rig->link->send(record));
        for (std::size_t i = 1; i <= 10; ++i) {
            REQUIRE(rig->link->send(ping));
            REQUIRE(rig->is_answered(i));
        }
        CHECK(rig->seen.downs.empty());
    }
}

TEST_CASE(
    "link sealed: a peer that refuses the first record by an alert is written to by OpenSSL") {
    RecordingServer server([](Client& client, int visit) {
        client.shake_hands();
        if (visit == 1) return client.refuse_next_record();
        answer_on(client);
    });
    Rig rig(server.wish());
    REQUIRE(rig.start());
    REQUIRE(rig.link->seals());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.comes_up(2));
    CHECK(contains(rig.seen.downs[0].reason, "bad record mac"));
    CHECK(contains(rig.seen.downs[0].reason, "OpenSSL writes from now on"));
    for (std::size_t i = 1; i <= 2; ++i) {
        CHECK_FALSE(rig.link->seals());
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.is_answered(i));
        rig.link->abort("and after this one too");
        REQUIRE(rig.comes_up(i + 2));
    }
}

TEST_CASE("link sealed: an alert after an answer changes nothing about sealing") {
    RecordingServer server([](Client& client, int visit) {
        client.shake_hands();
        client.read_request();
        client.answer("pong");
        if (visit == 1) return client.refuse_next_record();
        answer_on(client);
    });
    Rig rig(server.wish());
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.comes_up(2));
    CHECK(contains(rig.seen.downs[0].reason, "bad record mac"));
    CHECK(rig.link->seals());
    CHECK(rig.link->send(ping));
    CHECK(rig.is_answered(2));
}
