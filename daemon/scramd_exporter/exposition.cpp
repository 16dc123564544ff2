#include "daemon/scramd_exporter/exposition.h"

#include <fmt/format.h>

namespace scram {
namespace {

std::string_view type_of(MetricKind kind, ExpositionFormat format) {
    switch (kind) {
        case MetricKind::counter:
            return "counter";
        case MetricKind::summary:
            return "summary";
        case MetricKind::histogram:
            return "histogram";
        case MetricKind::info:
            return format == ExpositionFormat::openmetrics ? "info" : "gauge";
        case MetricKind::gauge:
            break;
    }
    return "gauge";
}

std::string_view suffix_of(MetricKind kind) {
    if (kind == MetricKind::counter) return "_total";
    return kind == MetricKind::info ? "_info" : "";
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n')
            out += "\\n";
        else if (c == '\\' || c == '"')
            out.append(1, '\\').append(1, c);
        else
            out += c;
    }
    return out;
}

std::string series_of(Exposition::Labels labels) {
    std::string out;
    for (const auto& [key, value] : labels) {
        if (value.empty()) continue;  // the same as without the label
        out += fmt::format("{}{}=\"{}\"", out.empty() ? "{" : ",", key, escaped(value));
    }
    return out.empty() ? out : out + "}";
}

}  // namespace

ExpositionFormat format_for(std::string_view accept) {
    return accept.find("application/openmetrics-text") == std::string_view::npos
               ? ExpositionFormat::prometheus
               : ExpositionFormat::openmetrics;
}

std::string_view content_type(ExpositionFormat format) {
    return format == ExpositionFormat::openmetrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void Exposition::begin(MetricKind kind, std::string name, std::string_view unit,
                       std::string_view help) {
    kind_ = kind;
    name_ = std::move(name);
    unit_ = unit;
    help_ = help;
    head_is_due_ = true;
    seen_.clear();
}

void Exposition::add(std::optional<double> value, Labels labels, std::string_view suffix) {
    if (!value) return;
    std::string series =
        fmt::format("{}{}{}", name_, suffix.empty() ? suffix_of(kind_) : suffix, series_of(labels));
    if (!seen_.insert(series).second) return;
    if (std::exchange(head_is_due_, false)) write_head();
    out_ += fmt::format("{} {}\n", series, *value);
}

// 0.0.4 names a counter in full, and has no units.
void Exposition::write_head() {
    const bool is_open = format_ == ExpositionFormat::openmetrics;
    const std::string name = is_open ? name_ : name_ + std::string(suffix_of(kind_));
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help_, name, type_of(kind_, format_));
    if (is_open && !unit_.empty()) out_ += fmt::format("# UNIT {} {}\n", name, unit_);
}

std::string Exposition::text() && {
    if (format_ == ExpositionFormat::openmetrics) out_ += "# EOF\n";
    return std::move(out_);
}

}  // namespace scram
