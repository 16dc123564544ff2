// What the daemon says of its latency, laid out for a person: a table for attempts, one for
// rehearsals.
#pragma once

#include <simdjson.h>

#include <string>

namespace scram {

std::string latency_text(simdjson::dom::element answer);

// "312 ns", "37.0 us", "2.31 ms", "1.20 s"
std::string duration_text(double ns);

}  // namespace scram
