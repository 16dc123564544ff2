// Conditions on a sum over sources that wait, once in a life, until each expected source has
// published what it may publish of it: at the latest `sum_wait` after the first value.
#pragma once

#include <algorithm>
#include <vector>

#include "core/rules/conditions.h"

namespace scram {

class SumWaits {
  public:
    // Of each watch: for how many first values it waits.
    SumWaits(const Plan& plan, Conditions& conditions);

    // A source's first value of a cell.
    void on_first(Conditions& conditions, std::size_t cell, const Sample& sample);
    Time next_deadline() const { return next_; }
    // The watches that have waited for long enough, in their order: from now on they are judged
    // without those that have not come.
    template <class Visit>
    void end_due(Conditions& conditions, Time now, Visit&& visit);
    // It has a value, and waits for others.
    bool waits(std::size_t watch) const { return until_[watch] != never; }

  private:
    Duration longest_;
    std::vector<bool> expected_;  // by source
    std::vector<Time> until_;     // by watch; never: it has no value
    Time next_ = never;
};

template <class Visit>
void SumWaits::end_due(Conditions& conditions, Time now, Visit&& visit) {
    next_ = never;
    for (std::size_t w = 0; w < until_.size(); ++w) {
        Watch& watch = conditions.watches()[w];
        if (watch.missing == 0 || until_[w] == never) continue;
        if (until_[w] > now) {
            next_ = std::min(next_, until_[w]);
            continue;
        }
        watch.missing = 0;
        visit(watch);
    }
}

}  // namespace scram
