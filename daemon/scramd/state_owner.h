// Whether what scramd keeps on the disk is its own. One start by hand as root leaves files that the
// service can neither read nor replace: its next start would know nothing, and latch everything.
#pragma once

#include <string>

#include "config/config.h"

namespace scram {

// Empty, or whose it is and the command that corrects it.
std::string foreign_state(const Config& config);

}  // namespace scram
