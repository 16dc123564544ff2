// scramd's JSON answers, laid out for a person at a terminal.
#pragma once

#include <string>
#include <string_view>

namespace scram {

// `json` is a status answer: what fits a screen, what is wrong first; or everything.
std::string overview_text(std::string_view json);
std::string status_text(std::string_view json);
// Its head and what is latched, for who goes on watching.
std::string state_text(std::string_view json);
// `json` is the answer to a rearm without trips, or to one with them.
std::string review_text(std::string_view json);
std::string rearmed_text(std::string_view json);
// `json` is the answer to a reload.
std::string reloaded_text(std::string_view json);
// `json` is one event of a watch: "05:12:49.123 fired trip=1 family=mm-1/BTC-USD ...".
std::string event_text(std::string_view json);

}  // namespace scram
