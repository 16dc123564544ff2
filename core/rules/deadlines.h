// When each of a fixed number of things wants to be looked at, and which is first: a tournament, in
// which each node knows the earlier of its two. A change costs a logarithm, however many there are.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "core/base/time.h"

namespace scram {

class Deadlines {
  public:
    explicit Deadlines(std::size_t count)
        : leaves_(std::bit_ceil(std::max<std::size_t>(count, 1))), times_(2 * leaves_, never) {}

    Time next() const { return times_[1]; }
    Time at(std::size_t i) const { return times_[leaves_ + i]; }

    void set(std::size_t i, Time at) {
        std::size_t node = leaves_ + i;
        if (times_[node] == at) return;
        times_[node] = at;
        while (node > 1) {
            node /= 2;
            times_[node] = std::min(times_[2 * node], times_[2 * node + 1]);
        }
    }

    // The first in order of number that is due. Precondition: next() <= now.
    std::size_t first_due(Time now) const {
        std::size_t node = 1;
        while (node < leaves_) node = 2 * node + (times_[2 * node] <= now ? 0 : 1);
        return node - leaves_;
    }

  private:
    std::size_t leaves_;
    std::vector<Time> times_;
};

}  // namespace scram
