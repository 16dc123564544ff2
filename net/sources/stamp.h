// A source stamps its signals by its own clock.
#pragma once

#include "core/base/time.h"
#include "core/signal.h"

namespace scram {

// A stamp from before the source attached or from the future is of another clock, as in a time
// namespace of the source's own, or made up: it counts as unknown, and no latency is told from it.
inline void clear_foreign_stamp(scram_signal& signal, Time attached_at, Time now) {
    const Time published = time_from_ns(signal.published_ns);
    if (published < attached_at || published > now) [[unlikely]]
        signal.published_ns = 0;
}

}  // namespace scram
