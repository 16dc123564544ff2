// What the kernel tells of a packet that it has handed to the device: reports of a socket with
// SO_TIMESTAMPING, from its error queue.
#pragma once

#include <time.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/time.h"
#include "net/wire/segment.h"

namespace scram {

struct SentReport {
    static constexpr int at_once =
        64;  // to read in a turn; the rest makes the socket readable again

    std::optional<std::uint32_t> number;  // as the kernel counts: of a packet, or of its last byte
    timespec wall{};
    int device = 0;  // that took it, where the socket asked for it
    // The packet as the device took it, its beginning; without SOF_TIMESTAMPING_OPT_TSONLY.
    std::array<unsigned char, SegmentHeaders::size_max> bytes;
    std::size_t size = 0;

    std::span<const unsigned char> frame() const { return {bytes.data(), size}; }
};

// None: the queue is empty.
std::optional<SentReport> next_sent_report(int fd);

// The kernel stamps by CLOCK_REALTIME. By CLOCK_MONOTONIC, by what both clocks show now: right to
// about 50 ns, but for a step of the wall clock in between. Time{}: it would be of the future.
Time monotonic_time(const timespec& wall);

}  // namespace scram
