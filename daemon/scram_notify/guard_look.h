// One look at the status page, as far as notices are made of it.
#pragma once

#include <string>

#include "core/notice/from_page.h"

namespace scram {

// Bounded, whatever is at `path`.
GuardLook look_at_guard(const std::string& path);
// Of the JSON of a scramd that moves.
GuardLook guard_of_status(std::string_view json);

}  // namespace scram
