// Sends the requests of one connection as frames, ahead of the kernel's own segment with the same
// bytes. What the next segment looks like is learnt from the last that the kernel sent: it gives it
// back with its TX stamp. In the slightest doubt there is no frame, and the kernel's segment is the
// only one, as if there were no frames at all.
//
// Why the peer cannot mind: a frame is the segment that the kernel sends a microsecond later, byte
// for byte but for its acknowledgement and time stamp. Whichever comes second is a duplicate, which
// TCP drops and may report (D-SACK, RFC 2883). So no request is executed twice.
//
// What it may cost: an answer that is here before the kernel has sent acknowledges bytes that it
// has not sent, and is discarded (RFC 9293, 3.10.7.4). The peer sends it again after its
// retransmission time-out, 200 ms at least on Linux. Over a network none is as fast, unless this
// thread loses its processor between the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/time.h"
#include "net/wire/frames.h"
#include "net/wire/segment.h"
#include "net/wire/sent_report.h"

namespace scram {

class Framer {
  public:
    // Null: no frames.
    explicit Framer(Frames* frames) : frames_(frames) {}

    bool is_on() const { return frames_ != nullptr; }
    FrameState state() const { return state_; }

    // A connection is up.
    void begin(int fd);
    // The kernel gave a frame back: the last bytes of it were byte `written` of the connection, and
    // `read` bytes had been read by when it was sent.
    void learn(const SentReport& report, Time left, std::uint64_t written, std::uint64_t read);
    // Between two requests: whether one that goes out behind byte `written` may be a frame.
    void look(int fd, std::uint64_t written, std::uint64_t read);
    // Bytes are handed to the kernel.
    void bytes_left() {
        if (state_ == FrameState::ready) state_ = FrameState::in_flight;
    }

    // Sends `payload`, whose checksum_words() are `words`, as a frame, if that may be. The kernel
    // must get the same bytes next, whatever comes of it.
    bool send(std::string_view payload, std::uint32_t words);
    // The TX stamp of the last frame; Time{}: none.
    Time wire_time() const;

  private:
    FrameState judge(int fd, std::uint64_t read);

    Frames* frames_;
    FrameState state_ = FrameState::off;
    SegmentHeaders headers_;
    Flow flow_;
    std::size_t room_ = 0;  // bytes that the next frame may carry
    // Of the segment that was learnt from.
    bool is_known_ = false;
    std::uint32_t sequence_ = 0;  // behind it, where ...
    std::uint64_t written_ = 0;   // ... so many bytes were written
    std::uint64_t read_ = 0;
    std::uint64_t way_ = 0;
    std::uint32_t clock_ = 0;  // what the peer is shown, less CLOCK_MONOTONIC in ms
    std::uint32_t frame_ = 0;  // the number of the last
};

}  // namespace scram
