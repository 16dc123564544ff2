// The wire, as this bench defines it: the moment at which the kernel hands a packet to the device,
// told by its own time stamp on a packet socket. The stamp is taken before the tap's copy is
// queued; what the tap costs the sender before that is one clone of the packet's head, the same for
// every contender. The tap is read after the event only: a thread asleep on it would have to be
// woken by the sender.
//
// A frame of a packet socket with PACKET_QDISC_BYPASS passes no tap on its way out. Of a veth pair
// the tap listens at the far end instead, to what arrives: the sender's own call takes a packet
// over there, and there it is stamped, before it is queued.
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
    std::uint32_t sequence;
};

class Tap {
  public:
    // To what leaves by `device`; or, in the network of process `far`, to what arrives there.
    // Throws std::system_error without the right to listen.
    explicit Tap(const std::string& device, const std::string& far = "");
    ~Tap();
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    // What left for TCP port `to` since the last call, with at least `bytes_min` of payload. Of
    // the same bytes of a connection, sent twice, the first.
    std::vector<Packet> read(std::uint16_t to, std::uint16_t bytes_min);

  private:
    void listen(const std::string& device);

    int fd_ = -1;
    unsigned char kept_;  // PACKET_OUTGOING or PACKET_HOST
};

}  // namespace scram::bench
