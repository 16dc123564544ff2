// The C client against a fake scramd: when a maker is told to stop, and how either side ends.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "client/scram.h"
#include "tests/unit/client/fake_daemon.h"

using namespace client_test;

namespace {

constexpr std::int64_t ms = 1'000'000;

}  // namespace

TEST_CASE("client: halted follows the family's gate word") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    CHECK(scram_halted(client.get(), 2) == 0);
    daemon.gates().gate(2) = SCRAM_GATE_CLOSED;
    CHECK(scram_halted(client.get(), 2) == 1);
    CHECK(scram_halted(client.get(), 1) == 0);
    daemon.gates().gate(2) = SCRAM_GATE_OPEN;
    CHECK(scram_halted(client.get(), 2) == 0);
    daemon.gates().gate(2) = 77;  // no word that we know
    CHECK(scram_halted(client.get(), 2) == 1);
}

TEST_CASE("client: what has no gate is halted") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    CHECK(scram_halted(client.get(), 3) == 0);
    CHECK(scram_halted(client.get(), 4) == 1);
    CHECK(scram_halted(client.get(), 0xffff) == 1);
    CHECK(scram_halted(nullptr, 0) == 1);
    daemon.gates().head().families = 5;  // grows after attach: not believed
    CHECK(scram_halted(client.get(), 4) == 1);
}

TEST_CASE("client: a scramd that stopped running halts every family at once") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    daemon.gates().head().running = 0;
    CHECK(scram_halted(client.get(), 2) == 1);
}

TEST_CASE(
    "client: a scramd whose heartbeat is too old halts every family, and no longer once it beats") {
    FakeDaemon daemon;
    daemon.gates().halted_after(500);
    daemon.gates().heartbeat(clock_ns());
    const Handle client = attach(daemon);
    CHECK(scram_halted(client.get(), 2) == 0);
    CHECK(scram_attached(client.get()) == 1);
    daemon.gates().heartbeat(clock_ns() - 600 * ms);
    CHECK(scram_halted(client.get(), 2) == 1);
    CHECK(scram_attached(client.get()) == 0);
    CHECK(scram_publish(client.get(), 2, 5, 1) == SCRAM_DONE);  // it may wake up yet, and read this
    daemon.gates().heartbeat(clock_ns());
    CHECK(scram_halted(client.get(), 2) == 0);
    daemon.gates().heartbeat(clock_ns() + 600 * ms);  // the tick that we read is older
    CHECK(scram_halted(client.get(), 2) == 0);
}

TEST_CASE("client: the age that halts is the one that scramd says now") {
    FakeDaemon daemon;
    daemon.gates().halted_after(100);
    const Handle client = attach(daemon);
    daemon.gates().heartbeat(clock_ns() - 5'000 * ms);
    CHECK(scram_halted(client.get(), 2) == 1);
    daemon.gates().halted_after(3'600'000);
    CHECK(scram_halted(client.get(), 2) == 0);
}

TEST_CASE("client: a scramd that has not beaten yet halts, one that never beats does not") {
    FakeDaemon daemon;
    SUBCASE("not yet") {
        daemon.gates().halted_after(1000);
        CHECK(scram_halted(attach(daemon).get(), 2) == 1);
    }
    SUBCASE("never: an older scramd") {
        CHECK(scram_halted(attach(daemon).get(), 2) == 0);
    }
}

TEST_CASE("client: in another time namespace the heartbeat's age and the stamps are scramd's") {
    constexpr std::int64_t shift = 1'000'000 * ms;
    for (const std::int64_t offset : {shift, -shift}) {
        CAPTURE(offset);
        std::optional<FakeDaemon> daemon;
        daemon.emplace([&](const scram_signal& request) {
            auto replies = daemon->usual(request);
            if (request.kind == SCRAM_ATTACH) replies[0].record.published_ns = clock_ns() + offset;
            return replies;
        });
        daemon->gates().halted_after(1000);
        daemon->gates().heartbeat(clock_ns() + offset);
        const Handle client = attach(*daemon);
        CHECK(scram_halted(client.get(), 2) == 0);
        scram_publish(client.get(), 2, 5, 1);
        CHECK(std::abs(daemon->next_signals()[0].published_ns - clock_ns() - offset) < 5'000 * ms);
        daemon->gates().heartbeat(clock_ns() + offset - 6'000 * ms);
        CHECK(scram_halted(client.get(), 2) == 1);
    }
}

TEST_CASE("client: the closing notice is read with the next heartbeat") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    daemon.notify(SCRAM_CLOSING);
    CHECK(scram_heartbeat(client.get()) == SCRAM_GONE);
    CHECK(last_error(client) == "the connection to scramd is lost: scramd ended on purpose");
    CHECK(scram_halted(client.get(), 2) == 1);
    CHECK(scram_publish(client.get(), 2, 5, 1) == SCRAM_GONE);
}

TEST_CASE("client: an unknown notice is passed over") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    daemon.notify(60);
    CHECK(scram_heartbeat(client.get()) == SCRAM_DONE);
    std::uint16_t id = 0;
    daemon.notify(60);
    CHECK(scram_metric(client.get(), "delta", &id) == SCRAM_DONE);
}

TEST_CASE("client: the death of scramd is known from the next publish, and halts") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    daemon.die();
    CHECK(scram_publish(client.get(), 2, 5, 1) == SCRAM_GONE);
    CHECK(scram_attached(client.get()) == 0);
    CHECK(scram_halted(client.get(), 2) == 1);
    CHECK(scram_heartbeat(client.get()) == SCRAM_GONE);
    std::uint16_t id = 0;
    CHECK(scram_family(client.get(), "f", &id) == SCRAM_GONE);
}

TEST_CASE("client: scramd's last words are told, whichever call notices the end") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    daemon.notify(SCRAM_REFUSED, "a signal it cannot read");
    SUBCASE("publish") {
        daemon.die();
        CHECK(scram_publish(client.get(), 2, 5, 1) == SCRAM_GONE);
    }
    SUBCASE("heartbeat") {
        CHECK(scram_heartbeat(client.get()) == SCRAM_GONE);
    }
    CHECK(last_error(client) == "the connection to scramd is lost: a signal it cannot read");
    CHECK(scram_halted(client.get(), 2) == 1);
}

TEST_CASE("client: detach sends what was added, then says goodbye") {
    FakeDaemon daemon;
    Handle client = attach(daemon);
    scram_add(client.get(), 2, 5, 1);
    CHECK(scram_detach(client.release()) == SCRAM_DONE);
    CHECK(daemon.next_signals()[0].kind == SCRAM_VALUE);
    CHECK(daemon.next_signals()[0].kind == SCRAM_GOODBYE);
    CHECK(daemon.next() == "");
    CHECK(scram_detach(nullptr) == SCRAM_DONE);
}

TEST_CASE("client: a goodbye that nobody answers is told, and ends all the same") {
    std::optional<FakeDaemon> daemon;
    daemon.emplace([&](const scram_signal& request) {
        return request.kind == SCRAM_GOODBYE ? std::vector<Reply>{} : daemon->usual(request);
    });
    Handle client = attach(*daemon);
    CHECK(scram_detach(client.release()) == SCRAM_TIMEOUT);
}

TEST_CASE("client: abandon leaves without a word") {
    FakeDaemon daemon;
    attach(daemon).reset();
    CHECK(daemon.next() == "");
}

TEST_CASE("client: a forked child is halted, sends nothing, and its end is no goodbye") {
    FakeDaemon daemon;
    const Handle client = attach(daemon);
    const pid_t child = fork();
    if (child == 0) {
        const bool as_expected = scram_halted(client.get(), 2) == 1 &&
                                 scram_attached(client.get()) == 0 &&
                                 scram_publish(client.get(), 2, 5, 1) == SCRAM_GONE;
        scram_detach(const_cast<Handle&>(client).release());
        _exit(as_expected ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(scram_halted(client.get(), 2) == 0);
    CHECK(scram_publish(client.get(), 2, 5, 2) == SCRAM_DONE);
    const auto signals = daemon.next_signals();
    CHECK(signals[0].kind == SCRAM_VALUE);
    CHECK(signals[0].sequence == 1);
    CHECK(signals[0].value == 2);
}
