// When each account's last drill was verified, by the journal's records. A drill of several
// families counts for an account once all of the account's that it latched are verified.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/journal/record.h"

namespace scram {

inline constexpr std::size_t drills_open_max = 16;  // the latest; an older one counts no more

class Drills {
  public:
    // Each record, in its order.
    void see(const JournalRecord& record);
    // By account, in ms since 1970.
    const std::map<std::string, std::int64_t, std::less<>>& verified() const { return verified_; }
    // 0: not known.
    std::int64_t last(std::string_view account) const;

  private:
    struct Open {
        std::uint64_t trip = 0;
        std::int64_t wall_ms = 0;
        std::set<std::string, std::less<>> families{};  // latched, and not verified yet
    };
    Open* find(std::uint64_t trip);
    void verify(Open& drill, std::string_view family);
    void count(std::string_view account, std::int64_t wall_ms);

    std::vector<Open> open_;
    std::map<std::string, std::int64_t, std::less<>> verified_;
};

// As a new file's opening tells it.
JournalRecord drilled_record(std::string_view account, std::int64_t wall_ms);

}  // namespace scram
