// The keeper's watch over the event loop, where no service manager watches it: the loop writes a
// heartbeat into a page that both processes have, and one that stays the same for too long means
// that the loop hangs, or that its process is stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "core/base/time.h"

namespace scram {

// To be made before the keeper is forked, which inherits it.
class SharedHeartbeat {
  public:
    static std::variant<std::unique_ptr<SharedHeartbeat>, std::string> make();
    ~SharedHeartbeat();
    SharedHeartbeat(const SharedHeartbeat&) = delete;
    SharedHeartbeat& operator=(const SharedHeartbeat&) = delete;

    void beat(Time now);
    Time last() const;  // Time{}: none yet

  private:
    explicit SharedHeartbeat(std::int64_t* at) : at_(at) {}
    std::int64_t* at_;
};

// Counts its own looks instead of asking a clock: where the watcher itself was stopped, as by the
// freezer of a container, nothing is held against the loop.
class LoopMonitor {
  public:
    explicit LoopMonitor(int looks_max) : looks_max_(looks_max) {}

    // True once: `looks_max` looks in a row have found the same heartbeat. A loop that has not
    // begun is not judged.
    bool is_frozen(Time heartbeat);

  private:
    int looks_max_;
    int same_looks_ = 0;
    Time last_{};
};

}  // namespace scram
