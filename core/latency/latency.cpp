#include "core/latency/latency.h"

namespace scram {

void StageTimes::record(const Stages& stages) {
    ++requests_;
    add(Interval::published_to_read, stages.published, stages.read);
    add(Interval::read_to_decided, stages.read, stages.decided);
    add(Interval::decided_to_sent, stages.decided, stages.sent);
    add(Interval::decided_to_wire, stages.decided, stages.wire);
    add(Interval::read_to_wire, stages.read, stages.wire);
    add(Interval::published_to_wire, stages.published, stages.wire);
    add(Interval::sent_to_answered, stages.sent, stages.answered);
}

void StageTimes::add(Interval interval, Time from, Time until) {
    if (from == Time{} || until == Time{}) return;
    histograms_[static_cast<std::size_t>(interval)].record(until - from);
}

}  // namespace scram
