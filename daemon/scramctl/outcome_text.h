// What came of a trip or of an arming, for a person at a terminal.
#pragma once

#include <simdjson.h>

#include <string>

namespace scram {

// The answer to a trip, the last that came; `waited`: for its outcome.
std::string trip_text(simdjson::dom::element answer, bool waited);
// The answer to a rearm without trips, to one with them, and what follows once the gates open.
std::string review_text(simdjson::dom::element answer);
std::string rearmed_text(simdjson::dom::element answer);
std::string gates_text(simdjson::dom::element answer);
// A latched family, as the review tells it.
std::string latched_text(simdjson::dom::element family);

}  // namespace scram
