// How long requests take from stage to stage, as histograms since the daemon's start: attempts to
// cancel and rehearsals apart. Each request is recorded once, when it is answered or given up; what
// it did not pass is not recorded of it, so a request without an answer counts in every interval
// but the last.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/names.h"
#include "core/latency/histogram.h"
#include "core/latency/stages.h"

namespace scram {

enum class Interval : std::uint8_t {
    published_to_read,  // of requests that a signal set off, and no timer, operator or retry
    read_to_decided,
    decided_to_sent,
    decided_to_wire,
    read_to_wire,
    published_to_wire,
    sent_to_answered,
};
inline constexpr std::array<std::string_view, 7> interval_names = {
    "published_to_read", "read_to_decided",   "decided_to_sent", "decided_to_wire",
    "read_to_wire",      "published_to_wire", "sent_to_answered"};
static_assert(names_all<Interval>(interval_names));
inline constexpr std::size_t interval_count = interval_names.size();
inline std::string_view name(Interval interval) {
    return name_in(interval_names, interval);
}

class StageTimes {
  public:
    void record(const Stages& stages);

    std::uint64_t requests() const { return requests_; }
    std::uint64_t unanswered() const { return requests_ - of(Interval::sent_to_answered).count(); }
    const Histogram& of(Interval interval) const {
        return histograms_[static_cast<std::size_t>(interval)];
    }

  private:
    void add(Interval interval, Time from, Time until);

    std::array<Histogram, interval_count> histograms_;
    std::uint64_t requests_ = 0;
};

struct Latency {
    WallMillis since{};
    StageTimes attempts;
    StageTimes rehearsals;
};

}  // namespace scram
