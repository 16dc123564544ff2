// scramctl watch: how things stand, then what happens.
#pragma once

#include <string>

namespace scram {

// Until the output can take no more, or this user may not watch; returns the exit code.
int watch_events(const std::string& socket, bool json);

}  // namespace scram
