#include "core/engine/sources.h"

#include <algorithm>

namespace scram {

Sources::Sources(const Plan& plan, RuleSet& rules, Breaches& breaches)
    : plan_(plan), rules_(rules), breaches_(breaches), sources_(plan.sources.size()) {}

void Sources::joined(SourceId id, Time now, Step& step) {
    sources_[index(id)].phase = SourcePhase::attached;
    rules_.on_joined(id, now);
    tell(EventKind::source_joined, id, now, step);
}

void Sources::left(SourceId id, Time now, Step& step) {
    sources_[index(id)].phase = SourcePhase::left;
    rules_.on_left(id);
    tell(EventKind::source_left, id, now, step);
}

bool Sources::vanished(SourceId id, Time now, Step& step) {
    if (sources_[index(id)].phase != SourcePhase::attached) return false;
    sources_[index(id)].phase = SourcePhase::vanished;
    tell(EventKind::source_vanished, id, now, step);
    rules_.on_vanished(id, breaches_);
    return true;
}

void Sources::await(Time now) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        const SourceHealth& health = rules_.health(id_at<SourceId>(s));
        if (health.vanished) sources_[s].phase = SourcePhase::vanished;
        if (!health.owes_signs || health.vanished) continue;
        awaited_until_ = now + plan_.timings.reattach_within;
        sources_[s] = {SourcePhase::awaited, awaited_until_};
    }
}

void Sources::give_up_awaited(Time now, Step& step) {
    awaited_until_ = never;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        Source& its = sources_[s];
        if (its.phase != SourcePhase::awaited) continue;
        if (its.awaited_until > now) {
            awaited_until_ = std::min(awaited_until_, its.awaited_until);
            continue;
        }
        its.phase = SourcePhase::vanished;
        tell(EventKind::source_vanished, id_at<SourceId>(s), now, step);
        rules_.on_vanished(id_at<SourceId>(s), breaches_);
    }
}

}  // namespace scram
