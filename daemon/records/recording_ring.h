// The ring by which the loop hands records to the thread that writes them: one producer, one
// consumer, and neither ever waits. All of its memory is there from the start.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/recording/recording.h"

namespace scram {

inline constexpr std::size_t recording_ring_records = 65'536;  // 4 MiB

class RecordingRing {
  public:
    // The loop's.
    std::size_t room() const {
        return recording_ring_records -
               static_cast<std::size_t>(head_.load(std::memory_order_relaxed) -
                                        tail_.load(std::memory_order_acquire));
    }
    // Precondition: there is room.
    void push(const Recorded& record) {
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        records_[head % recording_ring_records] = record;
        head_.store(head + 1, std::memory_order_release);
    }

    // The writer's: the oldest, as many as stand together, and no more than `most`.
    std::span<const Recorded> front(std::size_t most) const {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        const auto waiting = static_cast<std::size_t>(head_.load(std::memory_order_acquire) - tail);
        const std::size_t at = tail % recording_ring_records;
        return {&records_[at], std::min({waiting, most, recording_ring_records - at})};
    }
    void pop(std::size_t count) { tail_.fetch_add(count, std::memory_order_release); }

  private:
    std::vector<Recorded> records_{recording_ring_records};
    alignas(64) std::atomic<std::uint64_t> head_{0};
    alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace scram
