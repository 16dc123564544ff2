// What is wrong with a config beyond its text: files that it names, and families that it leaves
// unguarded. For `scramctl check`; the daemon itself finds out by starting.
#pragma once

#include <string>

#include "config/config.h"
#include "config/findings.h"

namespace scram {

ConfigFindings look_into(const Config& config);

// Each in a line, then the verdict.
std::string findings_text(const ConfigFindings& findings);
std::string verdict(const ConfigFindings& findings);

}  // namespace scram
