#include "core/window.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace scram {

std::int64_t WindowGrid::move_to(Time now) {
    const std::int64_t before = newest_;
    newest_ = ns_of(now) / width_;
    end_ = Time{Duration{(newest_ + 1) * width_}};
    return std::min(newest_ - before, window_cells);
}

// ---- RangeWindow --------------------------------------------------------------------------------

void RangeWindow::start(double value, Time now) {
    grid_.move_to(now);
    cells_.fill({value, value});
    last_ = low_ = high_ = value;
    low_at_ = high_at_ = grid_.newest();
}

void RangeWindow::add(double value, Time now) {
    advance(now);
    Cell& cell = cells_[WindowGrid::slot(grid_.newest())];
    cell.low = std::min(cell.low, value);
    cell.high = std::max(cell.high, value);
    last_ = value;
    if (value <= low_) low_ = value, low_at_ = grid_.newest();
    if (value >= high_) high_ = value, high_at_ = grid_.newest();
}

void RangeWindow::shift(double by) {
    for (Cell& cell : cells_) cell = {cell.low + by, cell.high + by};
    last_ += by;
    low_ += by;
    high_ += by;
}

// Cells without a sample of their own have the value that held through them.
void RangeWindow::advance(Time now) {
    if (!grid_.is_over(now)) return;
    const std::int64_t fresh = grid_.move_to(now);
    for (std::int64_t i = 0; i < fresh; ++i) {
        cells_[WindowGrid::slot(grid_.newest() - i)] = {last_, last_};
    }
    if (last_ <= low_) low_at_ = grid_.newest();
    if (last_ >= high_) high_at_ = grid_.newest();
    if (std::min(low_at_, high_at_) < grid_.oldest()) search();
}

void RangeWindow::search() {
    low_ = std::numeric_limits<double>::infinity();
    high_ = -low_;
    for (std::int64_t c = grid_.oldest(); c <= grid_.newest(); ++c) {
        const Cell& cell = cells_[WindowGrid::slot(c)];
        if (cell.low <= low_) low_ = cell.low, low_at_ = c;
        if (cell.high >= high_) high_ = cell.high, high_at_ = c;
    }
}

// ---- SumWindow ----------------------------------------------------------------------------------

void SumWindow::add(double amount, Time now) {
    advance(now);
    cells_[WindowGrid::slot(grid_.newest())] += amount;
    sum_ += amount;
}

// Summed anew, not subtracted from: so it does not drift, and an infinity ends with its cell.
void SumWindow::advance(Time now) {
    if (!grid_.is_over(now)) return;
    const std::int64_t fresh = grid_.move_to(now);
    for (std::int64_t i = 0; i < fresh; ++i) cells_[WindowGrid::slot(grid_.newest() - i)] = 0;
    sum_ = std::accumulate(cells_.begin(), cells_.end(), 0.0);
}

Time SumWindow::changes_at() const {
    for (std::int64_t c = grid_.oldest(); c <= grid_.newest(); ++c) {
        if (cells_[WindowGrid::slot(c)] != 0) return grid_.forgotten_at(c);
    }
    return never;
}

}  // namespace scram
