// What is wrong with a config beyond its text: files that it names, and families that it leaves
// unguarded. For `scramctl check`; the daemon itself finds out by starting.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace scram {

struct ConfigFindings {
    std::vector<std::string> errors;       // scramd would not start, or not do what the file says
    std::vector<std::string> warnings;     // it would, and a person should know
    std::vector<std::string> not_checked;  // by this user, and why
};
ConfigFindings look_into(const Config& config);

// Each in a line, then the verdict.
std::string findings_text(const ConfigFindings& findings);
std::string verdict(const ConfigFindings& findings);

}  // namespace scram
