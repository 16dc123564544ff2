// What a start takes over from the process before it: beside the switches, what was known.
#include <algorithm>

#include "core/engine/engine.h"

namespace scram {

Recalled Engine::recall(std::span<const std::byte> left, const BootNumber& boot, WallMillis wall,
                        Time now) {
    const Recalled recalled = scram::recall(left, plan_, boot, wall, now, *memory_);
    memory_->begin(boot, wall, now);
    metrics_.sum_up();
    return recalled;
}

// Sources that were attached come back, since scramd alone ended: for a while they are awaited.
void Engine::go_on(Time now, Step& step) {
    rules_.on_restart(metrics_, now, breaches_);
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        const SourceHealth& health = rules_.health(id_at<SourceId>(s));
        if (health.vanished) sources_[s].phase = SourcePhase::vanished;
        if (!health.owes_signs || health.vanished) continue;
        sources_[s].phase = SourcePhase::awaited;
        sources_[s].awaited_until = now + plan_.timings.reattach_within;
        awaited_until_ = sources_[s].awaited_until;
    }
    trip_breaches(Time{}, now, step);
}

// Who has not come back has vanished while nobody looked.
void Engine::give_up_awaited(Time now, Step& step) {
    awaited_until_ = never;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        SourceState& its = sources_[s];
        if (its.phase != SourcePhase::awaited) continue;
        if (its.awaited_until > now) {
            awaited_until_ = std::min(awaited_until_, its.awaited_until);
            continue;
        }
        its.phase = SourcePhase::vanished;
        const auto source = id_at<SourceId>(s);
        step.events.push_back({.kind = EventKind::source_vanished, .at = now, .source = source});
        rules_.on_vanished(source, breaches_);
    }
}

}  // namespace scram
