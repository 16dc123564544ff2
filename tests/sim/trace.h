// What happened, as a hash (two runs of one seed must agree) and, when asked for, as lines.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace scram::sim {

class Trace {
  public:
    explicit Trace(bool keep) : keep_(keep) {}

    template <class... Numbers>
    void mix(Numbers... numbers) {
        (mix_one(static_cast<std::uint64_t>(numbers)), ...);
    }
    template <class... Args>
    void say(Time now, fmt::format_string<Args...> format, Args&&... args) {
        if (!keep_) [[likely]]
            return;
        const double s = static_cast<double>(ns_of(now)) / 1e9;
        lines_.push_back(fmt::format("{:12.6f}  ", s) +
                         fmt::format(format, std::forward<Args>(args)...));
    }
    bool keeps() const { return keep_; }
    std::uint64_t hash() const { return hash_; }
    const std::vector<std::string>& lines() const { return lines_; }

  private:
    void mix_one(std::uint64_t number) {
        hash_ = (hash_ ^ number) * 0x9fb21c651e98df25u;
        hash_ ^= hash_ >> 32;
    }

    bool keep_;
    std::uint64_t hash_ = 0x5cafe;
    std::vector<std::string> lines_;
};

}  // namespace scram::sim
