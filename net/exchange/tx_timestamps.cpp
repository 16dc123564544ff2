#include "net/exchange/tx_timestamps.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <cstring>
#include <optional>

#include "net/clock.h"

namespace scram {
namespace {

constexpr unsigned stamps_wanted = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                                   SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
constexpr unsigned from_next_byte = 1U << 16;  // SOF_TIMESTAMPING_OPT_ID_TCP: not in older headers
constexpr int collected_max = 64;              // at once; the rest makes the socket readable again

bool set_option(int fd, unsigned flags) {
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

// An acknowledgement that comes between the question and the switch moves the origin: then again.
std::optional<std::uint64_t> count_from_unacknowledged(int fd) {
    for (int tries = 0; tries < 10; ++tries) {
        int before = 0, after = 0;
        const bool asked = ioctl(fd, SIOCOUTQ, &before) == 0;
        if (!asked || !set_option(fd, stamps_wanted)) return std::nullopt;
        if (ioctl(fd, SIOCOUTQ, &after) == 0 && before == after)
            return static_cast<std::uint64_t>(before);
        set_option(fd, 0);
    }
    return std::nullopt;
}

struct Stamp {
    std::optional<std::uint32_t> byte;
    timespec wall{};
};

void read_part(const cmsghdr& part, Stamp& stamp) {
    const bool is_error = (part.cmsg_level == SOL_IP && part.cmsg_type == IP_RECVERR) ||
                          (part.cmsg_level == SOL_IPV6 && part.cmsg_type == IPV6_RECVERR);
    if (part.cmsg_level == SOL_SOCKET && part.cmsg_type == SCM_TIMESTAMPING) {
        std::memcpy(&stamp.wall, CMSG_DATA(&part), sizeof stamp.wall);  // the first of three
    } else if (is_error) {
        sock_extended_err error{};
        std::memcpy(&error, CMSG_DATA(&part), sizeof error);
        const bool is_stamp = error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
        if (is_stamp && error.ee_info == SCM_TSTAMP_SND) stamp.byte = error.ee_data;
    }
}

// None: the queue is empty.
std::optional<Stamp> next_stamp(int fd) {
    alignas(cmsghdr) char parts[256];
    msghdr message{};
    message.msg_control = parts;
    message.msg_controllen = sizeof parts;
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
    Stamp stamp;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        read_part(*part, stamp);
    }
    return stamp;
}

Duration since_1970(const timespec& t) {
    return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
}

// Between two looks at our clock; the closest of three, since the thread may lose its core.
Time monotonic(const timespec& wall) {
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

}  // namespace

bool TxTimestamps::begin(int fd, std::uint64_t written, Origin origin) {
    *this = {};
    origin_ = written;
    if (origin != Origin::first_unacknowledged)
        on_ = set_option(fd, stamps_wanted | from_next_byte);
    if (!on_ && origin != Origin::next_byte) {
        const auto unacknowledged = count_from_unacknowledged(fd);
        on_ = unacknowledged.has_value();
        origin_ -= unacknowledged.value_or(0);
    }
    expect(written);
    return on_;
}

void TxTimestamps::collect(int fd) {
    if (!on_) return;
    for (int i = 0; i < collected_max; ++i) {
        const auto stamp = next_stamp(fd);
        if (!stamp) return;
        if (stamp->byte == awaited_ && taken_ == Time{}) taken_ = monotonic(stamp->wall);
    }
}

}  // namespace scram
