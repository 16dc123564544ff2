// What the engine's states are called, in logs, status and tests alike.
#include "core/engine/engine.h"

namespace scram {

bool is_unfinished(const Switch& family) {
    const bool tried = family.cancel == Cancel::due || family.cancel == Cancel::in_flight;
    return tried && family.release != Release::unlocking;
}

std::string_view state_name(const Switch& family) {
    if (!family.latched) return "armed";
    if (family.release != Release::none) return "releasing";
    switch (family.cancel) {
        case Cancel::idle:
            return "armed";  // latched with nothing to cancel does not happen
        case Cancel::due:
            return "tripped";
        case Cancel::in_flight:
            return "cancelling";
        case Cancel::confirmed:
            return "confirmed";
        case Cancel::held:
            return "held";
    }
    return "?";
}

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
