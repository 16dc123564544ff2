// What sources write, from the bytes of a signal to a sample that the rules judge: nothing of a
// signal is used before it was looked at here. Values that belong together (SCRAM_VALUE_MORE) are
// stored as they come, and judged once the last of them has.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/fixed_list.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/rules/metric_table.h"
#include "core/rules/rules.h"
#include "core/signal.h"

namespace scram {

class Signals {
  public:
    Signals(const Plan& plan, RuleSet& rules, MetricTable& metrics, Breaches& breaches);

    // A source's numbers begin with 1 again.
    void joined(SourceId source) { sources_[index(source)].next_sequence = 1; }
    // The number that its next signal is to have.
    std::uint64_t next_sequence(SourceId source) const {
        return sources_[index(source)].next_sequence;
    }
    // What is wrong with it is a breach. True: it is a value that counts.
    bool inspect(SourceId from, const scram_signal& signal);
    // Some values were stored, and are not judged yet.
    bool has_batch() const { return !batch_.empty(); }
    // The value is of the batch that stands there.
    bool goes_on(SourceId from, const scram_signal& signal) const;
    void judge_batch();
    // Of a signal that was inspected: what was due before it, its sign of life, its value.
    void take(SourceId from, const scram_signal& signal, bool counts, Time now);

    // This input has restarted a series. It can hide a loss, so it is told.
    bool has_restarted() const { return restarted_.restart; }
    void tell_restart(Time now, Step& step);

    // Reads what a kill reads, one row a turn.
    void touch(std::size_t turn) const;

  private:
    struct Source {
        std::uint64_t next_sequence = 1;
        std::vector<bool> may_publish;  // by family
        Time restarts_since{};          // series: told within a second, and not told
        std::size_t restarts_told = 0;
        std::uint32_t restarts_untold = 0;
    };
    BadReason fault_of(SourceId from, const scram_signal& signal) const;
    BadReason follow_sequence(SourceId from, const scram_signal& signal);
    void report_bad(SourceId from, const scram_signal& signal, BadReason bad);
    void look_back(SourceId from, const scram_signal& signal, bool counts, Time now);
    Sample store(SourceId from, const scram_signal& signal, Time now);
    void gather(const Sample& sample, bool is_last);

    const std::size_t families_, metrics_count_;
    RuleSet& rules_;
    MetricTable& metrics_;
    Breaches& breaches_;
    std::vector<Source> sources_;
    FixedList<Sample> batch_{SCRAM_BATCH_MAX};  // stored, and not judged yet
    Sample restarted_;                          // the series that this input restarts, if any
};

}  // namespace scram
