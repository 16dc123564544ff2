// Which sources are there. Those that were attached when scramd ended come back, since it alone
// ended: for a while after a start they are awaited, and who has not come back by then has vanished
// while nobody looked.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/names.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/rules/rules.h"

namespace scram {

enum class SourcePhase : std::uint8_t {
    absent,  // has not been there
    attached,
    left,      // said goodbye
    vanished,  // did not
    awaited,   // was attached when scramd ended, and has not come back yet
};
inline constexpr std::array<std::string_view, 5> source_phase_names = {"absent", "attached", "left",
                                                                       "vanished", "awaited"};
static_assert(names_all<SourcePhase>(source_phase_names));
inline std::string_view name(SourcePhase phase) {
    return name_in(source_phase_names, phase);
}

class Sources {
  public:
    Sources(const Plan& plan, RuleSet& rules, Breaches& breaches);

    SourcePhase phase(SourceId id) const { return sources_[index(id)].phase; }
    void joined(SourceId id, Time now, Step& step);
    void left(SourceId id, Time now, Step& step);
    // False: it had said goodbye.
    bool vanished(SourceId id, Time now, Step& step);

    // After a start.
    void await(Time now);
    void give_up_awaited(Time now, Step& step);
    Time next_deadline() const { return awaited_until_; }

  private:
    struct Source {
        SourcePhase phase = SourcePhase::absent;
        Time awaited_until = never;
    };
    static void tell(EventKind kind, SourceId id, Time now, Step& step) {
        step.events.push_back({.kind = kind, .at = now, .source = id});
    }

    const Plan& plan_;
    RuleSet& rules_;
    Breaches& breaches_;
    std::vector<Source> sources_;
    Time awaited_until_ = never;  // of any source, not after
};

}  // namespace scram
