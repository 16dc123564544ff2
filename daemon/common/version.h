// Which build this is, for --version and whoever reports a fault of it.
#pragma once

#include <string>

namespace scram {

extern const char* const build_version;  // "0.1.0+67.g94476cc1f": the commit

// The same, and the libraries that it runs with.
std::string versions();

}  // namespace scram
