// What is wrong with a config beyond its text.
#pragma once

#include <string>
#include <vector>

namespace scram {

struct ConfigFindings {
    std::vector<std::string> errors;       // scramd would not start, or not do what the file says
    std::vector<std::string> warnings;     // it would, and a person should know
    std::vector<std::string> not_checked;  // and why
};

}  // namespace scram
