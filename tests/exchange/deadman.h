// The timers of POST /api/v5/trade/cancel-all-after: one for the whole account, and one per tag.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace scram::okxsim {

class Deadman {
  public:
    using Time = std::chrono::nanoseconds;
    static constexpr std::size_t tags_max = 20;

    struct Due {
        std::string tag;  // empty: everything
        Time at;
    };

    // Starts or restarts a timer. Not done: there would be too many with a tag.
    [[nodiscard]] bool set(const std::string& tag, Time due);
    void clear(const std::string& tag) { timers_.erase(tag); }
    const std::map<std::string, Time>& timers() const { return timers_; }

    // The earliest that is due by now, which is thereby gone: each fires once.
    std::optional<Due> take(Time now);

  private:
    std::map<std::string, Time> timers_;
};

}  // namespace scram::okxsim
