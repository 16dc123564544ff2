// Counts one account's requests to one endpoint in windows, sliding and aligned, and remembers the
// fullest of each. Every request counts, refused ones too: OKX does not say whether those do, and
// this is the harder case for a client.
#pragma once

#include <chrono>
#include <deque>

namespace scram::okxsim {

enum class WindowKind { sliding, fixed };

struct Limit {
    int requests_max = 5;
    std::chrono::nanoseconds length = std::chrono::seconds(2);
};

class RequestWindow {
  public:
    explicit RequestWindow(Limit limit = {}) : limit_(limit) {}

    // A request arrived: is it within the limit? Times never go back. A batch of orders weighs as
    // many as it has.
    bool admit(std::chrono::nanoseconds arrival, WindowKind kind, int weight = 1);

    int sliding_max() const { return sliding_max_; }
    int fixed_max() const { return fixed_max_; }

  private:
    int count_sliding(std::chrono::nanoseconds arrival, int weight);
    int count_fixed(std::chrono::nanoseconds arrival, int weight);

    Limit limit_;
    std::deque<std::chrono::nanoseconds> recent_;  // arrivals within one length
    std::chrono::nanoseconds::rep fixed_index_ = -1;
    int fixed_count_ = 0;
    int sliding_max_ = 0;
    int fixed_max_ = 0;
};

}  // namespace scram::okxsim
