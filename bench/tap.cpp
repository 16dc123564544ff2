#include "bench/tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace scram::bench {
namespace {

constexpr int queue_bytes = 16 << 20;  // a turn's packets wait here until they are read

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

int enter(int network) {
    const int result = setns(network, CLONE_NEWNET);
    ::close(network);
    return result;
}

int open_network(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(path.c_str());
    return fd;
}

// For as long as it lives, this thread is in the network of that process.
class Visit {
  public:
    explicit Visit(const std::string& pid) : home_(open_network("/proc/thread-self/ns/net")) {
        if (enter(open_network("/proc/" + pid + "/ns/net")) != 0) fail("enter the far network");
    }
    ~Visit() {
        if (enter(home_) != 0) std::abort();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

  private:
    int home_;
};

// Nothing is kept but IP packets of this way with more than bare headers, so that the queue is
// never full even where its size cannot be raised.
void keep_only(unsigned char way, int fd) {
    constexpr std::uint32_t packet_type = static_cast<std::uint32_t>(SKF_AD_OFF) + SKF_AD_PKTTYPE;
    std::array<sock_filter, 6> program{{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, packet_type),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, way, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(iphdr, tot_len)),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 80, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 128),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog filter{program.size(), program.data()};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) fail("filter");
}

Nanos stamp_of(msghdr& message) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS) continue;
        timespec t{};
        std::memcpy(&t, CMSG_DATA(c), sizeof t);
        return Nanos{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
    }
    return 0;
}

// `bytes` begins with an IPv4 header.
std::optional<Packet> tcp_packet(const char* bytes, std::size_t size, std::uint16_t to) {
    iphdr ip{};
    tcphdr tcp{};
    if (size < sizeof ip) return std::nullopt;
    std::memcpy(&ip, bytes, sizeof ip);
    const std::size_t ip_bytes = ip.ihl * std::size_t{4};
    if (ip.version != 4 || ip.protocol != IPPROTO_TCP || size < ip_bytes + sizeof tcp)
        return std::nullopt;
    std::memcpy(&tcp, bytes + ip_bytes, sizeof tcp);
    if (ntohs(tcp.dest) != to) return std::nullopt;
    const std::size_t payload = ntohs(ip.tot_len) - ip_bytes - tcp.doff * std::size_t{4};
    return Packet{0, ntohs(tcp.source), static_cast<std::uint16_t>(payload), ntohl(tcp.seq)};
}

}  // namespace

Tap::Tap(const std::string& device, const std::string& far)
    : kept_(far.empty() ? PACKET_OUTGOING : PACKET_HOST) {
    if (far.empty()) {
        listen(device);
    } else {
        const Visit there(far);
        listen(device);
    }
}

void Tap::listen(const std::string& device) {
    fd_ = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (fd_ < 0) fail("tap");
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
    if (where.sll_ifindex == 0) fail(device.c_str());
    const int on = 1;
    keep_only(kept_, fd_);
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &queue_bytes, sizeof queue_bytes);
    if (setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) fail("SO_TIMESTAMPNS");
    if (bind(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) fail("bind the tap");
}

Tap::~Tap() {
    ::close(fd_);
}

std::vector<Packet> Tap::read(std::uint16_t to, std::uint16_t bytes_min) {
    std::vector<Packet> out;
    std::set<std::pair<std::uint16_t, std::uint32_t>> seen;
    std::array<char, 128> bytes{};
    alignas(cmsghdr) std::array<char, 256> control{};
    for (;;) {
        sockaddr_ll from{};
        iovec part{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t size = recvmsg(fd_, &message, 0);
        if (size < 0) return out;
        if (from.sll_pkttype != kept_) continue;
        auto packet = tcp_packet(bytes.data(), static_cast<std::size_t>(size), to);
        if (!packet || packet->bytes < bytes_min) continue;
        if (!seen.emplace(packet->from, packet->sequence).second) continue;
        packet->at = stamp_of(message);
        out.push_back(*packet);
    }
}

}  // namespace scram::bench
