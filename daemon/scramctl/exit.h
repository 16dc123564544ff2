// How scramctl ends, as scramctl(1) lists it.
#pragma once

#include <stdexcept>

namespace scram {

enum Exit {
    done = 0,
    refused = 1,  // or not ready, not accepted in time, not printed
    usage = 2,
    wrong_config = 3,
    unreachable = 4,
    unverified = 5,     // accepted, and not verified in time
    awaits_second = 6,  // a re-arm: nothing is armed until a second person asks for it
};

// scramd cannot be reached, has gone, or gives no answer that can be read.
struct Unreachable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace scram
