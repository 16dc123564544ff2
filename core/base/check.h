// check(): a broken promise of our own code ends the process, in every build. The unit restarts it,
// and a restart is an event that the operator sees; going on with a broken engine is not.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace scram {

[[noreturn]] inline void check_failed(const char* promise, std::source_location at) {
    std::fprintf(stderr, "<0>scramd: check failed at %s:%u: %s\n", at.file_name(), at.line(),
                 promise);
    std::abort();
}

inline void check(bool holds, const char* promise,
                  std::source_location at = std::source_location::current()) {
    if (!holds) [[unlikely]]
        check_failed(promise, at);
}

}  // namespace scram
