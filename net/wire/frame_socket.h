// The packet socket (packet(7)) by which requests leave as frames of their own, one for all links.
// It writes to one device, past the queueing discipline and past netfilter's OUTPUT, and reads
// nothing: no protocol is bound, and a filter that drops all is locked on it.
//
// Threading: the loop's. Nothing here blocks.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/time.h"
#include "net/unique_fd.h"
#include "net/wire/segment.h"

namespace scram {

class FrameSocket {
  public:
    // Of the device with that name. Wants CAP_NET_RAW, which may go afterwards. `stamps`: the
    // kernel tells when a frame left. The error says what was refused and what to do.
    static std::variant<std::unique_ptr<FrameSocket>, std::string> open(const std::string& device,
                                                                        bool stamps);

    int device() const { return device_; }
    LinkLayer link_layer() const { return link_layer_; }

    // False: the device did not take it.
    bool send(std::span<const unsigned char> headers, std::string_view payload);
    // The number of the frame that was sent last, and the TX stamp of one of the last. Time{}:
    // none.
    std::uint32_t last() const { return sent_ - 1; }
    Time stamp_of(std::uint32_t number);

    // Once along the way, by a frame that reaches nobody: out of the device, to its own address.
    // With Ethernet it is of the type for experiments (IEEE 802, 88-B5) and to the device's own
    // MAC, which a switch drops at the port that it came from; without, a datagram to the discard
    // port of the host's own address, with one hop to live.
    void exercise();

  private:
    FrameSocket() = default;
    std::string set_up(const std::string& name, bool stamps);
    std::string describe_device(const std::string& name);
    void make_idle_frame(const std::string& name);
    bool write(const unsigned char* frame, std::size_t size);
    void collect_stamps();
    void count_anew();

    static constexpr std::size_t frame_max = 2048;
    static constexpr std::size_t idle_max = 520;  // about a sealed mass-cancel's
    static constexpr std::size_t stamps_kept = 64;
    struct Stamp {
        std::uint32_t number = 0;
        Time at{};
    };

    UniqueFd fd_;
    int device_ = 0;
    LinkLayer link_layer_ = LinkLayer::none;
    std::array<unsigned char, frame_max> frame_{};
    std::array<unsigned char, idle_max> idle_{};
    std::size_t idle_size_ = 0;
    bool stamps_ = false;
    std::uint32_t sent_ = 0;  // as the kernel counts for its stamps; lost where it refused one
    bool count_is_lost_ = false;
    std::array<Stamp, stamps_kept> kept_{};
};

}  // namespace scram
