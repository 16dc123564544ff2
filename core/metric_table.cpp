#include "core/metric_table.h"

#include <numeric>

namespace scram {

MetricTable::MetricTable(std::size_t sources, std::size_t families, std::size_t metrics)
    : sources_(sources),
      metrics_(metrics),
      values_(sources * families * metrics),
      times_(sources * families * metrics),
      sums_(families * metrics),
      known_(families * metrics) {}

bool MetricTable::store(SourceId source, FamilyId family, MetricId metric, double value, Time at) {
    const std::size_t c = cell(family, metric);
    const std::size_t first = c * sources_;
    const bool is_first = times_[first + index(source)] == Time{};
    values_[first + index(source)] = value;
    times_[first + index(source)] = at;
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(first);
    sums_[c] = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(sources_), 0.0);
    known_[c] = true;
    return is_first;
}

}  // namespace scram
