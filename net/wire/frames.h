// What the connections of one process share to send requests as frames.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/names.h"
#include "net/wire/frame_socket.h"

namespace scram {

// Whether the next request of a connection may leave as a frame, and if not, why.
enum class FrameState : std::uint8_t {
    ready,
    off,           // not asked for, or OpenSSL writes
    unlearned,     // the kernel has sent no request on this connection yet, or told nothing of it
    not_plain,     // its last segment had more to it than we know how to continue
    other_device,  // ... or left by another device
    way_changed,   // a route, an address or a neighbour has changed since
    in_flight,     // bytes are unacknowledged, or lost and sent again
    answer_too_long,  // more has come since than an old acknowledgement should leave out
    no_room,          // the peer's window or the path's MTU is too small for it
    refused,          // the device did not take the last
};
inline constexpr std::array<std::string_view, 10> frame_state_names = {
    "ready",       "off",       "unlearned",       "not_plain", "other_device",
    "way_changed", "in_flight", "answer_too_long", "no_room",   "refused"};
static_assert(names_all<FrameState>(frame_state_names));

struct Frames {
    Frames(std::string name, std::unique_ptr<FrameSocket> made)
        : device(std::move(name)), socket(std::move(made)) {}

    const std::string device;
    const std::unique_ptr<FrameSocket> socket;
    std::uint64_t way = 0;  // grows when routes, addresses or neighbours change
    std::uint64_t sent = 0;
    std::array<std::uint64_t, frame_state_names.size()> not_sent{};  // by why not
};

}  // namespace scram
