#include "net/exchange/endpoints.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

std::vector<Endpoint> endpoints(std::initializer_list<const char*> addresses) {
    std::vector<Endpoint> all;
    for (const auto* address : addresses) {
        all.emplace_back(boost::asio::ip::make_address(address), std::uint16_t{443});
    }
    return all;
}

}  // namespace

TEST_CASE("endpoints: families alternate, the resolver's favourite first") {
    CHECK(try_order(endpoints({"::1", "::2", "::3", "10.0.0.1"}), 0) ==
          endpoints({"::1", "10.0.0.1", "::2", "::3"}));
    CHECK(try_order(endpoints({"10.0.0.1", "10.0.0.2", "::1"}), 0) ==
          endpoints({"10.0.0.1", "::1", "10.0.0.2"}));
}

TEST_CASE("endpoints: shuffled and doubled answers give the same order") {
    CHECK(try_order(endpoints({"10.0.0.2", "10.0.0.1", "10.0.0.2"}), 0) ==
          endpoints({"10.0.0.1", "10.0.0.2"}));
}

TEST_CASE("endpoints: the offset says where to start, round and round") {
    const auto three = endpoints({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    CHECK(try_order(three, 1) == endpoints({"10.0.0.2", "10.0.0.3", "10.0.0.1"}));
    CHECK(try_order(three, 5) == endpoints({"10.0.0.3", "10.0.0.1", "10.0.0.2"}));
    CHECK(try_order({}, 3).empty());
}

TEST_CASE("endpoints: a name server cannot make a round without end") {
    std::vector<Endpoint> many;
    for (unsigned i = 0; i < 1000; ++i)
        many.emplace_back(boost::asio::ip::address_v4(0x0a000000 + i), std::uint16_t{443});
    const auto some = try_order(many, 17);
    CHECK(some.size() == addresses_max);
    CHECK(some[0] == many[17]);
}

TEST_CASE("endpoints: text has the port, and brackets for IPv6") {
    CHECK(to_text(endpoints({"127.0.0.1"})[0]) == "127.0.0.1:443");
    CHECK(to_text(endpoints({"::1"})[0]) == "[::1]:443");
}
