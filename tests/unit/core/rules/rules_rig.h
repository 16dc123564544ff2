// What several tests of rules share.
#pragma once

#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

namespace scram::test {

// A rule's window, and the longest that may be meant: cells of one second, and the desk's clock
// starts on one.
inline constexpr Duration within = 63s;
inline constexpr Duration longest = 64s;

inline Event first_trip(const Desk& desk) {
    for (const Event& event : desk.events)
        if (event.kind == EventKind::tripped) return event;
    FAIL("nothing tripped");
    return {};
}

}  // namespace scram::test
