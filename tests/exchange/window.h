// Counts one account's mass-cancel requests in windows of 2 s, sliding and aligned, and remembers
// the fullest of each. Every request counts, refused ones too: OKX does not say whether those do,
// and this is the harder case for a client.
#pragma once

#include <chrono>
#include <deque>

namespace scram::okxsim {

enum class WindowKind { sliding, fixed };

class RequestWindow {
  public:
    static constexpr std::chrono::seconds length{2};
    static constexpr int requests_max = 5;

    // A request arrived: is it within the limit? Times never go back.
    bool admit(std::chrono::nanoseconds arrival, WindowKind kind);

    int sliding_max() const { return sliding_max_; }
    int fixed_max() const { return fixed_max_; }

  private:
    int count_sliding(std::chrono::nanoseconds arrival);
    int count_fixed(std::chrono::nanoseconds arrival);

    std::deque<std::chrono::nanoseconds> recent_;  // arrivals of the last 2 s
    std::chrono::nanoseconds::rep fixed_index_ = -1;
    int fixed_count_ = 0;
    int sliding_max_ = 0;
    int fixed_max_ = 0;
};

}  // namespace scram::okxsim
