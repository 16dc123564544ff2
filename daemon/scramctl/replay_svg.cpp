#include "daemon/scramctl/replay_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/base/iso_time.h"
#include "daemon/common/html.h"

namespace scram {
namespace {

constexpr double left = 80, top = 50, plot_height = 300, plot_width = chart_columns;
constexpr double all_width = left + plot_width + 20, all_height = top + plot_height + 60;

std::size_t column_of(WallMillis wall, WallMillis begin, WallMillis end) {
    const auto span = std::max<std::int64_t>(end.value - begin.value, 1);
    const auto at = std::clamp<std::int64_t>(wall.value - begin.value, 0, span);
    return std::min(static_cast<std::size_t>(static_cast<double>(at) / static_cast<double>(span) *
                                             chart_columns),
                    chart_columns - 1);
}

// From values to pixels.
struct Scale {
    double low = 0, high = 1;
    double y(double value) const { return top + plot_height * (high - value) / (high - low); }
};

Scale scale_of(const Chart& chart) {
    double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
    const auto include = [&](double value) {
        if (!std::isfinite(value)) return;
        low = std::min(low, value);
        high = std::max(high, value);
    };
    for (const ChartColumn& column : chart.columns) {
        if (!column.any) continue;
        include(column.low);
        include(column.high);
        include(column.limit);
        if (chart.both_sides) include(-column.limit);
    }
    if (low > high) return {};
    const double margin = std::max((high - low) * 0.05, std::abs(high) * 1e-9 + 1e-12);
    return {low - margin, high + margin};
}

// The area between the lowest and the highest, which is a line where they are one.
std::string value_path(const Chart& chart, const Scale& scale) {
    std::string out;
    for (std::size_t x = 0; x < chart.columns.size(); ++x) {
        const ChartColumn& column = chart.columns[x];
        if (!column.any) continue;
        out +=
            fmt::format("{}{:.0f} {:.1f}V{:.1f}", out.empty() ? "M" : "L",
                        left + static_cast<double>(x), scale.y(column.low), scale.y(column.high));
    }
    return out;
}

std::string limit_path(const Chart& chart, const Scale& scale, double sign) {
    std::string out;
    double last = std::nan("");
    for (std::size_t x = 0; x < chart.columns.size(); ++x) {
        const ChartColumn& column = chart.columns[x];
        if (!column.any || !std::isfinite(column.limit)) continue;
        const double at = left + static_cast<double>(x);
        if (column.limit != last)
            out += fmt::format("{}{:.0f} {:.1f}", out.empty() ? "M" : "L", at,
                               scale.y(sign * column.limit));
        out += fmt::format("H{:.0f}", at + 1);
        last = column.limit;
    }
    return out;
}

bool is_of(const ListedTrip& trip, const Chart& chart) {
    return trip.rule == chart.rule && trip.family == chart.family;
}

// Of one column one is drawn, however many there are.
std::string marks(const Chart& chart, std::span<const ListedTrip> trips, WallMillis begin,
                  WallMillis end, std::string_view kind, double y) {
    std::string out;
    std::vector<bool> drawn(chart_columns);
    for (const ListedTrip& trip : trips) {
        if (!is_of(trip, chart)) continue;
        const std::size_t column = column_of(trip.wall, begin, end);
        if (drawn[column]) continue;
        drawn[column] = true;
        const double x = left + static_cast<double>(column);
        out += fmt::format("<path class=\"{}\" d=\"M{:.0f} {:.0f}l-5 8h10z\"/>\n", kind, x, y);
    }
    return out;
}

std::string wall_label(WallMillis wall) {
    const auto text =
        timestamp_text({std::clamp<std::int64_t>(wall.value, 0, timestamp_max.value)});
    return {text.data(), text.size()};
}

std::string label(double x, double y, std::string_view anchor, std::string_view text) {
    return fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                       anchor, html_text(text));
}

std::string labels(const Chart& chart, const Scale& scale, WallMillis begin, WallMillis end) {
    const double bottom = top + plot_height;
    std::string out =
        fmt::format("<text x=\"{:.0f}\" y=\"20\" class=\"title\">{}: {}</text>\n", left,
                    html_text(chart.rule), chart.family.empty() ? "all" : html_text(chart.family));
    out += label(left - 6, top + 10, "end", fmt::format("{:.6g}", scale.high));
    out += label(left - 6, bottom, "end", fmt::format("{:.6g}", scale.low));
    out += label(left, bottom + 34, "start", wall_label(begin));
    out += label(left + plot_width, bottom + 34, "end", wall_label(end));
    out += label(left, top - 14, "start",
                 "blue: value; red: limit; triangles: trips, filled as recorded, open as replayed");
    return out;
}

}  // namespace

// ---- Gathering ----------------------------------------------------------------------------------

void Charts::see(const Engine& engine, FamilyId family, MetricId metric, Time now,
                 WallMillis wall) {
    engine.rules().distances_at(engine.metrics(), family, metric, now, distances_);
    const std::size_t at = column_of(wall, begin_, end_);
    for (const Distance& distance : distances_) {
        if (!distance.known || !std::isfinite(distance.value)) continue;
        Chart* const chart = chart_of(engine, distance);
        if (chart == nullptr) continue;
        ChartColumn& column = chart->columns[at];
        column.low = column.any ? std::min(column.low, distance.value) : distance.value;
        column.high = column.any ? std::max(column.high, distance.value) : distance.value;
        column.limit = distance.limit;
        column.any = true;
    }
}

Chart* Charts::chart_of(const Engine& engine, const Distance& distance) {
    if (engine_ != &engine) by_id_.clear();
    engine_ = &engine;
    const auto known = by_id_.find({distance.rule, distance.family});
    if (known != by_id_.end()) return known->second;
    const Plan& plan = engine.plan();
    const RuleSpec& rule = plan.rules[index(distance.rule)];
    const std::string family = distance.family == none<FamilyId>()
                                   ? std::string()
                                   : plan.families[index(distance.family)].name;
    if (charts_.size() >= charts_max && !charts_.contains({rule.name, family})) {
        left_out_ = true;
        return by_id_[{distance.rule, distance.family}] = nullptr;
    }
    Chart& chart = charts_[{rule.name, family}];
    chart.rule = rule.name;
    chart.family = family;
    chart.both_sides = rule.kind == RuleKind::limit && rule.bound == Bound::beyond;
    return by_id_[{distance.rule, distance.family}] = &chart;
}

// ---- Drawing ------------------------------------------------------------------------------------

std::string chart_svg(const Chart& chart, WallMillis begin, WallMillis end,
                      std::span<const ListedTrip> found, std::span<const ListedTrip> recorded) {
    const Scale scale = scale_of(chart);
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
        "width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" role=\"img\">\n<style>text{{font:12px sans-serif;fill:#222}}"
        ".title{{font-weight:bold;font-size:15px}}.value{{stroke:#1f5fbf;fill:none}}"
        ".limit{{stroke:#c22;fill:none;stroke-dasharray:6 3}}.found{{stroke:#c22;fill:#fff}}"
        ".recorded{{stroke:#c22;fill:#c22}}</style>\n<rect width=\"100%\" height=\"100%\" "
        "fill=\"#fff\"/>\n",
        all_width, all_height);
    out += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" "
        "stroke=\"#bbb\"/>\n",
        left, top, plot_width, plot_height);
    out += fmt::format("<path class=\"value\" d=\"{}\"/>\n", value_path(chart, scale));
    out += fmt::format("<path class=\"limit\" d=\"{}\"/>\n", limit_path(chart, scale, 1));
    if (chart.both_sides)
        out += fmt::format("<path class=\"limit\" d=\"{}\"/>\n", limit_path(chart, scale, -1));
    out += marks(chart, recorded, begin, end, "recorded", top + plot_height + 10);
    out += marks(chart, found, begin, end, "found", top + plot_height + 2);
    return out + labels(chart, scale, begin, end) + "</svg>\n";
}

std::string chart_file_name(const Chart& chart) {
    std::string out = chart.rule + "_" + (chart.family.empty() ? "all" : chart.family);
    for (char& c : out) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.';
        if (!plain) c = '_';
    }
    return out + ".svg";
}

}  // namespace scram
