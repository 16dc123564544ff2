// scramctl trip and rearm: pulls or arms, then tells what came of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scram {

struct TripOrder {
    std::string socket;
    std::string target;
    std::string reason;
    double wait_s = 10;              // for what is waited for
    std::string until = "verified";  // or "accepted"
    bool json = false;
};

struct RearmOrder {
    std::string socket;
    std::string target;
    std::string reason;
    std::vector<std::uint64_t> trips;  // none: shows what is latched
    bool force = false;
    bool json = false;
};

// Each prints what came of it, and returns the exit code.
int trip_and_wait(const TripOrder& order);
int rearm_and_wait(const RearmOrder& order);
// Prints that scramd refused something.
int report_refusal(const class Reply& answer, bool json);

}  // namespace scram
