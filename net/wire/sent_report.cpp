#include "net/wire/sent_report.h"

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "net/clock.h"

namespace scram {
namespace {

template <class Content>
Content content(const cmsghdr& part) {
    Content its{};
    std::memcpy(&its, CMSG_DATA(&part), sizeof its);
    return its;
}

void read_part(const cmsghdr& part, SentReport& report) {
    const auto is = [&](int level, int type) {
        return part.cmsg_level == level && part.cmsg_type == type;
    };
    if (is(SOL_SOCKET, SCM_TIMESTAMPING)) {
        report.wall = content<timespec>(part);  // the first of three
    } else if (is(SOL_IP, IP_PKTINFO)) {
        report.device = content<in_pktinfo>(part).ipi_ifindex;
    } else if (is(SOL_IPV6, IPV6_PKTINFO)) {
        report.device = static_cast<int>(content<in6_pktinfo>(part).ipi6_ifindex);
    } else if (is(SOL_IP, IP_RECVERR) || is(SOL_IPV6, IPV6_RECVERR) ||
               is(SOL_PACKET, PACKET_TX_TIMESTAMP)) {
        const auto error = content<sock_extended_err>(part);
        const bool is_stamp = error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
        if (is_stamp && error.ee_info == SCM_TSTAMP_SND) report.number = error.ee_data;
    }
}

Duration since_1970(const timespec& t) {
    return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
}

}  // namespace

std::optional<SentReport> next_sent_report(int fd) {
    std::optional<SentReport> report(std::in_place);
    iovec bytes{report->bytes.data(), report->bytes.size()};
    alignas(cmsghdr) char parts[512];
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = parts;
    message.msg_controllen = sizeof parts;
    const ssize_t size = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    report->size = static_cast<std::size_t>(size);
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        read_part(*part, *report);
    }
    return report;
}

// Between two looks at our clock; the closest of three, since the thread may lose its core.
Time monotonic_time(const timespec& wall) {
    Time time{}, now{};
    Duration closest = Duration::max();
    for (int i = 0; i < 3; ++i) {
        timespec wall_clock{};
        const Time before = monotonic_now();
        clock_gettime(CLOCK_REALTIME, &wall_clock);
        now = monotonic_now();
        if (now - before >= closest) continue;
        closest = now - before;
        time = before + closest / 2 - (since_1970(wall_clock) - since_1970(wall));
    }
    return time > now ? Time{} : time;
}

}  // namespace scram
