// Bounds how many notices leave: of one key (all trips together count as one) ten at once, then one
// each 6 s. What is over waits, the last one of each key; what it stands for is told as a number.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/notice/notice.h"

namespace scram {

class Flood {
  public:
    static constexpr std::uint32_t at_once = 10;
    static constexpr Duration one_each = 6s;
    static constexpr std::size_t waiting_max = 64;  // of all; more are only counted
    static constexpr std::size_t groups_max = 256;

    struct Waiting {
        Notice notice;
        std::uint64_t stands_for = 0;  // others that are not told
        bool operator==(const Waiting&) const = default;
    };

    Flood() = default;
    // What was waiting before a restart.
    explicit Flood(std::vector<Waiting> waiting) : waiting_(std::move(waiting)) {}

    // Those of `notices`, and of what has waited, that may leave now.
    Notices pass(Notices notices, Time now);
    const std::vector<Waiting>& waiting() const { return waiting_; }

  private:
    struct Bucket {
        std::uint32_t left = at_once;
        Time filled{};
    };
    static std::string group_of(const Notice& notice);
    bool may_leave(const std::string& group, Time now);
    bool waits(const std::string& group) const;
    void hold(Notice notice);

    std::map<std::string, Bucket, std::less<>> buckets_;
    std::vector<Waiting> waiting_;  // the oldest first
};

}  // namespace scram
