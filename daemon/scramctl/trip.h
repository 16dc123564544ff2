// scramctl trip: pulls, then tells what the exchange made of it.
#pragma once

#include <string>

namespace scram {

struct TripOrder {
    std::string socket;
    std::string target;
    std::string reason;
    double wait_s = 10;  // for the exchange's confirmation
    bool json = false;
};

// Prints what came of it; returns the exit code (daemon/scramctl/main.cpp).
int trip_and_wait(const TripOrder& order);

}  // namespace scram
