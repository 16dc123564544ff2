// Rolling windows in bounded memory: the lowest and the highest value of the last while, and the
// sum of what was added in it. Whatever the rate of signals, a window is 64 cells, each of which
// stands for a 63rd of its length on a fixed grid of time, and is recycled in place.
//
// What that costs: a cell is forgotten as a whole, once its last instant is out of the window. So a
// window is as long as asked or up to a 63rd of that longer, never shorter: what it says errs to
// the side of a trip. Within that nothing is approximate: no sample is missed, and when something
// will be forgotten is known to the nanosecond (changes_at), also when no signal ever comes again.
//
// `now` never steps back. Nothing here allocates.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/time.h"

namespace scram {

inline constexpr std::int64_t window_cells = 64;

// The grid that a window moves over, and its newest cell.
class WindowGrid {
  public:
    explicit WindowGrid(Duration within)
        : width_((within.count() + window_cells - 2) / (window_cells - 1)) {}

    bool is_over(Time now) const { return now >= end_; }
    std::int64_t cell_of(Time now) const { return ns_of(now) / width_; }
    // How many of the 64 are new at `now`.
    std::int64_t fresh_at(Time now) const { return std::min(cell_of(now) - newest_, window_cells); }
    void move_to(Time now);
    // Of an earlier process: false if it is no such window's, or of a time to come.
    bool resume(const WindowGrid& left, Duration moved, Time now);
    std::int64_t width() const { return width_; }
    std::int64_t newest() const { return newest_; }
    std::int64_t oldest() const { return newest_ - (window_cells - 1); }
    Time forgotten_at(std::int64_t cell) const {
        return Time{Duration{(cell + window_cells) * width_}};
    }
    static std::size_t slot(std::int64_t cell) {
        return static_cast<std::size_t>(cell & (window_cells - 1));
    }

  private:
    std::int64_t width_;
    std::int64_t newest_ = 0;
    Time end_{};  // of the newest cell
};

// The lowest and the highest of a value that holds until the next. What was in force when the
// window began is part of it.
class RangeWindow {
  public:
    explicit RangeWindow(Duration within) : grid_(within) {}

    // As if the value had always been this.
    void start(double value, Time now);
    void add(double value, Time now);
    // As if every value in it had been more by this.
    void shift(double by);
    void advance(Time now);
    // Takes up what an earlier process left of it, whose time was less by `moved`. False if that is
    // not sound: then all stays as it was.
    bool resume(const RangeWindow& left, Duration moved, Time now);

    double lowest() const { return low_; }
    double highest() const { return high_; }
    // When the lowest or the highest is forgotten, if nothing is added.
    Time changes_at() const { return grid_.forgotten_at(low_at_ < high_at_ ? low_at_ : high_at_); }

  private:
    struct Cell {
        double low = 0;
        double high = 0;
    };
    void add_here(double value);
    void search();

    WindowGrid grid_;
    double last_ = 0;
    double low_ = 0;
    double high_ = 0;
    std::int64_t low_at_ = 0;  // the newest cell that has it
    std::int64_t high_at_ = 0;
    std::array<Cell, window_cells> cells_{};
    // 1: a process that ends now leaves a window that means nothing. Any byte may be left there.
    std::uint8_t torn_ = 0;
};

// The sum of what was added.
class SumWindow {
  public:
    explicit SumWindow(Duration within) : grid_(within) {}

    void add(double amount, Time now);
    void advance(Time now);
    bool resume(const SumWindow& left, Duration moved, Time now);

    double sum() const { return sum_; }
    // When something is forgotten, if nothing is added; never if there is nothing.
    Time changes_at() const;

  private:
    WindowGrid grid_;
    double sum_ = 0;
    std::array<double, window_cells> cells_{};
};

}  // namespace scram
