// What a replay says: as text, and as JSON.
#pragma once

#include <string>
#include <vector>

#include "core/replay/replay.h"
#include "daemon/scramctl/what_if.h"

namespace scram {

// How often each limit of a sweep would have tripped.
struct SweepCounts {
    Sweep sweep;
    std::vector<std::uint64_t> trips;
};

struct ReplayReport {
    std::size_t files = 0;
    std::string config;  // "the recording's own", or a path
    WallMillis begin, end;
    std::uint64_t signals = 0;
    Duration took{};
    TripList recorded, found;
    Differences differences;
    ReplayLosses losses;
    std::vector<SweepCounts> sweeps;
    std::vector<std::string> notes;
    std::vector<std::string> charts;  // paths
};

std::string replay_text(const ReplayReport& report);
std::string replay_json(const ReplayReport& report);

}  // namespace scram
