// What the network process keeps within its reach while it runs, and what it should have lost.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "daemon/signer/protocol.h"

namespace scram {

// Gives up all files but those that a running scramd opens: its config, the system's for names and
// certificates, its journal and sockets. Threads that run already keep theirs. Returns a line for
// the log about whatever is not as it should be; or why scramd must not run like that.
std::variant<std::vector<std::string>, std::string> restrict_access(const Config& config,
                                                                    const SignerHello& signer);

}  // namespace scram
