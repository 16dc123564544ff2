// The C++ wrapper: what it throws, and how it ends.
#include "client/scram.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <type_traits>

#include "tests/unit/client/fake_daemon.h"

using namespace client_test;
using scram::Client;

static_assert(!std::is_convertible_v<Client::Family, Client::Metric>);
static_assert(std::is_nothrow_move_constructible_v<Client> &&
              !std::is_copy_constructible_v<Client>);

TEST_CASE("client C++: publishes, asks its gate, and says goodbye at the end of its life") {
    FakeDaemon daemon;
    {
        Client client("maker-1", daemon.path());
        const auto family = client.family("mm-1/BTC-USD");
        const auto metric = client.metric("delta");
        CHECK(client.publish(family, metric, 1.5) == SCRAM_DONE);
        CHECK(client.restart(family, metric, 0) == SCRAM_DENIED);  // this scramd is too old
        CHECK(client.add_restart(family, metric, 0) == SCRAM_DENIED);
        CHECK(!client.halted(family));
        daemon.gates().gate(family.id) = SCRAM_GATE_CLOSED;
        CHECK(client.halted(family));
    }
    daemon.skip_requests(3);
    CHECK(daemon.next_signals()[0].value == 1.5);
    CHECK(daemon.next_signals()[0].kind == SCRAM_GOODBYE);
}

TEST_CASE("client C++: an exception that unwinds past it leaves no goodbye") {
    FakeDaemon daemon;
    CHECK_THROWS_AS(
        [&] {
            Client client("maker-1", daemon.path());
            throw std::runtime_error("the maker fails");
        }(),
        std::runtime_error);
    daemon.skip_requests(1);
    CHECK(daemon.next() == "");
}

TEST_CASE("client C++: a failure at start-up is thrown with its code and scramd's words") {
    FakeDaemon daemon([](const scram_signal&) { return std::vector{refused("no such source")}; });
    try {
        Client client("maker-9", daemon.path());
        FAIL("attached");
    } catch (const Client::Error& error) {
        CHECK(error.code() == SCRAM_DENIED);
        CHECK(std::string(error.what()) == "no such source");
    }
}
