// Messages of rtnetlink, as the kernel writes them, and what they say of the way to a peer.
#include "net/wire/route_watch.h"

#include <doctest/doctest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <optional>
#include <vector>

using namespace scram;

namespace {

using Bytes = std::vector<unsigned char>;

template <class Content>
Bytes message(std::uint16_t type, const Content& content, const Bytes& parts = {}) {
    nlmsghdr head{};
    head.nlmsg_type = type;
    head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof content) + parts.size());
    Bytes bytes(head.nlmsg_len);
    std::memcpy(bytes.data(), &head, sizeof head);
    std::memcpy(bytes.data() + NLMSG_HDRLEN, &content, sizeof content);
    std::copy(parts.begin(), parts.end(), bytes.begin() + NLMSG_LENGTH(sizeof content));
    return bytes;
}

Bytes part(std::uint16_t type, const Bytes& value) {
    rtattr head{};
    head.rta_type = type;
    head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size()));
    Bytes bytes(RTA_SPACE(value.size()));
    std::memcpy(bytes.data(), &head, sizeof head);
    std::memcpy(bytes.data() + RTA_LENGTH(0), value.data(), value.size());
    return bytes;
}

struct Watched {
    Watched() {
        auto socket = FrameSocket::open("lo", false);
        auto routes = RouteWatch::open();
        if (socket.index() != 0 || routes.index() != 0) {
            MESSAGE("skipped: no packet socket, or no routes, are to be had here");
            return;
        }
        frames.emplace("lo", std::move(std::get<0>(socket)));
        watch.emplace(io, std::move(std::get<0>(routes)), *frames);
    }
    explicit operator bool() const { return watch.has_value(); }
    // How often the way has changed by it.
    std::uint64_t take(const Bytes& bytes) {
        const std::uint64_t before = frames->way;
        watch->take(bytes);
        return frames->way - before;
    }
    Bytes neighbour(std::uint16_t type, unsigned char ip, unsigned char mac, std::uint16_t state,
                    int device = 0) const {
        ndmsg its{};
        its.ndm_ifindex = device == 0 ? frames->socket->device() : device;
        its.ndm_state = state;
        Bytes parts = part(NDA_DST, {10, 0, 0, ip});
        const Bytes address = part(NDA_LLADDR, {2, 0, 0, 0, 0, mac});
        parts.insert(parts.end(), address.begin(), address.end());
        return message(type, its, parts);
    }

    boost::asio::io_context io;
    std::optional<Frames> frames;
    std::optional<RouteWatch> watch;
};

}  // namespace

TEST_CASE("routes: one that comes or goes changes the way, and so do rules and addresses") {
    Watched its;
    if (!its) return;
    for (const std::uint16_t type : {RTM_NEWROUTE, RTM_DELROUTE})
        CHECK(its.take(message(type, rtmsg{})) == 1);
    for (const std::uint16_t type : {RTM_NEWRULE, RTM_DELRULE, RTM_NEWADDR, RTM_DELADDR})
        CHECK(its.take(message(type, ifaddrmsg{})) == 1);
    CHECK(its.take(message(RTM_NEWNSID, rtgenmsg{})) == 0);
}

TEST_CASE("routes: of links, only the device's own matters") {
    Watched its;
    if (!its) return;
    ifinfomsg link{};
    link.ifi_index = its.frames->socket->device();
    CHECK(its.take(message(RTM_NEWLINK, link)) == 1);
    link.ifi_index += 1;
    CHECK(its.take(message(RTM_NEWLINK, link)) == 0);
}

TEST_CASE("routes: a neighbour changes the way when it moves or is lost") {
    Watched its;
    if (!its) return;
    CHECK(its.take(its.neighbour(RTM_NEWNEIGH, 1, 7, NUD_REACHABLE)) == 0);
    CHECK(its.take(its.neighbour(RTM_NEWNEIGH, 1, 7, NUD_STALE)) == 0);
    CHECK(its.take(its.neighbour(RTM_NEWNEIGH, 1, 8, NUD_REACHABLE)) == 1);
    CHECK(its.take(its.neighbour(RTM_NEWNEIGH, 1, 8, NUD_FAILED)) == 1);
    CHECK(its.take(its.neighbour(RTM_NEWNEIGH, 1, 8, NUD_REACHABLE)) == 0);
    CHECK(its.take(its.neighbour(RTM_DELNEIGH, 1, 8, NUD_REACHABLE)) == 1);
    const int other = its.frames->socket->device() + 1;
    CHECK(its.take(its.neighbour(RTM_NEWNEIGH, 1, 7, NUD_REACHABLE, other)) == 0);
}

TEST_CASE("routes: messages that are cut off are left, and those before them count") {
    Watched its;
    if (!its) return;
    const Bytes whole = message(RTM_NEWROUTE, rtmsg{});
    Bytes two = whole;
    two.insert(two.end(), whole.begin(), whole.end());
    CHECK(its.take(two) == 2);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Bytes cut(two.begin(), two.begin() + static_cast<long>(whole.size() + size));
        CHECK(its.take(cut) == 1);
    }
    const Bytes neighbour = its.neighbour(RTM_NEWNEIGH, 2, 7, NUD_REACHABLE);
    for (std::size_t size = 0; size < neighbour.size(); ++size)
        CHECK(its.take(Bytes(neighbour.begin(), neighbour.begin() + static_cast<long>(size))) == 0);
}
