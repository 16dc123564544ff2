// Folds what repeats: the first line of a kind is told at once; those that follow within its window
// are counted, and told as one when the window ends, which opens the next. A pure decision: it is
// handed every time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.h"

namespace scram {

// What makes two lines the same: the kind of event, and whom it concerns.
struct LogKey {
    std::uint32_t kind = 0;
    std::uint64_t subject = 0;
    bool operator==(const LogKey&) const = default;
};

struct Repeats {
    std::uint64_t count = 0;
    Time first{};
    Time last{};
};

template <class Line>
class LogFolding {
  public:
    // The last line stands for those that were counted.
    struct Folded {
        Line line;
        Repeats repeats;
    };

    // Beyond `kinds_max` open windows, whatever comes is told.
    explicit LogFolding(std::size_t kinds_max) : kinds_max_(kinds_max) { open_.reserve(kinds_max); }

    // True: tell it now. Otherwise it was counted.
    bool tells(const LogKey& key, Duration window, Time now, const Line& line) {
        const auto found = std::find_if(open_.begin(), open_.end(),
                                        [&](const Window& one) { return one.key == key; });
        if (found == open_.end()) {
            if (open_.size() < kinds_max_) open_.push_back({key, window, now + window, {}, {}});
            return true;
        }
        Repeats& repeats = found->repeats;
        if (repeats.count++ == 0) repeats.first = now;
        repeats.last = now;
        found->line = line;
        return false;
    }

    // The next one whose window has ended with repeats in it; none: all is told. Time's end ends
    // every window.
    std::optional<Folded> due(Time now) {
        for (std::size_t i = 0; i < open_.size();) {
            Window& one = open_[i];
            if (one.until > now) {
                ++i;
            } else if (one.repeats.count == 0) {
                one = open_.back();
                open_.pop_back();
            } else {
                const Folded folded{one.line, one.repeats};
                one.repeats = {};
                one.until = now == never ? never : now + one.length;
                return folded;
            }
        }
        return std::nullopt;
    }

  private:
    struct Window {
        LogKey key;
        Duration length{};
        Time until{};
        Line line;
        Repeats repeats;
    };
    const std::size_t kinds_max_;
    std::vector<Window> open_;
};

}  // namespace scram
