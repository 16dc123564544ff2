// Hooks in the test program's malloc(), its locks and its send(): what a thread that asks has done
// until its first send. Also in recv() and connect(), for tests/unit/net/exchange/call_faults.h.
#pragma once

#include <cstddef>

namespace scram::test {

// False in a build with sanitizers, whose own hooks these would replace.
extern const bool has_way_hooks;

struct WaySeen {
    std::size_t allocations = 0, locks = 0;  // before the first send, or all if there was none
    std::size_t sends = 0;                   // all
};

void begin_to_watch_way();
WaySeen end_to_watch_way();

}  // namespace scram::test
