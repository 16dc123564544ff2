#include "core/replay/trip_list.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace scram {
namespace {

using Cause = std::tuple<std::string_view, std::string_view, std::string_view, bool>;

Cause cause_of(const ListedTrip& trip) {
    return {trip.rule, trip.family, trip.source, trip.shadow};
}

// Trips of one cause, on both sides, by their places.
struct Pairs {
    std::vector<std::size_t> recorded, found;
};

class Pairing {
  public:
    Pairing(std::span<const ListedTrip> recorded, std::span<const ListedTrip> found)
        : recorded_(recorded), found_(found) {}

    // In the order of time: the earlier of two that are too far apart has no partner, nor has one
    // that the other side's next is nearer to.
    void pair(const Pairs& pairs) {
        const auto& a = pairs.recorded;
        const auto& b = pairs.found;
        std::size_t i = 0, j = 0;
        while (i < a.size() && j < b.size()) {
            const Duration here = apart(a[i], b[j]);
            const bool far = here > same_trip_within;
            const bool a_is_first = recorded_[a[i]].at < found_[b[j]].at;
            const bool next_a = i + 1 < a.size() && apart(a[i + 1], b[j]) < here;
            const bool next_b = j + 1 < b.size() && apart(a[i], b[j + 1]) < here;
            if (far ? a_is_first : next_a) {
                out_.missed.push_back(a[i++]);
            } else if (far || next_b) {
                out_.added.push_back(b[j++]);
            } else {
                ++out_.same;
                out_.apart_max = std::max(out_.apart_max, here);
                ++i, ++j;
            }
        }
        for (; i < a.size(); ++i) out_.missed.push_back(a[i]);
        for (; j < b.size(); ++j) out_.added.push_back(b[j]);
    }

    Differences take() {
        std::ranges::sort(out_.missed);
        std::ranges::sort(out_.added);
        return std::move(out_);
    }

  private:
    Duration apart(std::size_t recorded, std::size_t found) const {
        const Time a = recorded_[recorded].at, b = found_[found].at;
        return a < b ? b - a : a - b;
    }

    std::span<const ListedTrip> recorded_, found_;
    Differences out_;
};

}  // namespace

Differences differences(std::span<const ListedTrip> recorded, std::span<const ListedTrip> found) {
    std::map<Cause, Pairs> by_cause;
    for (std::size_t i = 0; i < recorded.size(); ++i)
        by_cause[cause_of(recorded[i])].recorded.push_back(i);
    for (std::size_t i = 0; i < found.size(); ++i) by_cause[cause_of(found[i])].found.push_back(i);
    Pairing pairing(recorded, found);
    for (const auto& [cause, pairs] : by_cause) pairing.pair(pairs);
    return pairing.take();
}

}  // namespace scram
