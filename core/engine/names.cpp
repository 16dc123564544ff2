// What the engine's states are called, in logs, status and tests alike.
#include "core/engine/engine.h"

namespace scram {

std::string_view name(LinkPhase phase) {
    switch (phase) {
        case LinkPhase::down:
            return "down";
        case LinkPhase::idle:
            return "warm";
        case LinkPhase::rehearsing:
            return "rehearsing";
        case LinkPhase::firing:
            return "firing";
    }
    return "?";
}

std::string_view name(SourcePhase phase) {
    switch (phase) {
        case SourcePhase::absent:
            return "absent";
        case SourcePhase::attached:
            return "attached";
        case SourcePhase::left:
            return "left";
        case SourcePhase::vanished:
            return "vanished";
        case SourcePhase::awaited:
            return "awaited";
    }
    return "?";
}

}  // namespace scram
