// A link's way up: addresses, time-outs, name servers that lie, hang or fail.
#include <atomic>

#include "tests/unit/net/exchange/link_rig.h"
#include "tests/unit/net/exchange/scripted_names.h"

using namespace scram;
using namespace scram::testing;

namespace {

Rig::Wish by_name(std::uint16_t port) {
    return {.tls = pki().trusting("exchange.test"), .port = port};
}

void say_nothing(Client& client, int) {
    client.await_close();
}

}  // namespace

TEST_CASE("link connect: a dead address is passed over for one that lives") {
    TlsServer server(good, answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1", "127.0.0.2", "127.0.0.3"});
    auto wish = by_name(server.port());
    wish.address_offset = 1;  // 127.0.0.2 first, where nobody listens on this port
    Rig rig(wish);
    REQUIRE(rig.start());
    CHECK(rig.seen.downs.empty());
    CHECK(rig.seen.ups[0].address == "127.0.0.1:" + std::to_string(server.port()));
}

TEST_CASE("link connect: IPv6 that leads nowhere is passed over for IPv4") {
    TlsServer server(good, answer_all);
    name_resolves_to("exchange.test", {"::1", "127.0.0.1"});
    Rig rig(by_name(server.port()));
    REQUIRE(rig.start());
    CHECK(rig.seen.ups[0].address == "127.0.0.1:" + std::to_string(server.port()));
}

TEST_CASE("link connect: a silent and a wrong server are passed over for the right one") {
    const auto other = pki().authority.issue({.alternative_name = "DNS:other.test"});
    TlsServer right({.certificate = &pki().good, .address = "127.0.0.3"}, answer_all);
    TlsServer silent({.certificate = &pki().good, .address = "127.0.0.1", .port = right.port()},
                     say_nothing);
    TlsServer wrong({.certificate = &other, .address = "127.0.0.2", .port = right.port()},
                    answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1", "127.0.0.2", "127.0.0.3"});
    auto wish = by_name(right.port());
    wish.connect_timeout = 500ms;
    Rig rig(wish);
    REQUIRE(rig.start());
    CHECK(rig.seen.ups[0].address == "127.0.0.3:" + std::to_string(right.port()));
    CHECK(rig.seen.downs.empty());
}

TEST_CASE("link connect: when every address failed, one report names them all") {
    const auto port = dead_port();
    name_resolves_to("exchange.test", {"127.0.0.1", "127.0.0.2"});
    Rig rig(by_name(port));
    const auto reason = rig.refusal();
    const auto at = [&](const std::string& address) {
        return "exchange.test (" + address + ":" + std::to_string(port) + "): Connection refused";
    };
    CHECK(reason == at("127.0.0.1") + "; " + at("127.0.0.2"));
    CHECK(rig.seen.downs.size() == 1);
}

TEST_CASE("link connect: failures are reported round by round until the peer is there") {
    const auto port = dead_port();
    Rig rig({.tls = pki().trusting(), .port = port, .reconnect_first = 1ms});
    rig.link->start();
    REQUIRE(rig.goes_down(3));
    TlsServer server({.certificate = &pki().good, .port = port}, answer_all);
    CHECK(rig.comes_up());
}

TEST_CASE("link connect: a peer that never answers the handshake runs into the time-out") {
    TlsServer server(good, say_nothing);
    Rig rig({.tls = pki().trusting(), .port = server.port(), .connect_timeout = 500ms});
    CHECK(contains(rig.refusal(), "no TLS handshake within 500 ms"));
}

TEST_CASE("link connect: a peer that hangs up, resets or talks plainly in the handshake is named") {
    const auto refusal = [](TlsServer::Behaviour behaviour) {
        TlsServer server(good, std::move(behaviour));
        Rig rig({.tls = pki().trusting(), .port = server.port()});
        return rig.refusal();
    };
    CHECK(contains(refusal([](Client& client, int) { client.read_plain(); }),
                   "the peer closed the connection during the TLS handshake"));
    CHECK(contains(refusal([](Client& client, int) {
                       client.read_plain();
                       client.reset();
                   }),
                   "Connection reset by peer"));
    CHECK(contains(refusal([](Client& client, int) {
                       client.read_plain();
                       client.write_plain("HTTP/1.1 400 Bad Request\r\n\r\n");
                   }),
                   "the peer does not speak TLS"));
}

TEST_CASE("link connect: a name that does not resolve is reported, and works once it does") {
    TlsServer server(good, answer_all);
    name_does_not_resolve("exchange.test");
    auto wish = by_name(server.port());
    wish.reconnect_first = 1ms;
    Rig rig(wish);
    CHECK(contains(rig.refusal(),
                   "exchange.test: the name cannot be resolved: Name or service not known"));
    name_resolves_to("exchange.test", {"127.0.0.1"});
    CHECK(rig.comes_up());
}

TEST_CASE("link connect: each round asks for the name again") {
    TlsServer first(good, answer_all);
    TlsServer second({.certificate = &pki().good, .address = "127.0.0.2", .port = first.port()},
                     answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    Rig rig(by_name(first.port()));
    REQUIRE(rig.start());
    name_resolves_to("exchange.test", {"127.0.0.2"});
    rig.link->abort("the name has moved");
    REQUIRE(rig.comes_up(2));
    CHECK(rig.seen.ups[1].address == "127.0.0.2:" + std::to_string(first.port()));
}

TEST_CASE("link connect: when the name server fails or hangs, the last addresses serve") {
    TlsServer server(good, answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    Rig rig(by_name(server.port()));
    REQUIRE(rig.start());
    name_does_not_resolve("exchange.test");
    rig.link->abort("while names fail");
    REQUIRE(rig.comes_up(2));
    const HangingName hanging("exchange.test");
    rig.link->abort("while names hang");
    REQUIRE(rig.comes_up(3));
    rig.link->abort("and still hang");
    CHECK(rig.comes_up(4));
}

TEST_CASE("link connect: the name is asked for again while the link is up, and the link stays") {
    TlsServer server(good, answer_all);
    TlsServer moved({.certificate = &pki().good, .address = "127.0.0.2", .port = server.port()},
                    answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    auto wish = by_name(server.port());
    wish.resolve_every = 10ms;
    Rig rig(wish);
    REQUIRE(rig.start());
    const std::size_t before = lookups_of("exchange.test");
    name_resolves_to("exchange.test", {"127.0.0.2"});
    REQUIRE(rig.run_until([&] { return lookups_of("exchange.test") >= before + 3; }));
    CHECK(rig.link->up());
    CHECK(rig.seen.downs.empty());
    const HangingName hanging("exchange.test");  // what was told while it was up is known
    rig.link->abort("the address has left the name");
    REQUIRE(rig.comes_up(2));
    CHECK(rig.seen.ups[1].address == "127.0.0.2:" + std::to_string(server.port()));
}

TEST_CASE("link connect: a name that has no addresses any more keeps those that it had") {
    TlsServer server(good, answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    auto wish = by_name(server.port());
    wish.resolve_every = 10ms;
    Rig rig(wish);
    REQUIRE(rig.start());
    const std::size_t before = lookups_of("exchange.test");
    name_does_not_resolve("exchange.test");
    REQUIRE(rig.run_until([&] { return lookups_of("exchange.test") >= before + 3; }));
    rig.link->abort("while the name fails");
    CHECK(rig.comes_up(2));
}

TEST_CASE("link connect: an address that leaves the name during a round is passed over") {
    Gate gate;
    TlsServer left({.certificate = &pki().good, .address = "127.0.0.2"}, answer_all);
    TlsServer slow({.certificate = &pki().good, .address = "127.0.0.1", .port = left.port()},
                   [&](Client&, int) { gate.wait(); });
    const Gate::Opener opener{gate};
    TlsServer right({.certificate = &pki().good, .address = "127.0.0.3", .port = left.port()},
                    answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1", "127.0.0.2", "127.0.0.3"});
    auto wish = by_name(left.port());
    wish.resolve_every = 10ms;
    Rig rig(wish);
    const std::size_t before = lookups_of("exchange.test");
    rig.link->start();
    REQUIRE(rig.run_until([&] { return lookups_of("exchange.test") >= before + 2; }));
    name_resolves_to("exchange.test", {"127.0.0.1", "127.0.0.3"});
    const std::size_t then = lookups_of("exchange.test");
    REQUIRE(rig.run_until([&] { return lookups_of("exchange.test") >= then + 3; }));
    gate.open();
    REQUIRE(rig.comes_up());
    CHECK(rig.seen.ups[0].address == "127.0.0.3:" + std::to_string(left.port()));
}

TEST_CASE("link connect: a link that is stopped asks no more for its name") {
    TlsServer server(good, answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    auto wish = by_name(server.port());
    wish.resolve_every = 1ms;
    Rig rig(wish);
    REQUIRE(rig.start());
    rig.link->stop();
    rig.io.restart();
    rig.io.run();  // it ends: nothing waits any more
    CHECK_FALSE(rig.link->up());
}

TEST_CASE("link connect: links of one name that ask at once are answered by one look-up") {
    const auto port = dead_port();
    name_resolves_to("exchange.test", {"127.0.0.1"});
    std::optional<HangingName> hanging("exchange.test");
    Rig rig(by_name(port));
    const std::size_t before = lookups_of("exchange.test");
    rig.link->start();
    REQUIRE(rig.run_until([&] { return lookups_of("exchange.test") == before + 1; }));
    std::vector<std::unique_ptr<Link>> others;
    for (std::uint16_t l = 2; l < 6; ++l) {
        others.push_back(std::make_unique<Link>(rig.io, *rig.tls, LinkId{l},
                                                LinkOptions{.host = "exchange.test",
                                                            .port = port,
                                                            .connect_timeout = 60s,
                                                            .reconnect_first = 1h,
                                                            .reconnect_max = 1h},
                                                rig.seen));
        others.back()->start();
    }
    hanging.reset();
    REQUIRE(rig.goes_down(5));
    for (const auto& down : rig.seen.downs) CHECK(contains(down.reason, "Connection refused"));
    CHECK(lookups_of("exchange.test") == before + 2);
}

TEST_CASE("link connect: a name whose look-up hangs holds up no link to another name") {
    TlsServer server(good, answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    name_resolves_to("hanging.test", {"127.0.0.1"});
    const HangingName hanging("hanging.test");
    Rig rig(by_name(server.port()));
    Link other(rig.io, *rig.tls, LinkId{2}, {.host = "hanging.test", .port = server.port()},
               rig.seen);
    const std::size_t before = lookups_of("hanging.test");
    other.start();
    REQUIRE(rig.run_until([&] { return lookups_of("hanging.test") > before; }));
    CHECK(rig.start());
    CHECK_FALSE(other.up());
}

TEST_CASE("link connect: a name server that hangs is reported, and holds up no other link") {
    TlsServer server(good, answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    std::optional<HangingName> hanging("exchange.test");
    auto wish = by_name(server.port());
    wish.connect_timeout = 1s;  // in which a slow machine shakes hands
    wish.reconnect_first = 1ms;
    Rig rig(wish);
    CHECK(contains(rig.refusal(), "the name cannot be resolved: no answer within 1000 ms"));
    Link by_address(rig.io, *rig.tls, LinkId{2}, {.host = "127.0.0.1", .port = server.port()},
                    rig.seen);
    by_address.start();
    // Up by TCP; its certificate is checked against exchange.test, which it names.
    REQUIRE(rig.run_until([&] { return by_address.up(); }));
    by_address.stop();
    hanging.reset();
    CHECK(rig.comes_up(2));
}

TEST_CASE("link connect: a name server that hangs holds up no end") {
    name_resolves_to("exchange.test", {"127.0.0.1"});
    const HangingName hanging("exchange.test");
    Rig rig(by_name(dead_port()));
    rig.link->start();
    rig.io.poll();
}  // its loop ends before the name server answers: a wait for that would last for ever

TEST_CASE("link connect: it may be destroyed while its name is being looked up") {
    name_resolves_to("exchange.test", {"127.0.0.1"});
    std::optional<HangingName> hanging("exchange.test");
    Rig rig(by_name(dead_port()));
    rig.link->start();
    rig.io.poll();
    rig.link.reset();
    hanging.reset();
    rig.io.restart();
    rig.io.run();
    CHECK(rig.seen.order.empty());
}
