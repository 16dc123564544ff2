// A source's end of a ring, by the letter of core/signal.h.
#pragma once

#include <array>
#include <atomic>
#include <cstring>

#include "core/signal.h"

namespace scram::testing {

class RingWriter {
  public:
    explicit RingWriter(scram_ring& ring) : ring_(&ring) {}

    std::uint64_t published() const { return published_; }
    // False, and nothing is published or counted as lost: the ring is full.
    bool publish(const scram_signal& signal) {
        if (published_ - read_ == SCRAM_RING_SLOTS) {
            read_ = std::atomic_ref(ring_->read).load(std::memory_order_acquire);
            if (published_ - read_ == SCRAM_RING_SLOTS) return false;
        }
        scram_slot& slot = ring_->slots[published_ % SCRAM_RING_SLOTS];
        std::array<std::uint64_t, 8> words{};
        std::memcpy(words.data(), &signal, sizeof words);
        for (std::size_t i = 1; i < 4; ++i)
            std::atomic_ref(slot.words[i]).store(words[i], std::memory_order_relaxed);
        std::atomic_ref(slot.words[0]).store(++published_, std::memory_order_seq_cst);
        return true;
    }

  private:
    scram_ring* ring_;
    std::uint64_t published_ = 0;
    std::uint64_t read_ = 0;  // as the reader said last
};

}  // namespace scram::testing
