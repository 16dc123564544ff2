// Chance by seed: the same numbers on every machine and compiler. Each part of the world has a
// stream of its own, so that leaving one kind of fault out of a replay leaves the others as they
// were.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/time.h"

namespace scram::sim {

class Dice {
  public:
    Dice(std::uint64_t seed, std::uint64_t stream) : state_(seed * 0x9e3779b97f4a7c15u ^ stream) {
        for (int i = 0; i < 4; ++i) next();
    }

    // splitmix64
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(next() % n); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    int between(int low, int high) {
        return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1)));
    }
    Duration up_to(Duration most) {
        return Duration{
            static_cast<std::int64_t>(next() % (static_cast<std::uint64_t>(most.count()) + 1))};
    }
    Duration between(Duration low, Duration high) { return low + up_to(high - low); }

  private:
    std::uint64_t state_;
};

}  // namespace scram::sim
