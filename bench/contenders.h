// Those whose way from trigger to wire is measured. pull(i) is the trigger: it returns the wall
// clock read right before the value was published (or, for the floor, the bytes were sent).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/clock.h"

namespace scram {
struct Frames;
}

namespace scram::bench {

class Contender {
  public:
    virtual ~Contender() = default;
    virtual Nanos pull(std::size_t target) = 0;
    virtual void take_turn(bool /*begins*/) {}  // a cycle begins, or is over
    virtual void calm() {}          // harmless values again, so that it can be armed again
    virtual void read_answers() {}  // of those whose connections are this process's own
    virtual void idle() {}          // in a gap, each ms; of those that pull on the client's core
    virtual int cpu() const = 0;    // where pull() is called
    // Of the pulls of this turn, once it is over; of those that send nothing.
    virtual std::vector<Nanos> own_stamps() { return {}; }
    virtual const Frames* frames() const { return nullptr; }  // of those whose requests leave so
    std::size_t targets = 0;                                  // pull() takes numbers below this
    std::size_t idle_turn = 0;  // pulls after a gap, of all cycles: they take turns
};

// Where client and all others run.
struct Cpus {
    int client;
    int others;
};

struct Address {
    std::string host;
    std::uint16_t port;
};

// The floor: ready bytes, one send(), over `connections` plain TCP connections in turn.
std::unique_ptr<Contender> make_floor(const Address& to, std::size_t connections, Cpus cpus);
// The same by a thread that sleeps in epoll until a doorbell rings.
std::unique_ptr<Contender> make_sleeping_floor(const Address& to, std::size_t connections,
                                               Cpus cpus);
// The same by a thread that spins until it is told.
std::unique_ptr<Contender> make_spinning_floor(const Address& to, std::size_t connections,
                                               Cpus cpus);
// It reads the clock instead: what the machine alone takes from such a thread.
std::unique_ptr<Contender> make_spinning_clock(Cpus cpus);
// The floor whose bytes leave as frames of `device`, ahead of send().
std::unique_ptr<Contender> make_framing_floor(const Address& to, std::size_t connections,
                                              const std::string& device, Cpus cpus);
// A market maker with libscram: target i is the family of that place.
std::unique_ptr<Contender> make_maker(const std::string& socket, const std::string& source,
                                      std::span<const std::string> families, Cpus cpus);
// A datagram with the value, to a bot that does the rest by itself.
std::unique_ptr<Contender> make_bot(const std::string& socket, std::size_t targets, Cpus cpus);

// The floor's own check of the tap: n sends on one connection, each told by the tap's stamp and by
// the TX stamp of the socket's error queue.
std::vector<Nanos> socket_stamps(const Address& to, std::size_t n, Nanos pitch);

}  // namespace scram::bench
