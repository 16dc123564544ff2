// What is written before this is in memory before what follows it. The reader is not another thread
// but a later process, which finds this one's memory as it ended; so keeping the compiler in order
// suffices, and costs nothing.
#pragma once

#include <atomic>  // for a fence of the compiler's: no thread is here

namespace scram {

inline void in_order() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace scram
