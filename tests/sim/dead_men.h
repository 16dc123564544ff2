// What the simulation knows by itself of an account's timer at the exchange, in this life of
// scramd.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/time.h"

namespace scram::sim {

struct DeadManBook {
    // What was wanted of it.
    bool ready = false;      // as scramd was told
    Time unready_until{};    // a breach would not fire, for whatever reason
    bool off = false;        // by an operator
    bool removed = false;    // by a reload
    bool stopping = false;   // a planned stop has begun ...
    bool was_ready = false;  // ... and then it was ready
    // What became of it.
    Time since{};     // from when on it is to be fed, at the latest
    Time fed{};       // when the last feed was sent that is known to be taken ...
    Time fed_told{};  // ... and was told
    int fed_for = 0;  // 0: none was since it was switched off
    bool ever = false;
    bool off_told = false;
    bool left_told = false;
    Time foreign_until{};  // another feeder was seen, and the alarm stays so long
    std::optional<std::uint32_t> last_call;

    bool runs(Time now) const {
        return fed_for > 0 && now < fed_told + std::chrono::seconds(fed_for);
    }
};

}  // namespace scram::sim
