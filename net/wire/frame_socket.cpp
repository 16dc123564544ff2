#include "net/wire/frame_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/base/kill_path.h"
#include "net/wire/sent_report.h"

namespace scram {
namespace {

constexpr std::uint16_t experimental_type = 0x88b5;
constexpr std::uint16_t discard_port = 9;

std::string refused(const std::string& device, const std::string& what) {
    return "frames on device " + device + ": " + what + "; [wire] frames = false goes without";
}

std::string refused_now(const std::string& device, const char* what) {
    return refused(device, std::string(what) + ": " + std::strerror(errno));
}

// Without it the kernel does not give a sent frame back, from which the next is made.
bool gives_frames_back() {
    std::ifstream file("/proc/sys/net/core/tstamp_allow_data");
    int allowed = 1;
    file >> allowed;
    return !file || allowed != 0;
}

bool read_nothing(int fd) {
    sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &nothing};
    const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) == 0;
}

bool bind_to(int fd, int device) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = device;
    return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool bypass_queueing(int fd) {
    const int on = 1;
    return setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) == 0;
}

bool stamp_what_leaves(int fd) {
    const unsigned flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                           SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

// Of IPv4 and UDP, whose checksum may be left out.
void write_datagram_to_oneself(in_addr own, std::span<unsigned char> frame) {
    iphdr ip{};
    ip.version = 4;
    ip.ihl = sizeof ip / 4;
    ip.tot_len = htons(static_cast<std::uint16_t>(frame.size()));
    ip.frag_off = htons(IP_DF);
    ip.ttl = 1;
    ip.protocol = IPPROTO_UDP;
    ip.saddr = ip.daddr = own.s_addr;
    unsigned char header[sizeof ip];
    std::memcpy(header, &ip, sizeof ip);
    ip.check = htons(static_cast<std::uint16_t>(~checksum_words(header)));
    udphdr udp{};
    udp.source = udp.dest = htons(discard_port);
    udp.len = htons(static_cast<std::uint16_t>(frame.size() - sizeof ip));
    std::memcpy(frame.data(), &ip, sizeof ip);
    std::memcpy(frame.data() + sizeof ip, &udp, sizeof udp);
}

ifreq request_of(const std::string& device) {
    ifreq request{};
    device.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return request;
}

}  // namespace

std::variant<std::unique_ptr<FrameSocket>, std::string> FrameSocket::open(const std::string& device,
                                                                          bool stamps) {
    std::unique_ptr<FrameSocket> made(new FrameSocket);
    std::string error = made->set_up(device, stamps);
    if (!error.empty()) return error;
    return made;
}

std::string FrameSocket::set_up(const std::string& name, bool stamps) {
    if (!gives_frames_back())
        return refused(name,
                       "the kernel gives no sent frame back: set net.core.tstamp_allow_data = 1");
    fd_ = UniqueFd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_)
        return refused_now(name,
                           "no packet socket (it wants CAP_NET_RAW: see examples/frames.conf)");
    if (std::string error = describe_device(name); !error.empty()) return error;
    if (!read_nothing(fd_.get()) || !bind_to(fd_.get(), device_) || !bypass_queueing(fd_.get()))
        return refused_now(name, "the packet socket cannot be set up");
    stamps_ = stamps && stamp_what_leaves(fd_.get());
    make_idle_frame(name);
    return {};
}

std::string FrameSocket::describe_device(const std::string& name) {
    device_ = static_cast<int>(if_nametoindex(name.c_str()));
    if (device_ == 0) return refused(name, "there is no such device: see `ip link`");
    ifreq request = request_of(name);
    if (ioctl(fd_.get(), SIOCGIFHWADDR, &request) != 0)
        return refused_now(name, "its kind is not known");
    switch (request.ifr_hwaddr.sa_family) {
        case ARPHRD_ETHER:
        case ARPHRD_LOOPBACK:
            link_layer_ = LinkLayer::ethernet;
            return {};
        case ARPHRD_NONE:
            link_layer_ = LinkLayer::none;
            return {};
        default:
            return refused(name, "it is neither Ethernet nor a plain IP tunnel");
    }
}

void FrameSocket::make_idle_frame(const std::string& name) {
    ifreq request = request_of(name);
    idle_size_ = 0;
    if (link_layer_ == LinkLayer::ethernet) {
        if (ioctl(fd_.get(), SIOCGIFHWADDR, &request) != 0) return;
        std::memcpy(idle_.data(), request.ifr_hwaddr.sa_data, 6);
        std::memcpy(idle_.data() + 6, request.ifr_hwaddr.sa_data, 6);
        idle_[12] = experimental_type >> 8;
        idle_[13] = experimental_type & 0xff;
    } else {
        const UniqueFd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (!any || ioctl(any.get(), SIOCGIFADDR, &request) != 0) return;
        sockaddr_in own{};
        std::memcpy(&own, &request.ifr_addr, sizeof own);
        write_datagram_to_oneself(own.sin_addr, idle_);
    }
    idle_size_ = idle_.size();
}

SCRAM_KILL_PATH bool FrameSocket::send(std::span<const unsigned char> headers,
                                       std::string_view payload) {
    const std::size_t size = headers.size() + payload.size();
    if (size > frame_.size()) return false;
    std::memcpy(frame_.data(), headers.data(), headers.size());
    std::memcpy(frame_.data() + headers.size(), payload.data(), payload.size());
    return write(frame_.data(), size);
}

void FrameSocket::exercise() {
    if (idle_size_ == 0) return;
    collect_stamps();
    std::memcpy(frame_.data(), idle_.data(), idle_size_);
    write(frame_.data(), idle_size_);
}

SCRAM_KILL_PATH bool FrameSocket::write(const unsigned char* frame, std::size_t size) {
    const ssize_t taken = ::send(fd_.get(), frame, size, MSG_DONTWAIT);
    if (taken == static_cast<ssize_t>(size)) [[likely]] {
        ++sent_;
        return true;
    }
    count_is_lost_ = true;
    return false;
}

Time FrameSocket::stamp_of(std::uint32_t number) {
    collect_stamps();
    const Stamp& kept = kept_[number % kept_.size()];
    return kept.number == number ? kept.at : Time{};
}

void FrameSocket::collect_stamps() {
    if (!stamps_) return;
    for (int i = 0; i < SentReport::at_once; ++i) {
        const auto report = next_sent_report(fd_.get());
        if (!report) break;
        if (!report->number) continue;
        kept_[*report->number % kept_.size()] = {*report->number, monotonic_time(report->wall)};
    }
    if (count_is_lost_) count_anew();
}

// The kernel counts some of the frames that it then does not take.
void FrameSocket::count_anew() {
    const unsigned none = 0;
    setsockopt(fd_.get(), SOL_SOCKET, SO_TIMESTAMPING, &none, sizeof none);
    stamps_ = stamp_what_leaves(fd_.get());
    kept_ = {};
    sent_ = 0;
    count_is_lost_ = false;
}

}  // namespace scram
