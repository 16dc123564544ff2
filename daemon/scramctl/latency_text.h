// What the daemon says of its latency, laid out for a person: a table for attempts, one for
// rehearsals.
#pragma once

#include <string>
#include <string_view>

namespace scram {

// `json` is a latency answer.
std::string latency_text(std::string_view json);

// "312 ns", "37.0 us", "2.31 ms", "1.20 s"
std::string duration_text(double ns);

}  // namespace scram
