// How the threads beside the loop wait for work: they look now and then. To wake one would cost the
// loop a system call, and with it tens of microseconds that a signal may have to wait.
#pragma once

#include <atomic>
#include <thread>

#include "core/base/time.h"

namespace scram {

inline constexpr auto poll_interval = 5ms;

// Until `word` is another than `seen`; returns it.
template <class Word>
Word await_change(const std::atomic<Word>& word, Word seen) {
    for (;;) {
        const Word now = word.load(std::memory_order_acquire);
        if (now != seen) return now;
        std::this_thread::sleep_for(poll_interval);
    }
}

}  // namespace scram
