// The kernel's TX stamps of one TCP connection: when the device was handed the last byte of what
// was sent last. They come by the socket's error queue, about when send() returns, and make the
// socket readable until they are collected. A send costs about 0.35 us more with them. A stamp is
// told by CLOCK_MONOTONIC; one that would be of the future is dropped.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/time.h"
#include "net/wire/sent_report.h"

namespace scram {

class TxTimestamps {
  public:
    // How the kernel counts the bytes to name them in a stamp.
    enum class Origin {
        next_byte,             // from the first one sent from now on; Linux 6.2 and later
        first_unacknowledged,  // from the first one that the peer has not acknowledged
        either,
    };

    // What a stamp brings along: nothing, or the packet and its device.
    enum class Content { stamps, frames };

    // Switches them on for the connected `fd`, to which `written` bytes were given so far. False:
    // the kernel gives none.
    bool begin(int fd, std::uint64_t written, Content content = Content::stamps,
               Origin origin = Origin::either);

    // After a send: the last of `written` bytes is the one whose stamp is wanted.
    void expect(std::uint64_t written) {
        awaited_ = static_cast<std::uint32_t>(written - origin_ - 1);
        taken_ = {};
    }
    // Empties the error queue, without waiting. Whenever the socket is readable. The report that
    // was wanted, when it comes.
    std::optional<SentReport> collect(int fd);

    // Time{} if it has not come. Of a segment that was sent again the first counts.
    Time taken() const { return taken_; }

  private:
    bool on_ = false;
    std::uint64_t origin_ = 0;   // how many bytes were written before the one that is number 0
    std::uint32_t awaited_ = 0;  // a byte's number, as the kernel counts: it wraps
    Time taken_{};
};

}  // namespace scram
