#include "net/wire/framer.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "core/base/kill_path.h"
#include "net/clock.h"
#include "net/wire/tcp_state.h"

namespace scram {
namespace {

// What an old acknowledgement may leave out. A receiver takes one that is not further back than the
// largest window it was ever offered (RFC 5961, 5), which is several times that.
constexpr std::uint64_t unacknowledged_max = 16 * 1024;

std::uint32_t milliseconds_of(Time at) {
    return static_cast<std::uint32_t>(at.time_since_epoch() / std::chrono::milliseconds(1));
}

template <class Address>
void take_v4(const Address& from, std::array<unsigned char, 16>& address, std::uint16_t& port) {
    std::memcpy(address.data(), &from.sin_addr, sizeof from.sin_addr);
    port = ntohs(from.sin_port);
}

template <class Address>
void take_v6(const Address& from, std::array<unsigned char, 16>& address, std::uint16_t& port) {
    std::memcpy(address.data(), &from.sin6_addr, sizeof from.sin6_addr);
    port = ntohs(from.sin6_port);
}

union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

Flow flow_of(int fd) {
    SocketAddress local{}, remote{};
    socklen_t size = sizeof local;
    getsockname(fd, &local.any, &size);
    size = sizeof remote;
    getpeername(fd, &remote.any, &size);
    Flow flow;
    flow.is_v6 = local.any.sa_family == AF_INET6;
    if (flow.is_v6) {
        take_v6(local.v6, flow.local, flow.local_port);
        take_v6(remote.v6, flow.remote, flow.remote_port);
    } else {
        take_v4(local.v4, flow.local, flow.local_port);
        take_v4(remote.v4, flow.remote, flow.remote_port);
    }
    return flow;
}

}  // namespace

void Framer::begin(int fd) {
    if (!is_on()) return;
    state_ = FrameState::unlearned;
    is_known_ = false;
    flow_ = flow_of(fd);
}

void Framer::learn(const SentReport& report, Time left, std::uint64_t written, std::uint64_t read) {
    if (!is_on()) return;
    is_known_ = false;
    state_ = FrameState::not_plain;
    if (report.device != frames_->socket->device()) {
        state_ = FrameState::other_device;
        return;
    }
    const auto headers = SegmentHeaders::read(report.frame(), frames_->socket->link_layer(), flow_);
    if (!headers || left == Time{}) return;
    headers_ = *headers;
    sequence_ = headers_.next_sequence();
    // The clock is read when the segment is made, a moment before it leaves: what is found is right
    // or a millisecond behind, and never ahead, so that the kernel's own stamps do not step back
    // behind ours (RFC 7323, 5).
    clock_ = headers_.time_stamp() - milliseconds_of(left);
    written_ = written;
    read_ = read;
    way_ = frames_->way;
    is_known_ = true;
    state_ = FrameState::in_flight;
}

void Framer::look(int fd, std::uint64_t written, std::uint64_t read) {
    if (!is_known_) return;
    state_ = judge(fd, read);
    if (state_ != FrameState::ready) return;
    headers_.begin_at(sequence_ + static_cast<std::uint32_t>(written - written_));
}

FrameState Framer::judge(int fd, std::uint64_t read) {
    if (way_ != frames_->way) return FrameState::way_changed;
    if (read - read_ > unacknowledged_max) return FrameState::answer_too_long;
    const auto tcp = tcp_state(fd);
    if (!tcp || !tcp->at_rest) return FrameState::in_flight;
    room_ = tcp->room;
    return FrameState::ready;
}

SCRAM_KILL_PATH bool Framer::send(std::string_view payload, std::uint32_t words) {
    if (!is_on()) [[likely]]
        return false;
    if (state_ == FrameState::ready && way_ != frames_->way) state_ = FrameState::way_changed;
    if (state_ == FrameState::ready && payload.size() > room_) state_ = FrameState::no_room;
    if (state_ == FrameState::ready) [[likely]] {
        headers_.finish(payload.size(), words, clock_ + milliseconds_of(monotonic_now()));
        state_ = frames_->socket->send(headers_.bytes(), payload) ? FrameState::in_flight
                                                                  : FrameState::refused;
        if (state_ == FrameState::in_flight) {
            frame_ = frames_->socket->last();
            ++frames_->sent;
            return true;
        }
    }
    ++frames_->not_sent[static_cast<std::size_t>(state_)];
    return false;
}

Time Framer::wire_time() const {
    return frames_->socket->stamp_of(frame_);
}

}  // namespace scram
