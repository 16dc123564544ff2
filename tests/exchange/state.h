// GET /sim/state: all that the exchange knows, as JSON for tests, demo and bench.
#pragma once

#include <cstddef>
#include <string>

#include "tests/exchange/exchange.h"

namespace scram::okxsim {

struct WireCounts {
    std::size_t open = 0;               // connections whose handshake is done
    std::size_t total = 0;              // the same, since start
    std::size_t handshakes_failed = 0;  // since start
};

std::string state_json(const Exchange& exchange, const WireCounts& wire, Now now);

}  // namespace scram::okxsim
