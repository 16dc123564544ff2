// What no rule can tell, since a source that is expected has not said it: not since the start, and
// nothing of it was left by an earlier process.
#pragma once

#include <span>
#include <vector>

#include "core/rules/conditions.h"
#include "core/rules/findings.h"
#include "core/rules/kills.h"

namespace scram {

class UnknownValues {
  public:
    explicit UnknownValues(const Plan& plan);

    // By family: the first that a rule that kills it looks at, so that whether it holds cannot be
    // said. Good until the next search.
    std::span<const Unknown> find(const Conditions& conditions, const Kills& kills,
                                  const MetricTable& table);
    // One for each watched family and source, not more than `count_max`. Allocates.
    std::vector<Unknown> list(const Conditions& conditions, const Kills& kills,
                              const MetricTable& table, std::size_t count_max) const;

  private:
    Unknown unknown_in(const RuleSpec& rule, const Watch& watch, const Kills& kills,
                       const MetricTable& table) const;
    SourceId who_owes(const RuleSpec& rule, FamilyId family, MetricId metric, const Kills& kills,
                      const MetricTable& table) const;
    bool has_spoken(const MetricTable& table, SourceId source, FamilyId family) const;

    std::vector<SourceId> expected_;
    std::size_t metrics_;
    std::vector<Unknown> found_;  // by family
};

}  // namespace scram
