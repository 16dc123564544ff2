// A source's ring, read: what core/signal.h's struct scram_ring is for scramd. The source can write
// every byte of it at any time, so scramd keeps its own count, takes each word once, and looks only
// at its copy.
//
// No signal sleeps through. Before scramd blocks, it
//     (1) stores `asleep`, then (2) loads the words of all rings, and blocks if they are empty;
// a source that publishes
//     (3) stores the slot's word, then (4) loads `asleep`, and rings the doorbell if it is set.
// All four are sequentially consistent, so they stand in one order that both agree on. If (2) did
// not see (3), then (2) comes before (3) in it, hence (1) before (4): the source sees `asleep` and
// rings. Its doorbell is a message on a socket that scramd blocks on, so that it stays there until
// scramd has read it. If the socket has no room for it, there are messages before it that scramd
// has not read, and it does not block either. Whatever ends the sleep, the rings are read before
// the next; so one doorbell in a sleep is enough, and the sleeps are numbered to tell them apart.
// `lost` is read and written by the same order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/signal.h"
#include "net/unique_fd.h"

namespace scram {

enum class Found : std::uint8_t {
    nothing,
    signal,
    broken,  // a word that no source writes which keeps to the protocol
};

// The reading end. Small, and all that a look into an empty ring needs.
class RingReader {
  public:
    explicit RingReader(scram_ring& ring) : ring_(&ring) {}

    // The next signal. Of a broken ring only the number that stands there: behind it may be what
    // was read a lap ago.
    Found next(scram_signal& out);
    // Whether more signals found the ring full since the last call.
    bool lost_more();
    // Lets the source have the slots that were read.
    void free_read();
    // Once next() found nothing: a number published behind one that is not. The source skipped
    // that, and everything behind it would wait for ever. Looks at the whole ring.
    std::optional<std::uint64_t> skipped_to() const;

    std::uint64_t due() const { return due_; }

  private:
    std::uint64_t word(std::uint64_t number) const;
    scram_signal copy(std::uint64_t number) const;

    scram_ring* ring_;
    std::uint64_t due_ = 1;  // the number that is awaited
    std::uint64_t lost_ = 0;
};

// The memory of one ring. It is made for one attachment and never used again.
class Ring {
  public:
    // None: the kernel has no memory or descriptor for it.
    static std::optional<Ring> make();
    Ring(Ring&& other) noexcept;
    Ring& operator=(Ring&& other) noexcept;
    ~Ring();

    scram_ring& memory() const { return *memory_; }
    // As a source does, for drills: an empty signal of this number.
    void publish(std::uint64_t number);
    // Sealed: it cannot be resized, so that no access to it can fault.
    int fd() const { return fd_.get(); }
    // The source has its own; the memory stays.
    void close_fd() { fd_.reset(); }

  private:
    Ring(UniqueFd fd, scram_ring* memory) : fd_(std::move(fd)), memory_(memory) {}

    UniqueFd fd_;
    scram_ring* memory_;
};

}  // namespace scram
