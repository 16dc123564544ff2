#include "tests/exchange/window.h"

#include <algorithm>

namespace scram::okxsim {

bool RequestWindow::admit(std::chrono::nanoseconds arrival, WindowKind kind) {
    const int sliding = count_sliding(arrival);
    const int fixed = count_fixed(arrival);
    sliding_max_ = std::max(sliding_max_, sliding);
    fixed_max_ = std::max(fixed_max_, fixed);
    return (kind == WindowKind::sliding ? sliding : fixed) <= requests_max;
}

// Windows are half open: two requests exactly 2 s apart share none.
int RequestWindow::count_sliding(std::chrono::nanoseconds arrival) {
    while (!recent_.empty() && arrival - recent_.front() >= length) recent_.pop_front();
    recent_.push_back(arrival);
    return static_cast<int>(recent_.size());
}

int RequestWindow::count_fixed(std::chrono::nanoseconds arrival) {
    const auto index = arrival / std::chrono::nanoseconds(length);
    if (index != fixed_index_) fixed_count_ = 0;
    fixed_index_ = index;
    return ++fixed_count_;
}

}  // namespace scram::okxsim
