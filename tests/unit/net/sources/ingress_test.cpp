// The ingress with the C client at its other end: signals by the ring, and how both sides end.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "tests/unit/net/sources/ingress_rig.h"

using namespace scram;
using namespace scram::test;

namespace {

using Heard = std::vector<std::string>;

}  // namespace

TEST_CASE("ingress: what is published by the ring needs no loop but the poll") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    CHECK_FALSE(rig.ingress->poll());
    CHECK(scram_publish(client.get(), 0, 0, 1) == SCRAM_DONE);
    for (int i = 2; i <= 4; ++i) scram_add(client.get(), 0, 0, i);
    CHECK(scram_flush(client.get()) == SCRAM_DONE);
    CHECK(rig.ingress->poll());
    CHECK(rig.sink.told == Heard{"value 1", "more 2", "more 3", "value 4"});
    CHECK_FALSE(rig.ingress->poll());
}

TEST_CASE("ingress: a series that restarts is told as such, in a batch and at its end") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    CHECK(scram_restart(client.get(), 0, 0, 1) == SCRAM_DONE);
    scram_add_restart(client.get(), 0, 0, 2);
    scram_add(client.get(), 0, 0, 3);
    scram_add_restart(client.get(), 0, 0, 4);
    CHECK(scram_flush(client.get()) == SCRAM_DONE);
    rig.ingress->poll();
    CHECK(rig.sink.told == Heard{"restart 1", "restart more 2", "more 3", "restart 4"});
}

TEST_CASE("ingress: a poll reads 64 signals of a ring, then the next ring has its turn") {
    IngressRig rig;
    const AttachedClient one = rig.attach("maker-1"), two = rig.attach("maker-2");
    for (int i = 0; i < 200; ++i) scram_publish(one.get(), 0, 0, i);
    scram_publish(two.get(), 0, 0, 1);
    rig.ingress->poll();
    CHECK(rig.sink.received[1] == 64);
    CHECK(rig.sink.received[2] == 1);
}

TEST_CASE("ingress: a full ring is told to its source, and seen here within the same poll") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    for (int i = 0; i < SCRAM_RING_SLOTS; ++i)
        REQUIRE(scram_publish(client.get(), 0, 0, i) == SCRAM_DONE);
    CHECK(scram_publish(client.get(), 0, 0, -1) == SCRAM_FULL);
    CHECK(std::string(scram_error(client.get())) ==
          "scramd is behind: 1 signals found the ring full and are lost");
    CHECK(scram_halted(client.get(), 0) == 0);
    rig.ingress->poll();
    CHECK(rig.sink.was_told("lost"));
    CHECK(scram_publish(client.get(), 0, 0, -2) == SCRAM_DONE);
    while (rig.ingress->poll()) continue;
    CHECK(rig.sink.told.back() == "value -2");
    CHECK_FALSE(rig.sink.was_told("value -1"));
    CHECK(rig.sink.out_of_order == 0);
}

TEST_CASE("ingress: of a batch that does not fit whole, the first signals are published") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    for (int i = 0; i < SCRAM_RING_SLOTS - 2; ++i) scram_publish(client.get(), 0, 0, i);
    for (int i = 5; i <= 7; ++i) scram_add(client.get(), 0, 0, -i);
    CHECK(scram_flush(client.get()) == SCRAM_FULL);
    while (rig.ingress->poll()) continue;
    CHECK(rig.sink.told.back() == "value -6");
}

TEST_CASE("ingress: what one flush sends is marked as one batch, by ring and by socket") {
    for (const bool by_ring : {true, false}) {
        IngressRig rig;
        setenv("SCRAM_RING", by_ring ? "on" : "off", 1);
        const AttachedClient client = rig.attach();
        unsetenv("SCRAM_RING");
        scram_publish(client.get(), 0, 0, 1);
        for (int i = 2; i <= 4; ++i) scram_add(client.get(), 0, 0, i);
        scram_flush(client.get());
        scram_publish(client.get(), 0, 0, 5);
        rig.until_told("value 5");
        CHECK(rig.sink.told ==
              std::vector<std::string>{"value 1", "more 2", "more 3", "value 4", "value 5"});
        CHECK(rig.sink.out_of_order == 0);
    }
}

TEST_CASE("ingress: a poll that ends within a batch reads it whole") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    for (int i = 1; i < 64; ++i) scram_publish(client.get(), 0, 0, i);
    for (int i = 64; i < 80; ++i) scram_add(client.get(), 0, 0, i);
    scram_flush(client.get());
    scram_publish(client.get(), 0, 0, 80);
    CHECK(rig.ingress->poll());
    CHECK(rig.sink.told.back() == "value 79");
}

TEST_CASE("ingress: a source is read on demand, to the end of its ring and of its socket") {
    for (const bool by_ring : {true, false}) {
        IngressRig rig;
        setenv("SCRAM_RING", by_ring ? "on" : "off", 1);
        const AttachedClient client = rig.attach();
        unsetenv("SCRAM_RING");
        int sent = 0;
        while (sent < 500 && scram_publish(client.get(), 0, 0, sent) == SCRAM_DONE) ++sent;
        CHECK(sent > 64);
        const std::string last = "value " + std::to_string(sent - 1);
        rig.ingress->read(SourceId{2});  // nobody
        CHECK(rig.sink.told.empty());
        rig.ingress->read(SourceId{1});
        CHECK(rig.sink.told.back() == last);
    }
}

TEST_CASE("ingress: a goodbye is heard behind everything that was published before") {
    IngressRig rig;
    AttachedClient client = rig.attach();
    for (int i = 0; i < 500; ++i) scram_publish(client.get(), 0, 0, i);
    scram_add(client.get(), 0, 0, 500);
    std::thread maker([&] { CHECK(scram_detach(client.release()) == SCRAM_DONE); });
    while (!rig.sink.was_told("left")) rig.io.poll();
    maker.join();
    CHECK(rig.sink.told.size() == 502);
    CHECK(rig.sink.told[500] == "value 500");
    CHECK(rig.sink.told[501] == "left");
}

TEST_CASE("ingress: a maker that dies is heard to its last signal, then it has vanished") {
    IngressRig rig;
    const pid_t child = fork();
    if (child == 0) {
        scram_client* client = nullptr;
        if (scram_attach(&client, rig.path.c_str(), "maker-1") != SCRAM_DONE) _exit(1);
        for (int i = 0; i < 300; ++i) scram_publish(client, 0, 0, i);
        kill(getpid(), SIGKILL);
    }
    while (!rig.sink.was_told("vanished")) rig.io.poll();  // and no poll of the rings
    waitpid(child, nullptr, 0);
    REQUIRE(rig.sink.told.size() == 301);
    CHECK(rig.sink.told[299] == "value 299");
    CHECK(rig.sink.told[300] == "vanished: its connection closed without detaching");
}

TEST_CASE("ingress: an end that was killed is known within SCRAM_LISTEN_MS of publishing") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    rig.ingress->stop();
    while (scram_publish(client.get(), 0, 0, 1) == SCRAM_DONE) usleep(1000);
    CHECK(scram_attached(client.get()) == 0);
    CHECK(scram_halted(client.get(), 0) == 1);
}

TEST_CASE("ingress: an end on purpose is known from the gates at once, and from a heartbeat") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    rig.gates->end();
    CHECK(scram_halted(client.get(), 0) == 1);
    rig.ingress->stop();
    CHECK(scram_heartbeat(client.get()) == SCRAM_GONE);
}

TEST_CASE("ingress: a ring that nobody reads any more is not taken for a slow scramd") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    rig.ingress->stop();
    scram_result result = SCRAM_DONE;
    for (int i = 0; i <= SCRAM_RING_SLOTS && result == SCRAM_DONE; ++i)
        result = scram_publish(client.get(), 0, 0, i);
    CHECK(result == SCRAM_GONE);
}

TEST_CASE("ingress: SCRAM_RING=off has the client use the socket") {
    IngressRig rig;
    setenv("SCRAM_RING", "off", 1);
    const AttachedClient client = rig.attach();
    unsetenv("SCRAM_RING");
    CHECK(scram_publish(client.get(), 0, 0, 3) == SCRAM_DONE);
    CHECK_FALSE(rig.ingress->poll());
    rig.until_told("value 3");
}

TEST_CASE("ingress: it knows whether anybody publishes by the socket") {
    IngressRig rig;
    CHECK(rig.ingress->has_only_rings());
    const AttachedClient by_ring = rig.attach();
    CHECK(rig.ingress->has_only_rings());
    setenv("SCRAM_RING", "off", 1);
    AttachedClient by_socket = rig.attach("maker-2");
    unsetenv("SCRAM_RING");
    CHECK_FALSE(rig.ingress->has_only_rings());
    rig.beside([&] { scram_detach(by_socket.release()); });
    CHECK(rig.ingress->has_only_rings());
}

TEST_CASE("ingress: by the socket, a last signal that found no room shows at the goodbye") {
    IngressRig rig;
    setenv("SCRAM_RING", "off", 1);
    AttachedClient client = rig.attach();
    unsetenv("SCRAM_RING");
    while (scram_publish(client.get(), 0, 0, 3) == SCRAM_DONE) continue;
    rig.beside([&] { scram_detach(client.release()); });
    CHECK(rig.sink.out_of_order == 1);
    CHECK(rig.sink.was_told("left"));
}

TEST_CASE("ingress: each attachment has a ring of its own, its numbers begin at 1") {
    IngressRig rig;
    for (int i = 0; i < 3; ++i) {
        const AttachedClient client = rig.attach();
        scram_publish(client.get(), 0, 0, i);
        rig.turn();
        CHECK(rig.sink.received[1] == 1);
        rig.sink.sequence[1] = 0;
    }
    CHECK(rig.sink.out_of_order == 0);
}

TEST_CASE("ingress: a child that was forked writes nothing into its parent's ring") {
    IngressRig rig;
    const AttachedClient client = rig.attach();
    scram_publish(client.get(), 0, 0, 1);
    const pid_t child = fork();
    if (child == 0) _exit(scram_publish(client.get(), 0, 0, 2) == SCRAM_GONE ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    scram_publish(client.get(), 0, 0, 3);
    rig.ingress->poll();
    CHECK(rig.sink.told == Heard{"value 1", "value 3"});
}
