// Makes one socket call of this thread fail: the n-th from where a test begins to count. The calls
// themselves are in tests/unit/daemon/loop/way_hooks.cpp, and not in a build with sanitizers.
#pragma once

#include <cstddef>

namespace scram::testing {

class CallFault {
  public:
    CallFault(std::size_t nth, int error);
    ~CallFault();
    CallFault(const CallFault&) = delete;
    CallFault& operator=(const CallFault&) = delete;

    // "connect", "send" or "recv"; null: there were not so many calls.
    const char* hit() const;
};

// For the hooks. True: the call is to fail, and errno says how.
bool call_fails(const char* name);

}  // namespace scram::testing
