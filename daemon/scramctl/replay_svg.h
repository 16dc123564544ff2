// Charts of a replay: of each rule and family one SVG with the value, its limits and the trips. Of
// however many signals, a chart holds the lowest and the highest value of each column of pixels.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/engine.h"
#include "core/replay/trip_list.h"

namespace scram {

inline constexpr std::size_t charts_max = 500;
inline constexpr std::size_t chart_columns = 1000;

// One column of pixels: what lies between its two moments.
struct ChartColumn {
    bool any = false;
    double low = 0, high = 0;
    double limit = 0;  // the last
};

struct Chart {
    std::string rule, family;  // no family: all that the rule watches
    bool both_sides = false;   // the limit stands on either side of zero
    std::vector<ChartColumn> columns = std::vector<ChartColumn>(chart_columns);
};

class Charts {
  public:
    Charts(WallMillis begin, WallMillis end) : begin_(begin), end_(end) {}

    // As Replay::Watcher says.
    void see(const Engine& engine, FamilyId family, MetricId metric, Time now, WallMillis wall);

    const std::map<std::pair<std::string, std::string>, Chart>& charts() const { return charts_; }
    // Of those that found no place.
    bool any_left_out() const { return left_out_; }
    WallMillis begin() const { return begin_; }
    WallMillis end() const { return end_; }

  private:
    Chart* chart_of(const Engine& engine, const Distance& distance);

    WallMillis begin_, end_;
    std::map<std::pair<std::string, std::string>, Chart> charts_;
    std::vector<Distance> distances_;
    // By ids of the plan that was seen last, which are the same as long as that is.
    const Engine* engine_ = nullptr;
    std::map<std::pair<RuleId, FamilyId>, Chart*> by_id_;
    bool left_out_ = false;
};

// The chart as a document of its own, with those of the trips that are of its rule and family.
std::string chart_svg(const Chart& chart, WallMillis begin, WallMillis end,
                      std::span<const ListedTrip> found, std::span<const ListedTrip> recorded);
// "delta_mm-1_BTC-USD.svg": letters, digits, dots and dashes; two charts may have the same.
std::string chart_file_name(const Chart& chart);

}  // namespace scram
