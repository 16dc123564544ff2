// Trips of a recorded time: those that did happen, and those that a replay finds; and what differs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/model/events.h"

namespace scram {

// By names, since two configs have different ids.
struct ListedTrip {
    Time at{};
    WallMillis wall;
    std::string rule;    // empty: an operator's, or of a start
    std::string family;  // that breached; empty: none alone
    std::string source;  // empty: none alone
    BadReason bad = BadReason::none;
    bool shadow = false;  // would have fired
    double value = 0;
    double limit = 0;
    std::uint32_t latched = 0;  // families that it latched
};

// The first so many are kept; the others are counted.
struct TripList {
    static constexpr std::size_t kept_max = 100'000;
    std::vector<ListedTrip> trips;
    std::uint64_t count = 0;
    void add(ListedTrip trip) {
        if (++count <= kept_max) trips.push_back(std::move(trip));
    }
};

// A loop that was held up serves what time alone trips so much later than it was due.
inline constexpr Duration same_trip_within = 1s;

struct Differences {
    std::size_t same = 0;
    Duration apart_max{};             // of those
    std::vector<std::size_t> missed;  // places of those recorded, and not found by the replay
    std::vector<std::size_t> added;   // places of those found by the replay, and not recorded
    bool any() const { return !missed.empty() || !added.empty(); }
};
// Two are the same if rule, family and source are, and both or neither are of a shadow rule, each
// with the nearest. Either list is in the order of time.
Differences differences(std::span<const ListedTrip> recorded, std::span<const ListedTrip> found);

}  // namespace scram
