#include "net/wire/route_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>

namespace scram {
namespace {

constexpr unsigned groups = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE |
                            RTMGRP_IPV4_RULE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;

// Those that there are: they come as those that change do.
bool ask_for_neighbours(int fd) {
    struct {
        nlmsghdr head;
        ndmsg all;
    } question{};
    question.head.nlmsg_len = sizeof question;
    question.head.nlmsg_type = RTM_GETNEIGH;
    question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    return send(fd, &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question);
}

template <class Content>
const Content* content_of(const nlmsghdr& message) {
    if (message.nlmsg_len < NLMSG_LENGTH(sizeof(Content))) return nullptr;
    return static_cast<const Content*>(NLMSG_DATA(&message));
}

}  // namespace

std::variant<UniqueFd, std::string> RouteWatch::open() {
    UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        !ask_for_neighbours(fd.get()))
        return std::string("frames: the kernel does not tell when routes change: ") +
               std::strerror(errno) + "; [wire] frames = false goes without";
    return fd;
}

RouteWatch::RouteWatch(boost::asio::io_context& io, UniqueFd fd, Frames& frames)
    : socket_(io, fd.take()), frames_(frames) {
    await();
}

void RouteWatch::await() {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                           if (error) return;
                           read();
                           await();
                       });
}

// What did not fit the queue (ENOBUFS) may have been anything.
void RouteWatch::read() {
    for (int i = 0; i < reads_a_turn; ++i) {
        const ssize_t size =
            recv(socket_.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (size < 0 || size > std::ssize(buffer_)) {
            ++frames_.way;
            continue;
        }
        take(std::span(buffer_).first(static_cast<std::size_t>(size)));
    }
}

void RouteWatch::take(std::span<const unsigned char> messages) {
    while (messages.size() >= sizeof(nlmsghdr)) {
        nlmsghdr head;
        std::memcpy(&head, messages.data(), sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > messages.size()) return;
        if (changes_the_way(*reinterpret_cast<const nlmsghdr*>(messages.data()))) ++frames_.way;
        messages =
            messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), messages.size()));
    }
}

bool RouteWatch::changes_the_way(const nlmsghdr& message) {
    const int device = frames_.socket->device();
    switch (message.nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK: {
            const auto* link = content_of<ifinfomsg>(message);
            return link != nullptr && link->ifi_index == device;
        }
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH:
            return neighbour_moved(message);
        case RTM_NEWADDR:
        case RTM_DELADDR:
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
        case RTM_NEWRULE:
        case RTM_DELRULE:
            return true;
        default:
            return false;
    }
}

// Most messages say that one is still where it was. One that was not known was no peer's way
// before: a way by it is a new route, which is told too.
bool RouteWatch::neighbour_moved(const nlmsghdr& message) {
    const auto* its = content_of<ndmsg>(message);
    if (its == nullptr || its->ndm_ifindex != frames_.socket->device()) return false;
    std::string address, mac;
    auto left = message.nlmsg_len - NLMSG_LENGTH(sizeof *its);
    const auto* part = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(its) +
                                                       NLMSG_ALIGN(sizeof *its));
    for (; RTA_OK(part, left); part = RTA_NEXT(part, left)) {
        const std::string value(static_cast<const char*>(RTA_DATA(part)), RTA_PAYLOAD(part));
        if (part->rta_type == NDA_DST) address = value;
        if (part->rta_type == NDA_LLADDR) mac = value;
    }
    if (message.nlmsg_type == RTM_DELNEIGH || (its->ndm_state & NUD_FAILED) != 0)
        return neighbours_.erase(address) > 0;
    if (mac.empty()) return false;
    if (neighbours_.size() >= neighbours_max) return true;  // more than are worth knowing
    const auto [known, is_new] = neighbours_.try_emplace(address, mac);
    if (is_new || known->second == mac) return false;
    known->second = mac;
    return true;
}

}  // namespace scram
