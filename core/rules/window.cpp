#include "core/rules/window.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/store_order.h"

namespace scram {

void WindowGrid::move_to(Time now) {
    newest_ = cell_of(now);
    end_ = Time{Duration{(newest_ + 1) * width_}};
}

namespace {

constexpr std::int64_t cells_max = std::int64_t{1} << 61;  // in ns: 73 years, in no sum too much

}  // namespace

bool WindowGrid::resume(const WindowGrid& left, Duration moved, Time now) {
    const std::int64_t far = cells_max / width_;
    if (left.width_ != width_ || left.newest_ < -far || left.newest_ > far) return false;
    const std::int64_t newest = left.newest_ + moved.count() / width_;
    if (newest > cell_of(now)) return false;
    newest_ = newest;
    end_ = Time{Duration{(newest_ + 1) * width_}};
    return true;
}

namespace {

// Each cell's place is that of its number.
template <class Cells>
void move_cells(Cells& cells, std::int64_t by) {
    std::rotate(cells.rbegin(), cells.rbegin() + (by & (window_cells - 1)), cells.rend());
}

}  // namespace

// ---- RangeWindow --------------------------------------------------------------------------------

void RangeWindow::start(double value, Time now) {
    grid_.move_to(now);
    cells_.fill({value, value});
    last_ = low_ = high_ = value;
    low_at_ = high_at_ = grid_.newest();
}

void RangeWindow::add(double value, Time now) {
    advance(now);
    add_here(value);
}

void RangeWindow::add_here(double value) {
    Cell& cell = cells_[WindowGrid::slot(grid_.newest())];
    cell.low = std::min(cell.low, value);
    cell.high = std::max(cell.high, value);
    last_ = value;
    if (value <= low_) low_ = value, low_at_ = grid_.newest();
    if (value >= high_) high_ = value, high_at_ = grid_.newest();
}

void RangeWindow::shift(double by) {
    torn_ = 1;
    in_order();
    for (Cell& cell : cells_) cell = {cell.low + by, cell.high + by};
    last_ += by;
    low_ += by;
    high_ += by;
    in_order();
    torn_ = 0;
}

// Cells without a sample of their own have the value that held through them. They take the places
// of those that are forgotten now, and only then count.
void RangeWindow::advance(Time now) {
    if (!grid_.is_over(now)) return;
    const std::int64_t newest = grid_.cell_of(now);
    for (std::int64_t i = 0; i < grid_.fresh_at(now); ++i) {
        cells_[WindowGrid::slot(newest - i)] = {last_, last_};
    }
    in_order();
    grid_.move_to(now);
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

bool RangeWindow::resume(const RangeWindow& left, Duration moved, Time now) {
    const bool sound = left.torn_ == 0 && std::isfinite(left.last_) &&
                       std::all_of(left.cells_.begin(), left.cells_.end(), [](const Cell& cell) {
                           return std::isfinite(cell.low) && std::isfinite(cell.high);
                       });
    if (!sound || !grid_.resume(left.grid_, moved, now)) return false;
    cells_ = left.cells_;
    move_cells(cells_, moved.count() / grid_.width());
    last_ = left.last_;
    search();
    return true;
}

// ---- SumWindow ----------------------------------------------------------------------------------

void SumWindow::add(double amount, Time now) {
    advance(now);
    cells_[WindowGrid::slot(grid_.newest())] += amount;
    sum_ += amount;
}

// Summed from scratch, not subtracted from: so it does not drift, and an infinity ends with its
// cell.
void SumWindow::advance(Time now) {
    if (!grid_.is_over(now)) return;
    const std::int64_t newest = grid_.cell_of(now);
    for (std::int64_t i = 0; i < grid_.fresh_at(now); ++i) cells_[WindowGrid::slot(newest - i)] = 0;
    in_order();
    grid_.move_to(now);
    sum_ = std::accumulate(cells_.begin(), cells_.end(), 0.0);
}

bool SumWindow::resume(const SumWindow& left, Duration moved, Time now) {
    const bool sound = std::none_of(left.cells_.begin(), left.cells_.end(),
                                    [](double cell) { return std::isnan(cell) || cell < 0; });
    if (!sound || !grid_.resume(left.grid_, moved, now)) return false;
    cells_ = left.cells_;
    move_cells(cells_, moved.count() / grid_.width());
    sum_ = std::accumulate(cells_.begin(), cells_.end(), 0.0);
    return true;
}

Time SumWindow::changes_at() const {
    for (std::int64_t c = grid_.oldest(); c <= grid_.newest(); ++c) {
        if (cells_[WindowGrid::slot(c)] != 0) return grid_.forgotten_at(c);
    }
    return never;
}

}  // namespace scram
