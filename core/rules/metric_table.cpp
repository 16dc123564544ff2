#include "core/rules/metric_table.h"

#include <algorithm>
#include <numeric>

#include "core/base/store_order.h"

namespace scram {

MetricTable::MetricTable(std::size_t sources, std::size_t families, std::size_t metrics)
    : MetricTable(sources, families, metrics, {}, {}) {
    own_values_.resize(sources * families * metrics);
    own_times_.resize(own_values_.size());
    values_ = own_values_;
    times_ = own_times_;
}

MetricTable::MetricTable(std::size_t sources, std::size_t families, std::size_t metrics,
                         std::span<double> values, std::span<Time> times)
    : sources_(sources),
      metrics_(metrics),
      values_(values),
      times_(times),
      sums_(families * metrics),
      known_(families * metrics) {
    if (!values_.empty()) sum_up();
}

void MetricTable::sum_up() {
    known_values_ = static_cast<std::size_t>(
        std::count_if(times_.begin(), times_.end(), [](Time at) { return at != Time{}; }));
    for (std::size_t c = 0; c < sums_.size(); ++c) {
        const auto first = c * sources_;
        sums_[c] =
            std::accumulate(values_.begin() + static_cast<std::ptrdiff_t>(first),
                            values_.begin() + static_cast<std::ptrdiff_t>(first + sources_), 0.0);
        known_[c] = std::any_of(times_.begin() + static_cast<std::ptrdiff_t>(first),
                                times_.begin() + static_cast<std::ptrdiff_t>(first + sources_),
                                [](Time at) { return at != Time{}; });
    }
}

bool MetricTable::store(SourceId source, FamilyId family, MetricId metric, double value, Time at) {
    const std::size_t c = cell(family, metric);
    const std::size_t first = c * sources_;
    const bool is_first = times_[first + index(source)] == Time{};
    values_[first + index(source)] = value;
    in_order();  // a process that ends here leaves a value that counts as older, or as unknown
    times_[first + index(source)] = at;
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(first);
    sums_[c] = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(sources_), 0.0);
    known_[c] = true;
    known_values_ += is_first ? 1 : 0;
    return is_first;
}

}  // namespace scram
