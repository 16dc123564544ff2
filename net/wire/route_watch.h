// Tells frames when the way to a peer may have changed: a route or rule, an address of the device,
// its link, or the MAC of a neighbour (rtnetlink(7)). What was learnt of a way before is then not
// used.
//
// Threading: the loop's. A turn reads a bounded number of messages.
#pragma once

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <span>
#include <string>
#include <variant>

#include "net/unique_fd.h"
#include "net/wire/frames.h"

struct nlmsghdr;

namespace scram {

class RouteWatch {
  public:
    static std::variant<UniqueFd, std::string> open();

    // `fd` is open()'s. `frames` outlives it.
    RouteWatch(boost::asio::io_context& io, UniqueFd fd, Frames& frames);

    // What it does with what it reads.
    void take(std::span<const unsigned char> messages);

  private:
    void await();
    void read();
    bool changes_the_way(const nlmsghdr& message);
    bool neighbour_moved(const nlmsghdr& message);

    static constexpr int reads_a_turn = 8;
    static constexpr std::size_t neighbours_max = 1024;

    boost::asio::posix::stream_descriptor socket_;
    Frames& frames_;
    std::map<std::string, std::string> neighbours_;  // IP to MAC
    std::array<unsigned char, 8192> buffer_;
};

}  // namespace scram
