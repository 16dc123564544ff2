#include "daemon/scramctl/replay.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "config/config.h"
#include "config/unique_fd.h"
#include "daemon/common/write_full.h"
#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/replay_files.h"
#include "daemon/scramctl/replay_svg.h"
#include "daemon/scramctl/replay_text.h"
#include "daemon/scramctl/what_if.h"
#include "net/clock.h"

namespace scram {
namespace {

// Ends the command with this code, once it is told.
struct Stop : std::runtime_error {
    Stop(int its_code, const std::string& what) : std::runtime_error(what), code(its_code) {}
    int code;
};

std::string texts_of(const std::vector<ConfigError>& errors) {
    std::string out;
    for (const ConfigError& error : errors) out += (out.empty() ? "" : "\n") + error.text();
    return out;
}

// Each file's plan: that of the config it was recorded with, or of another.
class Plans {
  public:
    explicit Plans(const ReplayOptions& options) : other_(options.config) {
        for (const std::string& text : options.what_if) {
            auto wish = parse_what_if(text);
            if (const auto* error = std::get_if<std::string>(&wish)) throw Stop(usage, *error);
            wishes_.push_back(std::get<WhatIf>(std::move(wish)));
        }
        if (other_.empty()) return;
        LoadResult loaded = load(other_);
        if (const auto* errors = std::get_if<std::vector<ConfigError>>(&loaded))
            throw Stop(wrong_config, texts_of(*errors));
        add(other_hash, std::move(std::get<Config>(loaded).plan));
    }

    const ReplayPlan* of(const Recordings::File& file) {
        const std::uint64_t hash = other_.empty() ? file.head.config_hash : other_hash;
        if (const auto known = plans_.find(hash); known != plans_.end()) return &known->second;
        const std::string name = file.path.native() + " (the config in it)";
        LoadResult parsed = parse(file.head.config, name);
        if (const auto* errors = std::get_if<std::vector<ConfigError>>(&parsed))
            throw Stop(wrong_config, texts_of(*errors) +
                                         "\nscramctl: this version does not take the recorded "
                                         "config: give one that it takes by --config");
        return add(hash, std::move(std::get<Config>(parsed).plan));
    }

    const std::vector<Sweep>& sweeps() const { return sweeps_; }

  private:
    static constexpr std::uint64_t other_hash = 0;  // alone, where there is one
    // The plan of the last config says what is configured.
    const ReplayPlan* add(std::uint64_t hash, Plan plan) {
        const std::size_t listed = plan.rules.size();
        sweeps_.clear();
        for (const WhatIf& wish : wishes_) {
            auto added = add_sweeps(wish, plan);
            if (const auto* error = std::get_if<std::string>(&added)) throw Stop(usage, *error);
            for (Sweep& sweep : std::get<0>(added)) sweeps_.push_back(std::move(sweep));
        }
        return &(plans_[hash] = {std::move(plan), listed});
    }

    const std::string other_;
    std::vector<WhatIf> wishes_;
    std::map<std::uint64_t, ReplayPlan> plans_;
    std::vector<Sweep> sweeps_;
};

std::vector<SweepCounts> counts_of(const std::vector<Sweep>& sweeps, const Replay& replay) {
    std::vector<SweepCounts> out;
    for (const Sweep& sweep : sweeps) {
        SweepCounts counts{sweep, {}};
        for (const std::string& copy : sweep.copies) {
            const auto found = std::ranges::find(replay.counts(), copy, &Replay::Count::rule);
            counts.trips.push_back(found == replay.counts().end() ? 0 : found->trips);
        }
        out.push_back(std::move(counts));
    }
    return out;
}

// What time the files span: charts must know it before the first signal.
std::pair<WallMillis, WallMillis> span_of(const Recordings& recordings) {
    WallMillis begin{}, end{};
    for (const Recordings::File* file : recordings.in_order()) {
        const RecordingHead& head = file->head;
        begin = begin == WallMillis{} ? head.wall : std::min(begin, head.wall);
        const Time last = file->blocks.empty() ? head.at : file->blocks.back().back().at;
        end = std::max(end, WallMillis{head.wall.value + (last - head.at) / 1ms});
    }
    return {begin, end};
}

std::vector<std::string> write_charts(const Charts& charts, const ReplayReport& report,
                                      const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Stop(refused,
                   fmt::format("--svg: {} cannot be made: {}", folder.native(), error.message()));
    std::vector<std::string> paths;
    std::set<std::string> names;
    for (const auto& [key, chart] : charts.charts()) {
        std::string name = chart_file_name(chart);
        for (int n = 2; !names.insert(name).second; ++n)
            name = fmt::format("{}-{}", n, chart_file_name(chart));
        const std::filesystem::path path = folder / name;
        const std::string text = chart_svg(chart, charts.begin(), charts.end(), report.found.trips,
                                           report.recorded.trips);
        const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (!file || !write_full(file.get(), std::as_bytes(std::span(text))))
            throw Stop(refused, fmt::format("--svg: {} cannot be written: {}", path.native(),
                                            std::strerror(errno)));
        paths.push_back(path.native());
    }
    return paths;
}

ReplayReport replayed(const ReplayOptions& options) {
    Plans plans(options);
    const Recordings recordings(options.files);
    const auto runs = recordings.runs([&](const Recordings::File& file) { return plans.of(file); });
    const auto [begin, end] = span_of(recordings);
    Charts charts(begin, end);
    Replay replay(options.svg.empty() ? Replay::Watcher()
                                      : [&charts](const Engine& engine, FamilyId family,
                                                  MetricId metric, Time now, WallMillis wall) {
                                            charts.see(engine, family, metric, now, wall);
                                        });
    ReplayReport report;
    const Time before = monotonic_now();
    for (const auto& run : runs) replay.play(run);
    report.took = monotonic_now() - before;
    report.files = recordings.files();
    report.config = options.config.empty() ? "as recorded" : options.config;
    report.begin = begin;
    report.end = end;
    report.signals = replay.signals();
    report.recorded = replay.recorded();
    report.found = replay.found();
    report.differences = differences(report.recorded.trips, report.found.trips);
    report.losses = replay.losses();
    report.sweeps = counts_of(plans.sweeps(), replay);
    report.notes = recordings.notes();
    if (charts.any_left_out())
        report.notes.push_back(
            fmt::format("more than {} charts: the others are left out", charts_max));
    if (!options.svg.empty()) report.charts = write_charts(charts, report, options.svg);
    return report;
}

}  // namespace

int replay_command(const ReplayOptions& options) try {
    const ReplayReport report = replayed(options);
    fmt::print("{}", options.json ? replay_json(report) + "\n" : replay_text(report));
    return options.config.empty() && report.differences.any() ? refused : done;
} catch (const Stop& stop) {
    fmt::print(stderr, "scramctl: {}\n", stop.what());
    return stop.code;
} catch (const BadRecording& bad) {
    fmt::print(stderr, "scramctl: {}\n", bad.what());
    return refused;
}

}  // namespace scram
