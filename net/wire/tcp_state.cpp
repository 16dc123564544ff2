// Alone, since the kernel's header, which has all that TCP_INFO tells, and the C library's exclude
// each other.
#include "net/wire/tcp_state.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace scram {
namespace {

constexpr unsigned char established = 1;  // TCP_ESTABLISHED, in the C library's header

bool is_at_rest(const tcp_info& info) {
    return info.tcpi_state == established && info.tcpi_ca_state == TCP_CA_Open &&
           info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0 && info.tcpi_retransmits == 0 &&
           info.tcpi_probes == 0 && info.tcpi_backoff == 0;
}

}  // namespace

std::optional<TcpState> tcp_state(int fd) {
    constexpr std::size_t needed =
        offsetof(tcp_info, tcpi_snd_wnd) + sizeof(tcp_info::tcpi_snd_wnd);
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < needed)
        return std::nullopt;
    return TcpState{is_at_rest(info), std::min(info.tcpi_snd_wnd, info.tcpi_snd_mss)};
}

}  // namespace scram
