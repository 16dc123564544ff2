// TX stamps of real TCP connections over loopback, whose device is handed a segment within send().
#include "net/wire/tx_timestamps.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "net/clock.h"
#include "tests/unit/net/exchange/link_rig.h"
#include "tests/unit/net/wire/connection.h"

using namespace scram;
using namespace scram::testing;

namespace {

using Origin = TxTimestamps::Origin;

// Collects until the awaited stamp is there.
Time await_stamp(const Connection& connection, TxTimestamps& stamps) {
    for (int tries = 0; tries < 200 && stamps.taken() == Time{}; ++tries) {
        pollfd waiting{connection.near, 0, 0};
        poll(&waiting, 1, 100);
        stamps.collect(connection.near);
    }
    return stamps.taken();
}

void check_each_send(Connection& connection, Origin origin) {
    connection.send(100);  // as a handshake: before the stamps
    TxTimestamps stamps;
    REQUIRE(
        stamps.begin(connection.near, connection.written, TxTimestamps::Content::stamps, origin));
    for (int i = 0; i < 5; ++i) {
        const Time before = monotonic_now();
        connection.send(440);
        stamps.expect(connection.written);
        CHECK(stamps.taken() == Time{});
        const Time stamp = await_stamp(connection, stamps);
        CHECK(stamp > before - 100us);  // as far as the conversion may err on a host that stalls
        CHECK(stamp < monotonic_now());
    }
}

}  // namespace

TEST_CASE("tx stamps: each send is stamped between its begin and now") {
    Connection connection;
    REQUIRE(connection.works);
    check_each_send(connection, Origin::either);
}

TEST_CASE("tx stamps: they come on IPv6 too") {
    Connection connection(AF_INET6);
    if (!connection.works) return;  // a host without IPv6
    check_each_send(connection, Origin::either);
}

TEST_CASE("tx stamps: a kernel that counts from what is unacknowledged is understood") {
    Connection connection;
    REQUIRE(connection.works);
    check_each_send(connection, Origin::first_unacknowledged);
}

TEST_CASE("tx stamps: the stamp of an earlier send is not taken for that of the last") {
    Connection connection;
    REQUIRE(connection.works);
    TxTimestamps stamps;
    REQUIRE(stamps.begin(connection.near, 0));
    connection.send(100);
    connection.send(100);
    stamps.expect(connection.written + 50);  // of bytes that never go
    REQUIRE(connection.error_waits());
    stamps.collect(connection.near);
    CHECK(stamps.taken() == Time{});
    CHECK_FALSE(connection.error_waits());
    connection.send(50);
    CHECK(await_stamp(connection, stamps) != Time{});
}

TEST_CASE("tx stamps: collecting reads every stamp that waits, and does not wait itself") {
    Connection connection;
    REQUIRE(connection.works);
    TxTimestamps stamps;
    REQUIRE(stamps.begin(connection.near, 0));
    for (int i = 0; i < 20; ++i) connection.send(10);
    stamps.expect(connection.written);
    CHECK(await_stamp(connection, stamps) != Time{});
    stamps.collect(connection.near);
    CHECK_FALSE(connection.error_waits());
    stamps.collect(connection.near);
}

TEST_CASE("tx stamps: where there can be none, none is told") {
    const int no_socket = open("/dev/null", O_RDWR);
    TxTimestamps stamps;
    CHECK_FALSE(stamps.begin(no_socket, 0));
    stamps.expect(10);
    stamps.collect(no_socket);
    CHECK(stamps.taken() == Time{});
    close(no_socket);
}

// ---- On a link ----------------------------------------------------------------------------------

namespace {

Rig::Wish stamped(const TlsServer& server) {
    return {.tls = pki().trusting(), .port = server.port(), .wire_stamps = true};
}

}  // namespace

TEST_CASE(
    "link: the TX stamp of each request is known with its answer, and the loop comes to rest") {
    TlsServer server(good, answer_all);
    Rig rig(stamped(server));
    REQUIRE(rig.start());
    CHECK(rig.link->wire_time() == Time{});
    for (std::size_t i = 1; i <= 50; ++i) {
        const Time before = monotonic_now();
        REQUIRE(rig.link->send(ping));
        CHECK(rig.link->wire_time() == Time{});
        REQUIRE(rig.is_answered(i));
        CHECK(rig.link->wire_time() > before - 100us);
        CHECK(rig.link->wire_time() < monotonic_now());
    }
    rig.io.restart();
    rig.io.poll();
    CHECK(rig.io.poll() == 0);  // nothing that wakes it again and again
    CHECK(rig.seen.downs.empty());
}

TEST_CASE("link: a TX stamp stays known when the link is lost without an answer") {
    Gate may_end;
    TlsServer server(good, [&](Client& client, int visit) {
        if (!client.shake_hands() || visit > 1) return;
        client.read_request();
        may_end.wait();
    });
    const Gate::Opener opener{may_end};
    Rig rig(stamped(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.run_until([&] { return rig.link->wire_time() != Time{}; }));
    const Time stamp = rig.link->wire_time();
    may_end.open();
    REQUIRE(rig.goes_down());
    CHECK(rig.link->wire_time() == stamp);
}

TEST_CASE("link: the stamp of a request that the kernel takes in parts is that of its last byte") {
    const std::string large(16 * 1024 * 1024, 'x');
    Gate may_read;
    TlsServer server(good, [&](Client& client, int) {
        client.shake_hands();
        may_read.wait();
        client.read_bytes(large.size());
        client.answer("pong");
        answer_on(client);
    });
    const Gate::Opener opener{may_read};
    Rig rig(stamped(server));
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(large));
    const Time begun = monotonic_now();
    may_read.open();
    REQUIRE(rig.is_answered());
    CHECK(rig.link->wire_time() > begun);
}

TEST_CASE("link: without the wish there is no stamp") {
    TlsServer server(good, answer_all);
    Rig rig({.tls = pki().trusting(), .port = server.port()});
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    CHECK(rig.link->wire_time() == Time{});
}
