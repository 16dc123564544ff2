// scramd's JSON answers, laid out for a person at a terminal.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace scram {

// Of a status answer: what fits a screen, what is wrong first; or everything.
std::string overview_text(simdjson::dom::element status);
std::string status_text(simdjson::dom::element status);
// What is wrong, a line each.
std::string troubles_text(simdjson::dom::element status);
// Its head and what is latched, for who goes on watching.
std::string state_text(simdjson::dom::element status);
// Whether a breach would fire, and why not.
std::string ready_text(simdjson::dom::element status);
std::string ready_json(simdjson::dom::element status);
// Of the answer to a reload.
// Each account's dead man's switch, a line each.
std::string dead_men_text(simdjson::dom::element answer);
std::string reloaded_text(simdjson::dom::element answer);
// `json` is one event of a watch: "05:12:49.123 fired trip=1 family=mm-1/BTC-USD ...".
std::string event_text(std::string_view json);

}  // namespace scram
