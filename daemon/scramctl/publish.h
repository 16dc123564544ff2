// `scramctl publish`: one signal, as a source that comes, says one thing and leaves.
#pragma once

#include <string>

namespace scram {

struct OneSignal {
    std::string socket, source, family, metric;
    double value = 0;
    bool restart = false;  // its series starts over
    bool json = false;
};

// Prints what went wrong, and returns scramctl's exit code.
int publish_once(const OneSignal& signal);

}  // namespace scram
