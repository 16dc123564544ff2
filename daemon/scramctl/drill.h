// scramctl drill and drills: trips as a drill, arms again, and writes a report; lists such reports.
#pragma once

#include <string>

namespace scram {

struct DrillOrder {
    std::string socket;
    std::string target;
    std::string reason;
    std::string directory = ".";  // for the report
    double wait_s = 10;           // for `verified`
    bool yes = false;             // arms again without a question, if it is verified
    bool keep_latched = false;
    bool json = false;
};

// Each returns the exit code. A drill that was refused or not confirmed leaves a report as well.
int drill_command(const DrillOrder& order);
int drills_command(const std::string& directory, bool json);

}  // namespace scram
