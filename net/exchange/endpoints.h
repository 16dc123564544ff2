// The addresses of a name, in the order in which a link tries them.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace scram {

using Endpoint = boost::asio::ip::tcp::endpoint;

// IPv6 and IPv4 alternating, beginning with the family that the resolver prefers, then rotated by
// `offset`. Name servers shuffle their answers, so each family is sorted: links with different
// offsets begin at different addresses even though each asks for itself. At most addresses_max of
// them, since whoever answers for the name server decides how many there are.
inline constexpr std::size_t addresses_max = 16;
std::vector<Endpoint> try_order(const std::vector<Endpoint>& resolved, std::size_t offset);

std::string to_text(const Endpoint& endpoint);  // 127.0.0.1:443, [::1]:443

}  // namespace scram
