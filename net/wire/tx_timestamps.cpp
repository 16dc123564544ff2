#include "net/wire/tx_timestamps.h"

#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utility>

namespace scram {
namespace {

constexpr unsigned stamps_wanted =
    SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID;
constexpr unsigned without_frames = SOF_TIMESTAMPING_OPT_TSONLY;
constexpr unsigned with_frames = SOF_TIMESTAMPING_OPT_CMSG;
constexpr unsigned from_next_byte = 1U << 16;  // SOF_TIMESTAMPING_OPT_ID_TCP: not in older headers

bool set_option(int fd, unsigned flags) {
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

// An acknowledgement that comes between the question and the switch moves the origin: then again.
std::optional<std::uint64_t> count_from_unacknowledged(int fd, unsigned wanted) {
    for (int tries = 0; tries < 10; ++tries) {
        int before = 0, after = 0;
        const bool asked = ioctl(fd, SIOCOUTQ, &before) == 0;
        if (!asked || !set_option(fd, wanted)) return std::nullopt;
        if (ioctl(fd, SIOCOUTQ, &after) == 0 && before == after)
            return static_cast<std::uint64_t>(before);
        set_option(fd, 0);
    }
    return std::nullopt;
}

// By which each left. A socket of IPv6 takes both questions and answers the second.
bool ask_for_device(int fd) {
    const int on = 1;
    const bool v4 = setsockopt(fd, SOL_IP, IP_PKTINFO, &on, sizeof on) == 0;
    const bool v6 = setsockopt(fd, SOL_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0;
    return v4 || v6;
}

}  // namespace

bool TxTimestamps::begin(int fd, std::uint64_t written, Content content, Origin origin) {
    *this = {};
    origin_ = written;
    const bool frames = content == Content::frames;
    const unsigned wanted = stamps_wanted | (frames ? with_frames : without_frames);
    if (frames && !ask_for_device(fd)) return false;
    if (origin != Origin::first_unacknowledged) on_ = set_option(fd, wanted | from_next_byte);
    if (!on_ && origin != Origin::next_byte) {
        const auto unacknowledged = count_from_unacknowledged(fd, wanted);
        on_ = unacknowledged.has_value();
        origin_ -= unacknowledged.value_or(0);
    }
    expect(written);
    return on_;
}

std::optional<SentReport> TxTimestamps::collect(int fd) {
    std::optional<SentReport> found;
    if (!on_) return found;
    for (int i = 0; i < SentReport::at_once; ++i) {
        auto report = next_sent_report(fd);
        if (!report) return found;
        if (report->number != awaited_ || taken_ != Time{}) continue;
        taken_ = monotonic_time(report->wall);
        found = std::move(report);
    }
    return found;
}

}  // namespace scram
