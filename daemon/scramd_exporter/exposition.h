// Prometheus' text formats: 0.0.4, and OpenMetrics 1.0.
#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace scram {

enum class ExpositionFormat { prometheus, openmetrics };

// By the Accept header of a request: OpenMetrics for one who names it.
ExpositionFormat format_for(std::string_view accept);
std::string_view content_type(ExpositionFormat format);

enum class MetricKind { gauge, counter, info, summary, histogram };

class Exposition {
  public:
    using Label = std::pair<std::string_view, std::string>;
    using Labels = std::initializer_list<Label>;

    explicit Exposition(ExpositionFormat format) : format_(format) {}

    // The samples that follow are of this metric. `name` without _total and _info, and with its
    // unit at its end, if it has one. Without a sample it does not appear at all.
    void begin(MetricKind kind, std::string name, std::string_view unit, std::string_view help);
    // None: not known, and left out. A second one with the same labels is left out as well, since
    // it would make the whole text void. `suffix`: of a summary or a histogram, as "_count".
    void add(std::optional<double> value, Labels labels = {}, std::string_view suffix = {});

    std::string text() &&;

  private:
    void write_head();

    ExpositionFormat format_;
    MetricKind kind_{};
    std::string name_;
    std::string_view unit_, help_;
    bool head_is_due_ = false;
    std::set<std::string> seen_;  // of this metric
    std::string out_;
};

}  // namespace scram
