// The last accepted value of every metric of every family, by source, and their sums over sources.
// A sum is recomputed over its few sources on each change, so that it does not drift.
#pragma once

#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace scram {

// An accepted record, as the table has taken it.
struct Sample {
    SourceId source{};
    FamilyId family{};
    MetricId metric{};
    double value = 0;
    double before = 0;   // what stood there
    bool first = false;  // the source had not published it before
    Time at{};
    bool restart = false;  // it begins a new series
};

class MetricTable {
  public:
    MetricTable(std::size_t sources, std::size_t families, std::size_t metrics);
    // In memory of the caller's, with what stands there: by family, metric and source.
    MetricTable(std::size_t sources, std::size_t families, std::size_t metrics,
                std::span<double> values, std::span<Time> times);
    MetricTable(const MetricTable&) = delete;
    MetricTable& operator=(const MetricTable&) = delete;
    MetricTable(MetricTable&&) = default;
    MetricTable& operator=(MetricTable&&) = default;

    // `value` is finite; the caller has checked it. True if it is the first of this source.
    bool store(SourceId source, FamilyId family, MetricId metric, double value, Time at);

    // 0 where nothing has been published yet.
    double value(SourceId source, FamilyId family, MetricId metric) const {
        return values_[cell(family, metric) * sources_ + index(source)];
    }
    double sum(FamilyId family, MetricId metric) const { return sums_[cell(family, metric)]; }

    // When the value was stored; Time{} if never.
    Time stored_at(SourceId source, FamilyId family, MetricId metric) const {
        return times_[cell(family, metric) * sources_ + index(source)];
    }

    // How many values there are.
    std::size_t known_values() const { return known_values_; }

    // Has any source published it?
    bool known(FamilyId family, MetricId metric) const { return known_[cell(family, metric)]; }

    std::size_t cell(FamilyId family, MetricId metric) const {
        return index(family) * metrics_ + index(metric);
    }
    std::size_t cells() const { return sums_.size(); }

    // The same values stand in another memory from now on.
    void go_on_in(std::span<double> values, std::span<Time> times) {
        values_ = values;
        times_ = times;
    }
    // After the values were changed in their memory.
    void sum_up();

  private:
    std::size_t sources_;
    std::size_t metrics_;
    std::vector<double> own_values_;
    std::vector<Time> own_times_;
    std::span<double> values_;  // [family][metric][source]: a sum reads neighbours
    std::span<Time> times_;
    std::vector<double> sums_;  // [family][metric]
    std::vector<bool> known_;
    std::size_t known_values_ = 0;
};

}  // namespace scram
