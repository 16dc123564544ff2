#include "tests/exchange/window.h"

#include <algorithm>

namespace scram::okxsim {

bool RequestWindow::admit(std::chrono::nanoseconds arrival, WindowKind kind, int weight) {
    const int sliding = count_sliding(arrival, weight);
    const int fixed = count_fixed(arrival, weight);
    sliding_max_ = std::max(sliding_max_, sliding);
    fixed_max_ = std::max(fixed_max_, fixed);
    return (kind == WindowKind::sliding ? sliding : fixed) <= limit_.requests_max;
}

// Windows are half open: two requests exactly a length apart share none.
int RequestWindow::count_sliding(std::chrono::nanoseconds arrival, int weight) {
    while (!recent_.empty() && arrival - recent_.front() >= limit_.length) recent_.pop_front();
    recent_.insert(recent_.end(), static_cast<std::size_t>(weight), arrival);
    return static_cast<int>(recent_.size());
}

int RequestWindow::count_fixed(std::chrono::nanoseconds arrival, int weight) {
    const auto index = arrival / limit_.length;
    if (index != fixed_index_) fixed_count_ = 0;
    fixed_index_ = index;
    return fixed_count_ += weight;
}

}  // namespace scram::okxsim
