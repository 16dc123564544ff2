// The wire, as this bench defines it: the moment at which the kernel hands a packet to the device,
// told by its own time stamp on a packet socket. The stamp is taken before the tap's copy is
// queued; what the tap costs the sender before that is one clone of the packet's head, the same for
// every contender. The tap is read after the event only: a thread asleep on it would have to be
// woken by the sender.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/clock.h"

namespace scram::bench {

struct Packet {
    Nanos at;             // handed to the device
    std::uint16_t from;   // the client's port: which connection
    std::uint16_t bytes;  // of TCP payload
};

class Tap {
  public:
    // Throws std::system_error without the right to listen.
    explicit Tap(const std::string& device);
    ~Tap();
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    // What left for TCP port `to` since the last call, with at least `bytes_min` of payload.
    std::vector<Packet> read(std::uint16_t to, std::uint16_t bytes_min);

  private:
    int fd_;
};

}  // namespace scram::bench
